/**
 * HTTP fault filter: delays requests, aborts them, or both in that order.
 *
 * Whether to abort is drawn after the delay has ended and independent of it. The time a request
 * spends here is not charged to the route's timeout, which belongs to the router.
 * Source: policy-engine.md §9.1; Envoy, HTTP fault injection filter.
 */
import { Flag, RecordKind } from '../../core/records.ts';
import { MILLISECOND } from '../../core/time.ts';
import type { FaultConfig, FractionalPercent } from '../config/config.ts';
import { compileHeaderMatch, type HeadPredicate } from '../route/match.ts';
import type { FilterResult, FilterStream, HttpFilter, LocalReply } from './http-filter.ts';

/** Decisions of this filter, as indices of its draws. */
const DELAY_DRAW = 0;
const ABORT_DRAW = 1;
const PACE_DRAW = 2;

/** Values of `FilterStream.state`. */
const IDLE = 0;
const HOLDS_SLOT = 1;
/** The slot is held until the response is out. */
const HOLDS_TO_END = 2;

/** A fault configuration with what requests need of it, computed once. */
interface CompiledFault {
  readonly config: FaultConfig;
  readonly headers: readonly HeadPredicate[];
  readonly reply: LocalReply | null;
  readonly maxActiveFaults: number;
}

/** Whether a percentage strikes for a draw from [0, denominator). */
export function strikes(percent: FractionalPercent, draw: number): boolean {
  return draw < percent.numerator;
}

/** The fault filter of one listener, for its own configuration and that of its routes. */
export class FaultFilter implements HttpFilter {
  readonly name = 'envoy.filters.http.fault';
  delaysInjected = 0;
  abortsInjected = 0;
  pacesInjected = 0;
  faultsOverflow = 0;
  /** Requests that hold a slot: delayed now, or being aborted. */
  activeFaults = 0;
  private readonly own: CompiledFault | null;
  /** Routes share their configuration objects, so each is compiled once. */
  private readonly byRoute = new Map<FaultConfig, CompiledFault>();

  /** @param config the listener's; null = only routes configure faults */
  constructor(config: FaultConfig | null) {
    this.own = config === null ? null : compileFault(config);
  }

  onRequestHead(stream: FilterStream, _end: boolean): FilterResult {
    const fault = this.faultOf(stream);
    if (fault === null || !concerns(fault, stream)) return 'continue';
    this.paces(fault, stream);
    if (this.delays(fault, stream)) return 'pause';
    return this.aborts(fault, stream) ? 'pause' : 'continue';
  }

  /** The delay has ended. */
  onTimer(stream: FilterStream): void {
    const fault = this.faultOf(stream);
    if (fault !== null && this.aborts(fault, stream)) return;
    this.freeSlot(stream);
    stream.resume();
  }

  onRequestDone(stream: FilterStream): void {
    if (stream.state === HOLDS_TO_END) stream.state = HOLDS_SLOT;
    this.freeSlot(stream);
  }

  visitStats(visit: (name: string, kind: 'counter' | 'gauge', value: number) => void): void {
    visit('fault.delays_injected', 'counter', this.delaysInjected);
    visit('fault.aborts_injected', 'counter', this.abortsInjected);
    visit('fault.response_rl_injected', 'counter', this.pacesInjected);
    visit('fault.faults_overflow', 'counter', this.faultsOverflow);
    visit('fault.active_faults', 'gauge', this.activeFaults);
  }

  /** The route's configuration replaces the listener's whole. */
  private faultOf(stream: FilterStream): CompiledFault | null {
    const config = stream.routeFault();
    if (config === undefined) return this.own;
    if (config === null) return null;
    let fault = this.byRoute.get(config);
    if (fault === undefined) {
      fault = compileFault(config);
      this.byRoute.set(config, fault);
    }
    return fault;
  }

  private paces(fault: CompiledFault, stream: FilterStream): void {
    const { pace } = fault.config;
    if (pace === undefined) return;
    const { kilobytesPerSecond, percentage } = pace;
    const rate = kilobytesPerSecond ?? numberOf(stream, 'throughput-response');
    if (rate <= 0) return;
    const isAsked = kilobytesPerSecond === null;
    const share = isAsked ? shareOf(stream, 'throughput-response', percentage) : percentage;
    if (!strikes(share, stream.draw(PACE_DRAW, share.denominator))) return;
    if (!this.takeSlot(fault, stream)) return;
    this.pacesInjected += 1;
    stream.state = HOLDS_TO_END;
    stream.paceResponse(rate * BYTES_PER_KILOBYTE);
  }

  private delays(fault: CompiledFault, stream: FilterStream): boolean {
    const delay = fault.config.delay;
    if (delay === null) return false;
    const { percentage } = delay;
    const isAsked = delay.fromHeader === true;
    const share = isAsked ? shareOf(stream, 'delay-request', percentage) : percentage;
    if (!strikes(share, stream.draw(DELAY_DRAW, share.denominator))) return false;
    const delayMs = isAsked ? Math.max(0, numberOf(stream, 'delay-request')) : delay.fixedDelayMs;
    if (delayMs === 0 || !this.takeSlot(fault, stream)) return false;
    this.delaysInjected += 1;
    stream.setFlag(Flag.DI);
    stream.record(RecordKind.delayInjected, delayMs);
    stream.arm(delayMs * MILLISECOND);
    return true;
  }

  private aborts(fault: CompiledFault, stream: FilterStream): boolean {
    const { abort } = fault.config;
    if (abort === null) return false;
    const isAsked = abort.fromHeader === true;
    const { percentage } = abort;
    const share = isAsked ? shareOf(stream, 'abort', percentage) : percentage;
    if (!strikes(share, stream.draw(ABORT_DRAW, share.denominator))) return false;
    const reply = isAsked ? askedReply(stream) : fault.reply;
    if (reply === null || !this.takeSlot(fault, stream)) return false;
    this.abortsInjected += 1;
    stream.record(RecordKind.abortInjected, reply.status);
    stream.respond(reply);
    return true;
  }

  /** One slot per request, taken at its first fault. */
  private takeSlot(fault: CompiledFault, stream: FilterStream): boolean {
    if (stream.state !== IDLE) return true;
    if (this.activeFaults >= fault.maxActiveFaults) {
      this.faultsOverflow += 1;
      return false;
    }
    this.activeFaults += 1;
    stream.state = HOLDS_SLOT;
    return true;
  }

  private freeSlot(stream: FilterStream): void {
    if (stream.state !== HOLDS_SLOT) return;
    this.activeFaults -= 1;
    stream.state = IDLE;
  }
}

const BYTES_PER_KILOBYTE = 1_024;
const HEADER_PREFIX = 'x-envoy-fault-';

/** -1 = absent, or no number. */
function numberOf(stream: FilterStream, name: string): number {
  const text = stream.head.get(HEADER_PREFIX + name);
  return text === undefined || !/^\d{1,9}$/.test(text) ? -1 : Number(text);
}

/** A header may lower the configured share, in its units. */
function shareOf(stream: FilterStream, name: string, most: FractionalPercent): FractionalPercent {
  const header = `${name === 'abort' ? 'abort-request' : name}-percentage`;
  const asked = numberOf(stream, header);
  return asked < 0 || asked >= most.numerator ? most : { ...most, numerator: asked };
}

/** The abort that the request itself asks for; null = none. */
function askedReply(stream: FilterStream): LocalReply | null {
  const httpStatus = numberOf(stream, 'abort-request');
  if (httpStatus >= 200 && httpStatus <= 599) return replyOf({ httpStatus, grpcStatus: null });
  const grpcStatus = numberOf(stream, 'abort-grpc-request');
  return grpcStatus < 0 ? null : replyOf({ httpStatus: null, grpcStatus });
}

function compileFault(config: FaultConfig): CompiledFault {
  return {
    config,
    headers: config.headers.map(compileHeaderMatch),
    reply: config.abort === null ? null : replyOf(config.abort),
    maxActiveFaults: config.maxActiveFaults ?? Number.POSITIVE_INFINITY,
  };
}

/** null = neither an HTTP nor a gRPC status is configured. */
function replyOf(
  abort: Pick<NonNullable<FaultConfig['abort']>, 'httpStatus' | 'grpcStatus'>,
): LocalReply | null {
  const { httpStatus, grpcStatus } = abort;
  if (httpStatus === null && grpcStatus === null) return null;
  return {
    status: httpStatus ?? 200,
    grpcStatus: httpStatus === null ? grpcStatus : null,
    body: 'fault filter abort',
    flag: Flag.FI,
    details: 'fault_filter_abort',
  };
}

/** Whether the filter acts on this request at all; if not, nothing is drawn. */
function concerns(fault: CompiledFault, stream: FilterStream): boolean {
  const cluster = fault.config.upstreamCluster;
  if (cluster !== null && cluster !== stream.clusterName) return false;
  const { downstreamNodes } = fault.config;
  if (downstreamNodes !== undefined) {
    const node = stream.head.get('x-envoy-downstream-service-node');
    if (node === undefined || !downstreamNodes.includes(node)) return false;
  }
  for (let i = 0; i < fault.headers.length; i++) {
    if (fault.headers[i]?.(stream.head) !== true) return false;
  }
  return true;
}
