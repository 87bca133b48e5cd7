/**
 * Plays the client of a story: one step after another, several requests at once where they overlap.
 */
import type { HeaderList } from '../../../src/core/engine.ts';
import { BodyMemory, BodySource, lengthOf } from './bodies.ts';
import { AUTHORITY } from './mesh-config.ts';
import type { ClientExchange, ClientListener, World } from './peers.ts';
import { printHeaders } from './scripted-upstream.ts';
import { LONG_PAUSE_MS, type Stage } from './stage.ts';
import type { SendStory, Step } from './story.ts';

/** What one request looked like from the client. */
export interface ClientSeen {
  /** `complete` or why not. */
  outcome: 'open' | 'complete' | 'cut' | 'aborted';
  status: number;
  headers: string;
  informational: number[];
  body: string;
  trailers: string;
}

const COMPARED_HEADERS = new Set([
  'x-upstream',
  'content-type',
  'connection',
  'x-envoy-overloaded',
]);

/** The one client of a story. */
export class ScriptedClient {
  /** By request id, in the order of sending. */
  readonly seen = new Map<string, ClientSeen>();
  private readonly world: World;
  private readonly stage: Stage;
  private readonly calls = new Map<string, Call>();

  constructor(world: World, stage: Stage) {
    this.world = world;
    this.stage = stage;
  }

  /** Plays all steps, then calls `done`. */
  play(steps: readonly Step[], done: () => void): void {
    const [step, ...rest] = steps;
    if (step === undefined) done();
    // The next step starts from the event loop, however deep this one ended.
    else this.perform(step, () => this.world.after(0, () => this.play(rest, done)));
  }

  private perform(step: Step, next: () => void): void {
    const { stage } = this;
    switch (step.do) {
      case 'send':
        this.send(step.request);
        next();
        break;
      case 'call':
        this.send(step.request);
        stage.when(() => this.seenOf(step.request.id).outcome !== 'open', next);
        break;
      case 'await':
        stage.when(() => this.seenOf(step.id).outcome !== 'open', next);
        break;
      case 'open':
        stage.open(step.gate);
        next();
        break;
      case 'await-upstream':
        stage.when(() => stage.upstreamRequests >= step.requests, next);
        break;
      case 'await-attempts':
        stage.when(() => stage.attempts >= step.attempts, next);
        break;
      case 'await-blocked':
        stage.when(() => this.callOf(step.id).isBlocked, next);
        break;
      case 'await-upstream-blocked':
        stage.when(() => stage.isUpstreamBlocked, next);
        break;
      case 'sleep':
        this.world.after(step.ms, next);
        break;
      case 'abort':
        this.callOf(step.id).abort();
        next();
        break;
    }
  }

  private send(story: SendStory): void {
    const seen: ClientSeen = {
      outcome: 'open',
      status: 0,
      headers: '',
      informational: [],
      body: '""',
      trailers: '',
    };
    this.seen.set(story.id, seen);
    this.calls.set(story.id, new Call(story, seen, this.world, this.stage));
  }

  private seenOf(id: string): ClientSeen {
    const seen = this.seen.get(id);
    if (seen === undefined) throw new Error(`request ${id} was not sent`);
    return seen;
  }

  private callOf(id: string): Call {
    const call = this.calls.get(id);
    if (call === undefined) throw new Error(`request ${id} was not sent`);
    return call;
  }
}

/** One request. */
class Call implements ClientListener {
  /** The proxy stopped reading. */
  isBlocked = false;
  private isSending = true;
  private pauses = 0;
  private readonly world: World;
  private readonly story: SendStory;
  private readonly seen: ClientSeen;
  private readonly stage: Stage;
  private readonly received = new BodyMemory();
  private readonly source: BodySource;
  private readonly exchange: ClientExchange;

  constructor(story: SendStory, seen: ClientSeen, world: World, stage: Stage) {
    this.story = story;
    this.seen = seen;
    this.world = world;
    this.stage = stage;
    this.source = new BodySource(story.body ?? '', story.stopsAfterBytes);
    this.exchange = world.send(
      {
        method: story.method ?? 'GET',
        path: story.path ?? '/',
        authority: story.authority ?? AUTHORITY,
        headers: headersOf(story),
        hasBody: hasBody(story),
        connection: story.connection ?? '',
      },
      this,
    );
    const { readAfter } = story;
    if (readAfter !== undefined && !stage.isOpen(readAfter)) {
      this.exchange.setReading(false);
      stage.whenOpen(readAfter, () => this.exchange.setReading(true));
    }
    if (hasBody(story)) this.send();
  }

  abort(): void {
    this.finish('aborted');
    this.exchange.abort();
  }

  onInformational(status: number): void {
    this.seen.informational.push(status);
  }

  onHead(status: number, headers: HeaderList): void {
    this.seen.status = status;
    this.seen.headers = printHeaders(headers.filter(([name]) => COMPARED_HEADERS.has(name)));
    this.stage.changed();
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
    this.isBlocked = false;
    this.pauses++;
    if (this.isSending) this.send();
  }

  private send(): void {
    if (this.seen.outcome !== 'open') return;
    for (let chunk = this.source.next(); chunk !== null; chunk = this.source.next()) {
      if (this.exchange.sendBody(chunk)) continue;
      this.watchPause(this.pauses);
      return;
    }
    if (!this.source.hasEnded) {
      this.waitForRest();
      return;
    }
    this.isSending = false;
    this.exchange.end(Object.entries(this.story.trailers ?? {}));
  }

  private waitForRest(): void {
    const { continueAfter } = this.story;
    if (continueAfter === undefined) return;
    this.stage.whenOpen(continueAfter, () => {
      this.source.goOn();
      this.send();
    });
  }

  /** A pause that lasts is the proxy's; a short one is only a full buffer on the way. */
  private watchPause(pause: number): void {
    this.world.after(LONG_PAUSE_MS, () => {
      if (pause !== this.pauses || !this.isSending) return;
      this.isBlocked = true;
      this.stage.changed();
    });
  }

  private finish(outcome: 'complete' | 'cut' | 'aborted'): void {
    if (this.seen.outcome === 'open') this.seen.outcome = outcome;
    this.stage.changed();
  }
}

/** With an announced length of 0 the request ends with its head. */
function hasBody({ body, announcesLength }: SendStory): boolean {
  return body !== undefined && !(announcesLength === true && lengthOf(body) === 0);
}

function headersOf(story: SendStory): HeaderList {
  const headers: [string, string][] = [
    ...Object.entries(story.headers ?? {}),
    ['x-story', story.id],
  ];
  if (story.announcesLength === true) {
    headers.push(['content-length', String(lengthOf(story.body ?? ''))]);
  }
  return headers;
}
