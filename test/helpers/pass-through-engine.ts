/**
 * The smallest engine that keeps the boundary's contract: no policy, one HTTP/1 exchange per
 * connection, endpoints in turn. For tests of a driver without the real engine.
 *
 * It checks the driver as it goes: inputs must not nest, slots must be known, and every stream,
 * request and connection must end exactly once.
 */
import type {
  CloseReason,
  ConnectFailure,
  ConnectStage,
  DialPlan,
  Endpoint,
  Engine,
  Head,
  PeerFacts,
  Ports,
  ResetReason,
  Slot,
  TimerKind as TimerKindValue,
} from '../../src/core/engine.ts';
import { NO_SLOT, TimerKind } from '../../src/core/engine.ts';
import type { HeadInterner } from '../../src/core/head.ts';
import { RecordKind } from '../../src/core/records.ts';

/** Upstream slots of all engines of a run come from one of these. */
export class SharedSlots {
  private readonly free: number[] = [];
  private unused = 0;

  take(): Slot {
    return this.free.pop() ?? this.unused++;
  }
  give(slot: Slot): void {
    this.free.push(slot);
  }
  get taken(): number {
    return this.unused - this.free.length;
  }
}

export interface RunSlots {
  readonly connections: SharedSlots;
  readonly streams: SharedSlots;
}

export interface PassThroughOptions {
  readonly slots: RunSlots;
  readonly heads: HeadInterner;
  readonly endpoints: readonly Endpoint[];
  readonly plan?: Partial<DialPlan>;
  /** 0 = none; then 504. */
  readonly timeoutNs?: number;
  /** Further attempts after a failed one. */
  readonly retries?: number;
}

interface Exchange {
  readonly request: Slot;
  readonly uid: number;
  readonly head: Head;
  stream: Slot;
  connection: Slot;
  timer: number;
  attempts: number;
}

interface Connection {
  readonly endpoint: Endpoint;
  isOpen: boolean;
  isClosing: boolean;
  stream: Slot;
  /** Request that waits for it to open. */
  waiting: Slot;
}

export class PassThroughEngine implements Engine {
  /** Downstream connections open now. */
  readonly downstreams = new Map<Slot, PeerFacts>();
  readonly requests = new Map<Slot, Exchange>();
  readonly connections = new Map<Slot, Connection>();
  /** What happened, for assertions: `refused`, `reset:3`, `closed:2` … */
  readonly log: string[] = [];
  private readonly idle = new Map<Endpoint, Slot[]>();
  private readonly byStream = new Map<Slot, Exchange>();
  private readonly ports: Ports;
  private readonly options: PassThroughOptions;
  private turn = 0;
  private inTurn = false;

  constructor(ports: Ports, options: PassThroughOptions) {
    this.ports = ports;
    this.options = options;
  }

  onDownstreamOpen(connection: Slot, _listener: number, peer: PeerFacts): void {
    this.input(() => {
      this.expect(!this.downstreams.has(connection), 'a new downstream connection');
      this.downstreams.set(connection, peer);
    });
  }
  onDownstreamClosed(connection: Slot): void {
    this.input(() => {
      this.expect(this.downstreams.delete(connection), 'an open downstream connection');
    });
  }

  onRequest(request: Slot, connection: Slot, uid: number, head: Head, end: boolean): void {
    this.input(() => {
      this.expect(this.downstreams.has(connection), 'a request on an open connection');
      this.expect(!this.requests.has(request) && end, 'a new, complete request');
      const exchange: Exchange = {
        request,
        uid,
        head,
        stream: NO_SLOT,
        connection: NO_SLOT,
        timer: -1,
        attempts: 0,
      };
      this.requests.set(request, exchange);
      this.attempt(exchange);
    });
  }

  onRequestReset(request: Slot): void {
    this.input(() => {
      const exchange = this.requests.get(request);
      this.expect(exchange !== undefined, 'a reset of an open request');
      this.requests.delete(request);
      this.dropAttempt(exchange!);
      this.ports.record(RecordKind.requestDone, exchange!.uid, 0, 21);
    });
  }

  onConnected(connection: Slot): void {
    this.input(() => {
      const row = this.connections.get(connection)!;
      this.expect(!row.isOpen, 'a dialled connection');
      row.isOpen = true;
      const exchange = this.requests.get(row.waiting);
      row.waiting = NO_SLOT;
      if (exchange !== undefined && exchange.connection === connection) {
        this.send(exchange, connection, row);
      } else this.setIdle(connection, row.endpoint);
    });
  }

  onConnectFailed(connection: Slot, _stage: ConnectStage, reason: ConnectFailure): void {
    this.input(() => {
      this.log.push(`connect-failed:${reason}`);
      const row = this.connections.get(connection)!;
      this.connections.delete(connection);
      this.options.slots.connections.give(connection);
      const exchange = this.requests.get(row.waiting);
      if (exchange !== undefined && exchange.connection === connection) this.fail(exchange, 503);
    });
  }

  onConnectionClosed(connection: Slot, reason: CloseReason): void {
    this.input(() => {
      this.log.push(`closed:${reason}`);
      const row = this.connections.get(connection);
      this.expect(
        row !== undefined && row.stream === NO_SLOT,
        'a close of a known, idle connection',
      );
      this.connections.delete(connection);
      this.options.slots.connections.give(connection);
    });
  }

  onResponseHead(stream: Slot, head: Head, end: boolean): void {
    this.input(() => {
      const exchange = this.byStream.get(stream);
      this.expect(exchange !== undefined && end, 'a response to an open stream');
      this.endStream(exchange!);
      this.requests.delete(exchange!.request);
      this.ports.respondHead(exchange!.request, head, true);
      this.ports.record(RecordKind.requestDone, exchange!.uid, 0, head.status * 256);
    });
  }

  onStreamReset(stream: Slot, reason: ResetReason): void {
    this.input(() => {
      this.log.push(`reset:${reason}`);
      const exchange = this.byStream.get(stream);
      this.expect(exchange !== undefined, 'a reset of an open stream');
      const row = this.connections.get(exchange!.connection)!;
      row.isClosing = true;
      this.endStream(exchange!);
      this.fail(exchange!, 503);
    });
  }

  onTimer(kind: TimerKindValue, slot: Slot): void {
    this.input(() => {
      this.expect(kind === TimerKind.requestTimeout, 'our own timer');
      const exchange = this.requests.get(slot);
      this.expect(exchange !== undefined, 'a timer of an open request');
      exchange!.timer = -1;
      this.dropAttempt(exchange!);
      this.fail(exchange!, 504);
    });
  }

  onGoAway(connection: Slot): void {
    this.log.push('goaway');
    const row = this.connections.get(connection);
    if (row !== undefined) row.isClosing = true;
  }

  /** Closes every idle upstream connection. */
  closeIdle(): void {
    for (const [slot, row] of this.connections) {
      if (row.isOpen && row.stream === NO_SLOT && !row.isClosing) {
        row.isClosing = true;
        this.ports.closeUpstream(slot, 0);
      }
    }
  }

  private attempt(exchange: Exchange): void {
    const { endpoints, slots, plan } = this.options;
    exchange.attempts++;
    const endpoint = endpoints[this.turn++ % endpoints.length]!;
    const { timeoutNs } = this.options;
    if (timeoutNs !== undefined && timeoutNs > 0 && exchange.timer < 0) {
      const atNs = this.ports.clock.nowNs + timeoutNs;
      exchange.timer = this.ports.arm(atNs, TimerKind.requestTimeout, exchange.request);
    }
    const idle = this.idle.get(endpoint) ?? [];
    for (let known = idle.pop(); known !== undefined; known = idle.pop()) {
      const row = this.connections.get(known);
      const isFree = row?.isOpen && !row.isClosing && row.stream === NO_SLOT;
      if (row === undefined || !isFree || row.endpoint !== endpoint) continue;
      this.send(exchange, known, row);
      return;
    }
    const slot = slots.connections.take();
    this.connections.set(slot, {
      endpoint,
      isOpen: false,
      isClosing: false,
      stream: NO_SLOT,
      waiting: exchange.request,
    });
    exchange.connection = slot;
    this.ports.dial(slot, endpoint, {
      protocol: 'http1',
      tls: null,
      bufferLimitBytes: 65536,
      ...plan,
    });
  }

  private send(exchange: Exchange, slot: Slot, row: Connection): void {
    const stream = this.options.slots.streams.take();
    exchange.connection = slot;
    exchange.stream = stream;
    row.stream = stream;
    this.byStream.set(stream, exchange);
    this.ports.openStream(
      stream,
      slot,
      (exchange.uid + exchange.attempts) | 0,
      exchange.head,
      true,
    );
  }

  /** Gives the attempt under way up. */
  private dropAttempt(exchange: Exchange): void {
    if (exchange.stream !== NO_SLOT) {
      this.ports.resetStream(exchange.stream, 4);
      this.connections.get(exchange.connection)!.isClosing = true;
      this.endStream(exchange);
    } else if (exchange.connection !== NO_SLOT) {
      const row = this.connections.get(exchange.connection);
      if (row !== undefined) row.waiting = NO_SLOT;
    }
    exchange.connection = NO_SLOT;
    this.disarm(exchange);
  }

  private endStream(exchange: Exchange): void {
    const { stream } = exchange;
    this.byStream.delete(stream);
    this.options.slots.streams.give(stream);
    const row = this.connections.get(exchange.connection)!;
    row.stream = NO_SLOT;
    if (!row.isClosing) this.setIdle(exchange.connection, row.endpoint);
    exchange.stream = NO_SLOT;
    this.disarm(exchange);
  }

  private setIdle(slot: Slot, endpoint: Endpoint): void {
    const idle = this.idle.get(endpoint);
    if (idle === undefined) this.idle.set(endpoint, [slot]);
    else idle.push(slot);
  }

  private disarm(exchange: Exchange): void {
    if (exchange.timer >= 0) this.ports.disarm(exchange.timer);
    exchange.timer = -1;
  }

  private fail(exchange: Exchange, status: number): void {
    this.disarm(exchange);
    if (exchange.attempts <= (this.options.retries ?? 0)) {
      this.attempt(exchange);
      return;
    }
    this.requests.delete(exchange.request);
    this.ports.respondHead(exchange.request, this.options.heads.intern({ status }), true);
    this.ports.record(RecordKind.requestDone, exchange.uid, 0, status * 256 + 3);
  }

  private input(body: () => void): void {
    this.expect(!this.inTurn, 'inputs that do not nest');
    this.inTurn = true;
    try {
      body();
    } finally {
      this.inTurn = false;
    }
  }

  private expect(condition: boolean, what: string): void {
    if (!condition) throw new Error(`the driver broke the contract: expected ${what}`);
  }

  // Not used by a simulated world without policy.
  onDownstreamRefused(): void {}
  onDownstreamData(): void {}
  onRequestStart(): void {}
  onMalformedRequest(): void {}
  onRequestBody(): void {}
  onRequestTrailers(): void {}
  onUpstreamData(): void {}
  onStreamLimit(): void {}
  onInformational(): void {}
  onResponseBody(): void {}
  onResponseTrailers(): void {}
  onWritable(): void {}
  onConfig(): void {}
  onEndpoints(): void {}
  onPressure(): void {}
  onDrain(): void {}
  visitStats(): void {}
  visitHosts(): void {}
  pendingReason(): string | null {
    return null;
  }
}
