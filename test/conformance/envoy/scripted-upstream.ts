/**
 * A scripted upstream: answers each request with the behaviour that its turn has.
 */
import type { Behaviour, Script, SetSpec, UpstreamSpec } from './case-file.ts';
import { headerOf, latin1, type Pairs } from './http-text.ts';
import type { Answerer, Arrival, Attempt } from './scripted-answer.ts';
import { ScriptedHttp1 } from './scripted-http1.ts';
import { ScriptedHttp2 } from './scripted-http2.ts';
import type { ByteStream, Stage, UpstreamPort } from './stage.ts';

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

export class ScriptedUpstream implements Answerer {
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
  /** Of HTTP/2. */
  private readonly sessions = new Map<ByteStream, ScriptedHttp2>();
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
    for (const session of set.announce === undefined ? [] : this.sessions.values()) {
      session.announce(set.announce!, 0);
    }
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
        await this.speak(stream);
      }
    } catch {
      // The proxy went away, which is its right.
    } finally {
      this.streams.delete(stream);
      this.sessions.delete(stream);
      stream.close();
    }
  }

  private speak(stream: ByteStream): Promise<void> {
    const { http2 } = this.spec;
    if (http2 === undefined) return new ScriptedHttp1(stream, this.stage, this).serve();
    const session = new ScriptedHttp2(stream, http2, this.stage, this);
    this.sessions.set(stream, session);
    return session.serve();
  }

  private async speakPlain(stream: ByteStream): Promise<void> {
    await stream.read();
    stream.write(latin1('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n'));
    await this.stage.clock.sleep(200);
  }

  /** A request is here. `leave` has to follow. */
  arrive(method: string, path: string, headers: Pairs): Arrival {
    const number = Number(/^\d+$/.exec(headerOf(headers, 'x-case-req') ?? '')?.[0] ?? 0);
    const atMs = this.stage.clock.nowMs();
    const plainPath = path.split('?')[0]!;
    const behaviour = this.nextBehaviour(number, plainPath, atMs);
    const attempt: Attempt = { host: this.name, atMs, method, path, headers, body: null };
    if (!this.paths.has(plainPath)) this.note(number, attempt);
    this.openRequests++;
    this.counts.max_reqs = Math.max(this.counts.max_reqs, this.openRequests);
    return { behaviour, attempt };
  }

  leave(): void {
    this.openRequests--;
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
}

function playing(script: Script): Playing {
  return { script: [...(script.script ?? [])], fallback: script.default ?? NOTHING };
}
