/**
 * Plays the upstreams of a story: one behaviour per request that arrives.
 */
import type { HeaderList } from '../../../src/core/engine.ts';
import { BodyMemory, BodySource, lengthOf } from './bodies.ts';
import type { UpstreamExchange, UpstreamListener, World } from './peers.ts';
import { LONG_PAUSE_MS, type Stage } from './stage.ts';
import type { Behaviour, UpstreamStory } from './story.ts';

/** What one request looked like from the upstream. */
export interface UpstreamSeen {
  readonly line: string;
  readonly headers: string;
  body: string;
  trailers: string;
  outcome: 'open' | 'complete' | 'cut';
}

const COMPARED_HEADERS = new Set(['x-envoy-attempt-count', 'x-story', 'content-length']);

/** One endpoint. */
export class ScriptedUpstream {
  readonly seen: UpstreamSeen[] = [];
  private readonly name: string;
  private readonly script: readonly Behaviour[];
  private readonly stage: Stage;
  private readonly world: Pick<World, 'after'>;

  constructor(name: string, story: UpstreamStory, stage: Stage, world: Pick<World, 'after'>) {
    this.name = name;
    this.script = story.script ?? [{}];
    this.stage = stage;
    this.world = world;
  }

  /** A request head arrived. */
  accept(exchange: UpstreamExchange): void {
    const behaviour = this.script[Math.min(this.seen.length, this.script.length - 1)] ?? {};
    const seen: UpstreamSeen = {
      line: `${exchange.method} ${exchange.authority} ${exchange.path}`,
      headers: printHeaders(exchange.headers.filter(([name]) => COMPARED_HEADERS.has(name))),
      body: '""',
      trailers: '',
      outcome: 'open',
    };
    this.seen.push(seen);
    const { stage, world } = this;
    new Performance(this.name, exchange, behaviour, seen, { stage, world }).begin();
    this.stage.upstreamRequests++;
    this.stage.changed();
  }
}

interface Surroundings {
  readonly stage: Stage;
  readonly world: Pick<World, 'after'>;
}

/** One behaviour on one request. */
class Performance implements UpstreamListener {
  private readonly name: string;
  private readonly exchange: UpstreamExchange;
  private readonly behaviour: Behaviour;
  private readonly seen: UpstreamSeen;
  private readonly stage: Stage;
  private readonly world: Pick<World, 'after'>;
  private readonly received = new BodyMemory();
  private readonly source: BodySource;
  private hasAnswered = false;
  private isSending = false;
  private pauses = 0;

  constructor(
    name: string,
    exchange: UpstreamExchange,
    behaviour: Behaviour,
    seen: UpstreamSeen,
    { stage, world }: Surroundings,
  ) {
    this.name = name;
    this.exchange = exchange;
    this.behaviour = behaviour;
    this.seen = seen;
    this.stage = stage;
    this.world = world;
    exchange.listener = this;
    this.source = new BodySource(
      behaviour.body ?? '',
      behaviour.cutAfterBytes ?? behaviour.stopsAfterBytes,
    );
  }

  begin(): void {
    const { exchange, stage, seen } = this;
    const { readAfter, answersEarly } = this.behaviour;
    if (readAfter !== undefined && !stage.isOpen(readAfter)) {
      exchange.setReading(false);
      stage.whenOpen(readAfter, () => exchange.setReading(true));
    }
    if (answersEarly === true) this.prepare();
    else
      stage.when(
        () => seen.outcome !== 'open',
        () => this.prepare(),
      );
  }

  onBody(chunk: Uint8Array): void {
    this.received.add(chunk);
    this.seen.body = this.received.toString();
  }

  onEnd(trailers: HeaderList): void {
    this.seen.trailers = printHeaders(trailers);
    this.finish('complete');
  }

  onCut(): void {
    this.finish('cut');
  }

  onWritable(): void {
    this.pauses++;
    if (this.isSending) this.send();
  }

  private finish(outcome: 'complete' | 'cut'): void {
    if (this.seen.outcome === 'open') this.seen.outcome = outcome;
    this.stage.changed();
  }

  private prepare(): void {
    const { delayMs, answerAfter } = this.behaviour;
    if (this.behaviour.neverAnswers === true || this.seen.outcome === 'cut') return;
    const proceed = () => this.stage.whenOpen(answerAfter, () => this.answer());
    if (delayMs === undefined) proceed();
    else this.world.after(delayMs, proceed);
  }

  private answer(): void {
    const { exchange, behaviour } = this;
    if (this.hasAnswered || this.seen.outcome === 'cut') return;
    this.hasAnswered = true;
    if (behaviour.resets === true) {
      exchange.cut('reset');
      return;
    }
    for (const status of behaviour.informational ?? []) exchange.sendInformational(status);
    exchange.sendHead(behaviour.status ?? 200, this.headers());
    this.isSending = true;
    this.send();
  }

  private headers(): HeaderList {
    const { behaviour } = this;
    const headers: [string, string][] = [['x-upstream', this.name]];
    headers.push(...Object.entries(behaviour.headers ?? {}));
    if (behaviour.announcesLength === true) {
      headers.push(['content-length', String(lengthOf(behaviour.body ?? ''))]);
    }
    if (behaviour.closes === true) headers.push(['connection', 'close']);
    return headers;
  }

  private send(): void {
    for (let chunk = this.source.next(); chunk !== null; chunk = this.source.next()) {
      if (this.exchange.sendBody(chunk)) continue;
      this.watchPause(this.pauses);
      return;
    }
    this.isSending = false;
    const { cutAfterBytes, stopsAfterBytes, trailers } = this.behaviour;
    if (stopsAfterBytes !== undefined) return;
    // An answer to HEAD has no body that could be cut off.
    if (cutAfterBytes !== undefined && this.exchange.method !== 'HEAD') this.exchange.cut('end');
    else this.exchange.end(Object.entries(trailers ?? {}));
  }

  /** A pause that lasts is the proxy's; a short one is only a full buffer on the way. */
  private watchPause(pause: number): void {
    this.world.after(LONG_PAUSE_MS, () => {
      if (pause !== this.pauses || !this.isSending) return;
      this.stage.isUpstreamBlocked = true;
      this.stage.changed();
    });
  }
}

export function printHeaders(headers: HeaderList): string {
  return headers
    .map(([name, value]) => `${name}: ${value}`)
    .sort()
    .join(', ');
}
