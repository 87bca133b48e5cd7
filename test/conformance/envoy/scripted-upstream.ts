/**
 * A scripted upstream: answers each request with the behaviour that its turn has.
 */
import type { Behaviour, Script, SetSpec, UpstreamSpec } from './case-file.ts';
import { headerOf, latin1, type Pairs, Reader } from './http-text.ts';
import type { ByteStream, Stage, UpstreamPort } from './stage.ts';

/** One attempt as an upstream saw it. */
export interface Attempt {
  readonly host: string;
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Pairs;
  body: string | null;
}

/** What all upstreams of a case share. */
export interface CaseBook {
  /** When the proxy was ready. */
  originMs: number;
  /** By request number. */
  readonly attempts: Map<number, Attempt[]>;
  readonly plans: Map<number, readonly Behaviour[]>;
}

interface Playing {
  script: Behaviour[];
  fallback: Behaviour;
}

const NOTHING: Behaviour = {};

export class ScriptedUpstream {
  readonly name: string;
  readonly counts = { reqs: 0, conns: 0, max_conns: 0, max_reqs: 0 };
  /** Times of arrival by path that has a script of its own, ms since the origin. */
  readonly pathTimes = new Map<string, number[]>();
  private readonly spec: UpstreamSpec;
  private readonly stage: Stage;
  private readonly book: CaseBook;
  private readonly main: Playing;
  private readonly paths = new Map<string, Playing>();
  private readonly streams = new Set<ByteStream>();
  private openRequests = 0;
  private at: UpstreamPort | null = null;

  constructor(name: string, spec: UpstreamSpec, stage: Stage, book: CaseBook) {
    this.name = name;
    this.spec = spec;
    this.stage = stage;
    this.book = book;
    this.main = playing(spec);
    for (const [path, script] of Object.entries(spec.paths ?? {})) {
      this.paths.set(path, playing(script ?? {}));
    }
  }

  get port(): number {
    return this.at?.port ?? 0;
  }

  async start(): Promise<void> {
    const { refuse, blackhole, tls } = this.spec;
    const plan = { refuses: refuse === true, isBlackhole: blackhole === true, tls: tls ?? null };
    this.at = await this.stage.addUpstream(plan, (stream) => this.serve(stream));
  }

  async change(set: SetSpec): Promise<void> {
    if (set.default !== undefined) {
      this.main.fallback = set.default;
      this.main.script = [];
    }
    if (set.script !== undefined) this.main.script = [...set.script];
    for (const [path, script] of Object.entries(set.paths ?? {})) {
      this.paths.set(path, playing(script));
    }
    if (set.listen === true) await this.at?.listen();
    if (set.drop_conns === true) for (const stream of [...this.streams]) stream.close();
  }

  stop(): void {
    for (const stream of [...this.streams]) stream.reset();
    this.at?.close();
  }

  private async serve(stream: ByteStream): Promise<void> {
    this.counts.conns++;
    this.streams.add(stream);
    this.counts.max_conns = Math.max(this.counts.max_conns, this.streams.size);
    try {
      if (this.spec.on_accept === 'plain') await this.speakPlain(stream);
      else if (this.spec.on_accept === 'reset') stream.reset();
      else if (this.spec.on_accept !== 'close') {
        const reader = new Reader(stream);
        while (await this.serveOne(stream, reader));
      }
    } catch {
      // The proxy went away, which is its right.
    } finally {
      this.streams.delete(stream);
      stream.close();
    }
  }

  private async speakPlain(stream: ByteStream): Promise<void> {
    await stream.read();
    stream.write(latin1('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n'));
    await this.stage.clock.sleep(200);
  }

  /** @returns whether another request may follow */
  private async serveOne(stream: ByteStream, reader: Reader): Promise<boolean> {
    const head = await reader.head();
    if (head === null) return false;
    const [method = '', path = ''] = head.line.split(' ');
    const number = Number(/^\d+$/.exec(headerOf(head.headers, 'x-case-req') ?? '')?.[0] ?? 0);
    const atMs = this.stage.clock.nowMs();
    const behaviour = this.nextBehaviour(number, path.split('?')[0]!, atMs);
    const attempt: Attempt = {
      host: this.name,
      atMs,
      method,
      path,
      headers: head.headers,
      body: null,
    };
    if (!this.paths.has(path.split('?')[0]!)) this.note(number, attempt);
    this.openRequests++;
    this.counts.max_reqs = Math.max(this.counts.max_reqs, this.openRequests);
    try {
      if (behaviour.accept_continue && headerOf(head.headers, 'expect') === '100-continue') {
        stream.write(latin1('HTTP/1.1 100 Continue\r\n\r\n'));
      }
      if (behaviour.early !== true) attempt.body = await readBody(reader, head.headers);
      return await this.reply(stream, reader, behaviour, method, head.headers);
    } finally {
      this.openRequests--;
    }
  }

  private note(number: number, attempt: Attempt): void {
    const known = this.book.attempts.get(number);
    if (known === undefined) this.book.attempts.set(number, [attempt]);
    else known.push(attempt);
  }

  private nextBehaviour(number: number, path: string, atMs: number): Behaviour {
    this.counts.reqs++;
    const special = this.paths.get(path);
    if (special !== undefined) {
      const times = this.pathTimes.get(path) ?? [];
      times.push(atMs - this.book.originMs);
      this.pathTimes.set(path, times);
      return special.script.shift() ?? special.fallback;
    }
    const plan = this.book.plans.get(number);
    if (plan !== undefined && plan.length > 0) {
      const made = this.book.attempts.get(number)?.length ?? 0;
      return plan[Math.min(made, plan.length - 1)]!;
    }
    return this.main.script.shift() ?? this.main.fallback;
  }

  private async reply(
    stream: ByteStream,
    reader: Reader,
    b: Behaviour,
    method: string,
    request: Pairs,
  ): Promise<boolean> {
    const { clock } = this.stage;
    if (b.delay_ms !== undefined && b.delay_ms > 0) await clock.sleep(b.delay_ms);
    if (b.hang) {
      await stream.read();
      return false;
    }
    if (b.reset === 'before') {
      stream.reset();
      return false;
    }
    if (b.close === 'before') return false;
    if (b.raw !== undefined) {
      stream.write(latin1(b.raw));
      if (b.raw_hold) await stream.read();
      return false;
    }
    for (const status of b.interim ?? []) {
      stream.write(latin1(`HTTP/1.1 ${status} Early\r\nx-interim: ${status}\r\n\r\n`));
      await clock.sleep(20);
    }
    const status = b.status ?? 200;
    const body = latin1(String(b.body ?? 'ok').repeat(b.body_times ?? 1));
    const isBroken = b.reset !== undefined || b.close !== undefined || b.body_hang === true;
    const isBodiless = status === 204 || status === 304 || status < 200;
    stream.write(latin1(this.headText(b, status, body.length, request)));
    if (status === 101) return echo(stream, reader);
    if (b.reset === 'after_headers' || b.close === 'after_headers') {
      await clock.sleep(b.then_ms ?? 50);
      if (b.reset !== undefined) stream.reset();
      return false;
    }
    if (method !== 'HEAD' && !isBodiless) await this.writeBody(stream, b, body);
    if (isBroken) {
      if (b.body_hang) await stream.read();
      else {
        await clock.sleep(b.then_ms ?? 50);
        if (b.reset !== undefined) stream.reset();
      }
      return false;
    }
    return b.conn_close !== true && b.close_after !== true;
  }

  private headText(b: Behaviour, status: number, bytes: number, request: Pairs): string {
    const lines = [`HTTP/1.1 ${status} S`, `x-host: ${this.name}`];
    for (const [name, value] of Object.entries(b.headers ?? {})) {
      const values = Array.isArray(value) ? value : [value];
      for (const item of values) lines.push(`${name}: ${item}`);
    }
    const nowSeconds = Math.floor(this.stage.clock.wallMs() / 1_000);
    for (const [name, seconds] of Object.entries(b.rel_headers ?? {})) {
      lines.push(`${name}: ${nowSeconds + Math.trunc(seconds)}`);
    }
    const isBroken = b.reset !== undefined || b.close !== undefined || b.body_hang === true;
    if (status === 101) {
      lines.push('connection: upgrade', `upgrade: ${headerOf(request, 'upgrade') ?? 'websocket'}`);
    } else if (status !== 204 && status !== 304 && status >= 200) {
      const isChunked = b.trailers !== undefined || b.slow_body !== undefined;
      lines.push(
        isChunked
          ? 'transfer-encoding: chunked'
          : `content-length: ${bytes + (isBroken ? 100 : 0)}`,
      );
    }
    if (b.conn_close) lines.push('connection: close');
    return `${lines.join('\r\n')}\r\n\r\n`;
  }

  private async writeBody(stream: ByteStream, b: Behaviour, body: Buffer): Promise<void> {
    if (b.slow_body !== undefined) {
      for (let i = 0; i < b.slow_body.chunks; i++) {
        await this.stage.clock.sleep(b.slow_body.gap_ms);
        stream.write(latin1('3\r\nabc\r\n'));
      }
      stream.write(latin1('0\r\n\r\n'));
    } else if (b.trailers !== undefined) {
      stream.write(latin1(`${body.length.toString(16)}\r\n`));
      stream.write(body);
      const lines = Object.entries(b.trailers).map(([name, value]) => `${name}: ${value}\r\n`);
      stream.write(latin1(`\r\n0\r\n${lines.join('')}\r\n`));
    } else stream.write(body);
  }
}

function playing(script: Script): Playing {
  return { script: [...(script.script ?? [])], fallback: script.default ?? NOTHING };
}

async function readBody(reader: Reader, headers: Pairs): Promise<string> {
  if (headerOf(headers, 'transfer-encoding') === 'chunked') {
    return (await reader.chunked()).body.toString('latin1');
  }
  const length = Number(headerOf(headers, 'content-length') ?? 0);
  return length === 0 ? '' : (await reader.exactly(length)).toString('latin1');
}

async function echo(stream: ByteStream, reader: Reader): Promise<boolean> {
  for (let bytes = await reader.some(); bytes !== null; bytes = await reader.some()) {
    stream.write(Buffer.concat([latin1('echo:'), bytes]));
  }
  return false;
}
