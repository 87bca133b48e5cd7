/**
 * The scripted client: sends what the steps of a case say and notes what comes back.
 */
import type { ClientStep, RequestSpec, WatchSpec } from './case-file.ts';
import { headerOf, latin1, type Pairs, Reader } from './http-text.ts';
import type { CaseBook, ScriptedUpstream } from './scripted-upstream.ts';
import type { ByteStream, Stage } from './stage.ts';
import { ConnectionReset, TlsFailure, UnexpectedEnd } from './stage.ts';

/** What the client saw of one request. */
export interface Result {
  status: number;
  headers: Pairs;
  body: string | null;
  err: string;
  readonly interim: number[];
  firstMs?: number;
  totalMs?: number;
  closedAfterMs?: number | null;
  readonly sentMs: number;
}

export type Snapshot = ReadonlyMap<string, number>;

interface Connection {
  readonly stream: ByteStream;
  readonly reader: Reader;
}
/** A connection that is kept from request to request. */
interface Kept {
  connection: Connection | null;
}

const TIMED_OUT: unique symbol = Symbol('timed out');

export class ScriptedClient {
  /** By request number. */
  readonly results = new Map<number, Result>();
  readonly snapshots = new Map<string, Snapshot>();
  readonly watches = new Map<string, (readonly [atMs: number, value: number])[]>();
  private readonly stage: Stage;
  private readonly book: CaseBook;
  private readonly upstreams: ReadonlyMap<string, ScriptedUpstream>;
  private readonly render: (text: string) => string;
  private readonly named = new Map<string, Kept>();
  private count = 0;

  constructor(
    stage: Stage,
    book: CaseBook,
    upstreams: ReadonlyMap<string, ScriptedUpstream>,
    render: (text: string) => string,
  ) {
    this.stage = stage;
    this.book = book;
    this.upstreams = upstreams;
    this.render = render;
  }

  async perform(step: ClientStep): Promise<void> {
    const { clock } = this.stage;
    if ('sleep_ms' in step) await clock.sleep(step.sleep_ms);
    else if ('at_ms' in step) {
      await clock.sleep(Math.max(0, step.at_ms - (clock.nowMs() - this.book.originMs)));
    } else if ('req' in step) await this.sendAll(step.req);
    else if ('batch' in step) await Promise.all(step.batch.map((item) => this.later(item)));
    else if ('stats' in step) await this.snapshot(step.stats);
    else if ('watch' in step) await this.watch(step.watch);
    else if ('set' in step) await this.upstreams.get(step.set.host)?.change(step.set);
    else await this.stage.writeFile(step.file.name, this.render(step.file.text));
  }

  async snapshot(label: string): Promise<void> {
    this.snapshots.set(label, await this.readStats());
  }

  closeAll(): void {
    for (const kept of this.named.values()) kept.connection?.stream.close();
  }

  private async later(item: RequestSpec): Promise<void> {
    await this.stage.clock.sleep(item.at_ms ?? 0);
    if (item.stats !== undefined) await this.snapshot(item.stats);
    else if (item.n !== undefined) await this.sendAll(item);
    else await this.send(item, item.conn === undefined ? null : this.keptOf(item.conn));
  }

  private keptOf(name: string): Kept {
    let kept = this.named.get(name);
    if (kept === undefined) this.named.set(name, (kept = { connection: null }));
    return kept;
  }

  private async sendAll(spec: RequestSpec): Promise<void> {
    const { n = 1, conc = 1, keep = true } = spec;
    if (n === 1) {
      await this.send(spec, spec.conn === undefined ? null : this.keptOf(spec.conn));
      return;
    }
    let left = n;
    const work = async () => {
      const kept: Kept | null = keep ? { connection: null } : null;
      while (left > 0) {
        left--;
        await this.send(spec, kept);
        if (spec.gap_ms) await this.stage.clock.sleep(spec.gap_ms);
      }
      kept?.connection?.stream.close();
    };
    await Promise.all(Array.from({ length: conc }, work));
  }

  private async send(spec: RequestSpec, kept: Kept | null): Promise<void> {
    const { clock } = this.stage;
    const number = ++this.count;
    if (spec.plan !== undefined) this.book.plans.set(number, spec.plan);
    const result: Result = {
      status: 0,
      headers: [],
      body: null,
      err: '',
      interim: [],
      sentMs: clock.nowMs(),
    };
    this.results.set(number, result);
    let connection = kept?.connection ?? null;
    try {
      connection ??= await this.open(spec);
      const limitMs = spec.abort_after_ms ?? spec.timeout_ms ?? 15_000;
      const isAlive = await this.within(this.exchange(spec, number, connection, result), limitMs);
      if (isAlive === TIMED_OUT) {
        result.err = spec.abort_after_ms === undefined ? 'timeout' : 'abort';
      }
      const closes = headerOf(result.headers, 'connection') === 'close';
      if (isAlive !== true || kept === null || closes) {
        if (spec.rst) connection.stream.reset();
        connection.stream.close();
        connection = null;
      }
    } catch (error) {
      if (result.err === '') result.err = errorOf(error, result);
      connection?.stream.close();
      connection = null;
    }
    result.totalMs = clock.nowMs() - result.sentMs;
    if (kept !== null) kept.connection = connection;
  }

  private async within<T>(work: Promise<T>, limitMs: number): Promise<T | typeof TIMED_OUT> {
    work.catch(() => {});
    const timeout = this.stage.clock.sleep(limitMs).then((): typeof TIMED_OUT => TIMED_OUT);
    return Promise.race<T | typeof TIMED_OUT>([work, timeout]);
  }

  private async open(spec: RequestSpec): Promise<Connection> {
    const to = spec.listener2 === true ? 'listener2' : 'listener';
    const stream = await this.stage.connect(to, spec.tls ?? null);
    return { stream, reader: new Reader(stream) };
  }

  /** @returns whether the connection may carry another request */
  private async exchange(
    spec: RequestSpec,
    number: number,
    { stream, reader }: Connection,
    result: Result,
  ): Promise<boolean> {
    const { clock } = this.stage;
    this.writeRequest(spec, number, stream);
    let status = 0;
    for (;;) {
      const head = await reader.head();
      if (head === null) {
        if (result.err === '') result.err = 'closed';
        return false;
      }
      status = Number(head.line.split(' ')[1]);
      if (status >= 200 || status === 101 || status < 100) {
        result.headers = head.headers;
        break;
      }
      result.interim.push(status);
      if (status === 100 && spec.continue_body) stream.write(latin1(spec.continue_body));
    }
    result.status = status;
    result.firstMs = clock.nowMs() - result.sentMs;
    if (status === 101) {
      stream.write(latin1('ping'));
      result.body = ((await reader.some()) ?? Buffer.alloc(0)).toString();
      return false;
    }
    if (spec.method === 'HEAD' || status === 204 || status === 304) {
      result.body = '';
      if (spec.linger_ms) {
        const more = await this.within(reader.some(), spec.linger_ms);
        if (more !== TIMED_OUT) result.body = more?.toString() ?? '';
      }
      return true;
    }
    return this.readBody(spec, { stream, reader }, result);
  }

  private async readBody(
    spec: RequestSpec,
    { reader }: Connection,
    result: Result,
  ): Promise<boolean> {
    const length = headerOf(result.headers, 'content-length');
    if (headerOf(result.headers, 'transfer-encoding') === 'chunked') {
      result.body = (await reader.chunked()).body.toString('latin1');
    } else if (length !== null) {
      result.body = (await reader.exactly(Number(length))).toString('latin1');
    } else {
      result.body = (await reader.rest()).toString('latin1');
      return false;
    }
    if (!spec.wait_close_ms) return true;
    const more = await this.within(reader.some(), spec.wait_close_ms);
    const isClosed = more !== TIMED_OUT && more === null;
    result.closedAfterMs = isClosed ? this.stage.clock.nowMs() - result.sentMs : null;
    return false;
  }

  private writeRequest(spec: RequestSpec, number: number, stream: ByteStream): void {
    if (spec.raw !== undefined) {
      stream.write(latin1(spec.raw.replaceAll('{id}', String(number))));
      return;
    }
    const numbered = (text: unknown) => String(text).replaceAll('{id}', String(number));
    const given = Array.isArray(spec.headers) ? spec.headers : Object.entries(spec.headers ?? {});
    const headers = given.flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((item) => [name, numbered(item)] as const),
    );
    const lines = [`${spec.method ?? 'GET'} ${numbered(spec.path ?? '/')} HTTP/1.1`];
    if (!headers.some(([name]) => name.toLowerCase() === 'host')) lines.push('host: case.test');
    lines.push(`x-case-req: ${number}`, ...headers.map(([name, value]) => `${name}: ${value}`));
    let body = '';
    if (spec.chunks !== undefined) {
      const bytes = spec.chunks.reduce((sum, [, text]) => sum + text.length, 0);
      lines.push(`content-length: ${bytes + (spec.missing ?? 0)}`);
    } else if (spec.body !== undefined && spec.body !== null) {
      body = String(spec.body).repeat(spec.body_times ?? 1);
      lines.push(`content-length: ${body.length}`);
    }
    stream.write(latin1(`${lines.join('\r\n')}\r\n\r\n${body}`));
    if (spec.chunks !== undefined) void this.upload(spec.chunks, stream);
  }

  private async upload(chunks: NonNullable<RequestSpec['chunks']>, stream: ByteStream) {
    for (const [delayMs, text] of chunks) {
      await this.stage.clock.sleep(delayMs);
      stream.write(latin1(text));
    }
  }

  private async watch({ stat, for_ms, every_ms = 20, label }: WatchSpec): Promise<void> {
    const { clock } = this.stage;
    const startMs = clock.nowMs();
    const transitions: (readonly [number, number])[] = [];
    this.watches.set(label, transitions);
    let last: number | null = null;
    while (clock.nowMs() - startMs < for_ms) {
      const value = statsOf(await this.stage.stats(stat)).get(stat) ?? 0;
      if (value !== last) transitions.push([clock.nowMs() - this.book.originMs, value]);
      last = value;
      await clock.sleep(every_ms);
    }
  }

  private async readStats(): Promise<Snapshot> {
    const all = statsOf(await this.stage.stats(null));
    for (const line of (await this.stage.clusters()).split('\n')) {
      const [cluster, address, name, value, ...others] = line.trim().split('::');
      if (value === undefined || others.length > 0 || !/^\d+$/.test(value)) continue;
      for (const [host, { port }] of this.upstreams) {
        if (address !== `127.0.0.1:${port}`) continue;
        all.set(`clusters.${cluster}.${host}.${name}`, Number(value));
      }
    }
    return all;
  }
}

function statsOf(text: string): Map<string, number> {
  const stats = new Map<string, number>();
  for (const line of text.split('\n')) {
    const at = line.lastIndexOf(': ');
    const value = line.slice(at + 2).trim();
    if (at > 0 && /^-?\d+$/.test(value)) stats.set(line.slice(0, at).trim(), Number(value));
  }
  return stats;
}

function errorOf(error: unknown, result: Result): string {
  if (error instanceof ConnectionReset) return 'reset';
  if (error instanceof TlsFailure) return 'tls';
  if (error instanceof UnexpectedEnd) return result.status === 0 ? 'closed' : 'truncated';
  throw error;
}
