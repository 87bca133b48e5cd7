/**
 * What follows from a request's head and the configuration alone, computed before anything else.
 *
 * `listener-state.ts` makes one per request from a socket and one per shape of interned heads, so
 * that in a simulation routing, time limits, retry rules and the head to send are array look-ups.
 * Invariant: a plan never changes; a new configuration makes new plans for new requests.
 * Source: policy-engine.md §0.4, 1.2, 2.1, 8.1.
 */
import type {
  Endpoint,
  Head,
  HeadEdits,
  HeaderList,
  LbMetadata,
  PeerFacts,
  Slot,
} from '../../core/engine.ts';
import { isGrpc } from '../../core/head.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Priority } from '../cluster/cluster.ts';
import type {
  ForwardAction,
  ListenerConfig,
  MirrorPolicy,
  RouteConfig,
  VirtualHostConfig,
} from '../config/config.ts';
import type { HeaderAddition } from '../config/rewriting.ts';
import {
  CONTROL_HEADERS,
  RETRY_CONTROL_HEADERS,
  TIMEOUT_CONTROL_HEADERS,
} from '../policy/control-headers.ts';
import type { RetryRules } from '../policy/retry.ts';
import { RetryCondition, withRetryHeaders } from '../policy/retry.ts';
import {
  EffectiveTimeouts,
  effectiveTimeouts,
  expectedTimeoutMs,
  grpcDeadlineMs,
} from '../policy/timeout.ts';
import { HeaderEditor } from '../route/header-mutations.ts';
import { headerValues } from '../route/match.ts';
import type { RequestHash } from '../route/request-hash.ts';
import { addressOf, redirectLocation } from '../route/rewrite.ts';
import type { RouteEdits } from '../route/route-edits.ts';
import type { CompiledRoute } from '../route/route-table.ts';
import type { TrafficSplit } from '../route/traffic-split.ts';
import type { HttpStats } from './stats.ts';
import type { StreamIdleQueue } from './stream-idle.ts';

/** The request table has 16 bits for attempts. */
const MOST_RETRIES = 65_534;
/** 24 days: `armAfter` takes an int32. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** Why a request is answered before any filter runs. */
export type Refusal = 'none' | 'upgrade' | 'no-host' | 'bad-path';

/** The filters of a listener, as the rest of the engine calls them (`filter-chain.ts`). */
export interface RequestFilters {
  /** @returns whether all filters let the request pass; if not, one of them holds or ended it */
  start(request: Slot, end: boolean): boolean;
  /** The timer of the filter that holds the request. */
  onTimer(request: Slot): void;
  /** @param status of the answer; 0 = it was not answered to the end */
  onRequestDone(request: Slot, status: number): void;
  visitStats(visit: (name: string, kind: 'counter' | 'gauge', value: number) => void): void;
}

/** The listener a request came in by, as plans know it (`listener-state.ts`). */
export interface PlanListener {
  readonly id: number;
  readonly config: ListenerConfig;
  readonly stats: HttpStats;
  /** null = no stream idle timeout. */
  readonly idle: StreamIdleQueue | null;
}

/** What a plan is made from. */
export interface PlanInput {
  readonly head: Head;
  readonly route: CompiledRoute | null;
  /** Those the route may choose, in its order; null = there is none of that name. */
  readonly clusters: readonly (Cluster | null)[];
  readonly listener: PlanListener;
  readonly filters: RequestFilters;
  readonly hasFilters: boolean;
  /** Position of the cluster in a split whose clusters differ in more than weight; -1 = none. */
  readonly variant?: number;
  /** In place of the listener's; null = off. */
  readonly idle: StreamIdleQueue | null;
  /** Whether the table decides about shares of requests. */
  readonly sharesDraw: boolean;
}

export class RequestPlan {
  /** As it arrived. */
  readonly head: Head;
  readonly route: CompiledRoute | null;
  /** null unless the route forwards. */
  readonly forward: ForwardAction | null;
  /** The only cluster of the route; null when it does not exist or there are several. */
  readonly cluster: Cluster | null;
  /** Those the route may choose, in its order; null = there is none of that name. */
  readonly clusters: readonly (Cluster | null)[];
  readonly listener: PlanListener;
  /** `listener.stats`. */
  readonly stats: HttpStats;
  readonly listenerId: number;
  /** null = one cluster or none. */
  readonly split: TrafficSplit | null;
  /** What chooses among the clusters of the split; -1 = a draw. */
  readonly splitValue: number;
  /** Whether the host becomes the name of the chosen endpoint. */
  readonly takesHostname: boolean;
  /** Whether that draw is the one that decides about all shares of requests. */
  readonly sharesDraw: boolean;
  /** Whether downstream connections have an idle timeout. */
  readonly marksIdle: boolean;
  /** Place of the route in its table; -1 = no route. */
  readonly routeIndex: number;
  /** null = no stream idle timeout. */
  readonly idle: StreamIdleQueue | null;
  readonly filters: RequestFilters;
  /** false: asking `filters` would change nothing. */
  readonly hasFilters: boolean;
  readonly priority: Priority;
  readonly refusal: Refusal;
  /** null = nothing is retried. */
  readonly retry: RetryRules | null;
  readonly numRetries: number;
  /** Responses below 400 are never retried, so their heads need no look. */
  readonly retriesErrorsOnly: boolean;
  readonly timeouts: EffectiveTimeouts;
  /** 0 = off, as the next two. */
  readonly routeTimeoutMs: number;
  readonly perTryTimeoutMs: number;
  readonly perTryIdleTimeoutMs: number;
  readonly isGrpc: boolean;
  readonly isHeadMethod: boolean;
  /** A timeout answers 204: the client sent `x-envoy-upstream-rq-timeout-alt-response`. */
  readonly timeoutStatus: 204 | 504;
  /** What attempt 1 sends. */
  readonly firstHead: Head;
  /** Headers say that the request leaves HTTP/1 behind. */
  readonly isUpgrade: boolean;
  /** From the request's start to the end of its response; -1 = off. */
  readonly maxDurationMs: number;
  /** null = requests are not copied. */
  readonly mirrors: readonly MirrorPolicy[] | null;
  /** Whether hosts are picked with a `HostWish`. */
  readonly hasWish: boolean;
  /** The subset that its hosts come from; null = any. */
  readonly metadataMatch: LbMetadata | null;
  /** Whether a response may have to carry cookies by which requests are hashed. */
  readonly makesCookies: boolean;
  private hasher: RequestHash | null;
  private hash: bigint | null;
  /** What a redirect or a direct response says in `location`; '' = nothing. */
  readonly location: string;
  /** Whether answers of our own need `replyHead`. */
  readonly changesReplies: boolean;
  /** By cluster of the split, where clusters differ in more than weight; null = they do not. */
  private readonly variants: (RequestPlan | undefined)[] | null;
  private readonly input: PlanInput;
  private readonly edits: RouteEdits | null;
  /** `head` without what the router consumed; with what the route changes, once that is done. */
  private plainHead: Head;
  private readonly retryHeads: Map<number, Head>;
  /** By attempt, so that interned response heads know their edits again. */
  private readonly countEdits: (HeadEdits | undefined)[] | null;

  constructor(input: PlanInput) {
    const { head, route, listener } = input;
    const honours =
      listener.config.clientTrust === undefined
        ? listener.config.honoursControlHeaders
        : head.get('x-envoy-internal') === 'true';
    const action = route?.config.action;
    this.head = head;
    this.route = route;
    this.forward = action?.kind === 'forward' ? action : null;
    this.clusters = input.clusters;
    this.cluster = input.clusters.length === 1 ? input.clusters[0]! : null;
    this.listener = listener;
    this.stats = listener.stats;
    this.listenerId = listener.id;
    this.marksIdle = listener.config.downstreamIdleTimeoutMs > 0;
    const { variant = -1 } = input;
    this.split = route === null || variant >= 0 ? null : route.split;
    this.splitValue = this.split === null ? -1 : chosenBy(this.forward!, head, this.split, route!);
    this.sharesDraw = input.sharesDraw;
    this.takesHostname = this.forward?.takesHostname === true;
    this.routeIndex = route === null ? -1 : route.index;
    this.idle = input.idle;
    this.filters = input.filters;
    this.hasFilters = input.hasFilters;
    this.priority = this.forward?.priority === 'high' ? Priority.high : Priority.default;
    this.isUpgrade = head.upgrade !== '' && allowsUpgrade(head, listener.config, this.forward);
    this.refusal = refusalOf(head, this.isUpgrade);
    this.timeouts = new EffectiveTimeouts();
    let retry = route?.retry ?? null;
    if (this.forward !== null) {
      effectiveTimeouts(this.forward, head, honours, this.timeouts);
      if (honours) retry = withRetryHeaders(retry, head);
      if (retry !== null && !isRetriable(retry, head)) retry = null;
      if (this.forward.streamDuration !== undefined) this.timeouts.routeMs = 0;
    }
    this.maxDurationMs = durationOf(listener.config, this.forward, head);
    const chosen = variant < 0 ? undefined : this.forward?.clusters[variant]?.metadataMatch;
    const wanted = { ...this.forward?.metadataMatch, ...chosen };
    this.metadataMatch = Object.keys(wanted).length === 0 ? null : wanted;
    this.hasWish = this.metadataMatch !== null || wantsOtherHosts(retry);
    this.mirrors = this.mirrorsOf();
    this.retry = retry;
    this.numRetries = retry === null ? 0 : Math.min(retry.numRetries, MOST_RETRIES);
    this.retriesErrorsOnly = retry === null || (retry.conditions & LOOK_AT_ALL) === 0;
    this.routeTimeoutMs = Math.min(this.timeouts.routeMs, LONGEST_TIMER_MS);
    this.perTryTimeoutMs = Math.min(this.timeouts.perTryMs, LONGEST_TIMER_MS);
    this.perTryIdleTimeoutMs = Math.min(this.timeouts.perTryIdleMs, LONGEST_TIMER_MS);
    this.isGrpc = isGrpc(head);
    this.isHeadMethod = head.method === 'HEAD';
    const wantsAlternative = head.get('x-envoy-upstream-rq-timeout-alt-response') !== undefined;
    this.timeoutStatus = honours && wantsAlternative ? 204 : 504;
    this.plainHead = withoutControlHeaders(head, honours);
    this.retryHeads = new Map();
    const { includeAttemptCountInResponse } = route?.virtualHost ?? COUNTS_NOTHING;
    this.countEdits = includeAttemptCountInResponse ? [] : null;
    this.input = input;
    this.variants = variant < 0 && route !== null && route.variants !== null ? [] : null;
    this.edits = variant < 0 ? (route?.edits ?? null) : route!.variants![variant]!.edits;
    this.firstHead = this.makeFirstHead();
    this.location = route === null ? '' : locationOf(head, route.config);
    this.changesReplies = this.location !== '' || this.edits?.changesResponses === true;
    this.hasher = null;
    this.hash = null;
    this.makesCookies = route?.hash?.makesCookies === true || haveCookies(input.clusters);
  }

  /** A cluster's own policies take the place of the route's. */
  private mirrorsOf(): readonly MirrorPolicy[] | null {
    const given = this.cluster?.config.mirrors ?? this.forward?.mirrors;
    return given === undefined || given.length === 0 ? null : given;
  }

  /** Routes change heads once; attempts after the first differ from that in their own headers only. */
  private makeFirstHead(): Head {
    const first = this.headFor(1, 0, false);
    if (this.edits === null || this.forward === null) return first;
    this.plainHead = this.edits.request(first);
    this.retryHeads.clear();
    return this.plainHead;
  }

  /** The plan of requests for one cluster of a split; this one, where clusters differ in weight only. */
  variantOf(index: number): RequestPlan {
    if (this.variants === null) return this;
    let plan = this.variants[index];
    if (plan === undefined) {
      const cluster = this.clusters[index]!;
      plan = new RequestPlan({ ...this.input, clusters: [cluster], variant: index });
      this.variants[index] = plan;
    }
    return plan;
  }

  /** With the name of the endpoint as host, where the route wants that. */
  headTo(head: Head, { hostname, address }: Endpoint): Head {
    if (hostname === address) return head;
    return head.with({ authority: hostname, set: [['x-envoy-original-host', head.authority]] });
  }

  /** What goes downstream of an answer of our own. */
  replyHead(head: Head, isForRoute: boolean): Head {
    const located =
      isForRoute && this.location !== ''
        ? head.with({ append: [['location', this.location]] })
        : head;
    return this.edits === null ? located : this.edits.response(located, this.firstHead, 0);
  }

  /**
   * The hash of all requests of this plan, computed once.
   *
   * @param hasher that does not read the connection
   */
  hashBy(hasher: RequestHash): bigint | null {
    if (this.hasher !== hasher) {
      this.hasher = hasher;
      this.hash = hasher.of(this.firstHead, NO_PEER, []);
    }
    return this.hash;
  }

  get virtualHost(): VirtualHostConfig | null {
    return this.route === null ? null : this.route.virtualHost;
  }

  /**
   * The head that an attempt sends.
   *
   * @param attempt from 1
   * @param elapsedMs since the request was fully received; 0 before that and for attempt 1
   * @param afterTimeout whether the attempt before it ran into its per-try timeout
   */
  headFor(attempt: number, elapsedMs: number, afterTimeout: boolean): Head {
    const expectedMs = this.forward === null ? 0 : expectedTimeoutMs(this.timeouts, elapsedMs);
    const host = this.virtualHost;
    const counts = host?.includeRequestAttemptCount === true;
    const tells = host?.includeIsTimeoutRetryHeader === true && attempt > 1;
    if (expectedMs === 0 && !counts && !tells) return this.plainHead;
    // Attempts that differ in nothing share a key, and so a head.
    const attemptKey = counts ? attempt : 0;
    const toldKey = tells ? (afterTimeout ? 2 : 1) : 0;
    const key = (expectedMs * 3 + toldKey) * 65_536 + attemptKey;
    const known = this.retryHeads.get(key);
    if (known !== undefined) return known;
    const set: [string, string][] = [];
    if (expectedMs > 0) set.push(['x-envoy-expected-rq-timeout-ms', String(expectedMs)]);
    if (counts) set.push(['x-envoy-attempt-count', String(attempt)]);
    if (tells) set.push(['x-envoy-is-timeout-retry', String(afterTimeout)]);
    const made = this.plainHead.with({ set });
    this.retryHeads.set(key, made);
    return made;
  }

  /** What goes downstream of an upstream's response head. */
  responseHead(head: Head, attempt: number): Head {
    if (this.countEdits === null && this.edits === null) return head;
    const { edits, countEdits } = this;
    const edited = edits === null ? head : edits.response(head, this.firstHead, head.status);
    return countEdits === null ? edited : this.withCount(edited, attempt, countEdits);
  }

  /** A head of an attempt with what filters added. */
  headWith(head: Head, additions: readonly HeaderAddition[]): Head {
    const editor = HeaderEditor.of([{ remove: [], add: additions }]);
    if (editor === null) return head;
    const routeName = this.route?.config.name ?? '';
    const context = { request: head, response: null, responseCode: 0, routeName };
    return head.with(editor.editsFor(head, context));
  }

  private withCount(head: Head, attempt: number, known: (HeadEdits | undefined)[]): Head {
    let edits = known[attempt];
    if (edits === undefined) {
      edits = { set: [['x-envoy-attempt-count', String(attempt)]] };
      known[attempt] = edits;
    }
    return head.with(edits);
  }
}

/** By a header or by the hash of the request; -1 = neither is there, so it is drawn. */
function chosenBy(
  { splitBy }: ForwardAction,
  head: Head,
  split: TrafficSplit,
  { hash }: CompiledRoute,
): number {
  if (splitBy === undefined) return -1;
  if (splitBy.kind === 'header') {
    const values = headerValues(head, splitBy.name);
    const [text = ''] = values;
    if (values.length !== 1 || !/^\d{1,20}$/.test(text)) return -1;
    return Number(BigInt(text) % BigInt(split.totalWeight));
  }
  const value = hash === null || hash.readsConnection ? null : hash.of(head, NO_PEER, []);
  return value === null ? -1 : Number(value % BigInt(split.totalWeight));
}

/** Conditions that may hold for a response of any status. */
const LOOK_AT_ALL =
  RetryCondition.retriableStatusCodes |
  RetryCondition.retriableHeaders |
  RetryCondition.envoyRateLimited |
  RetryCondition.cancelled |
  RetryCondition.deadlineExceeded |
  RetryCondition.internal |
  RetryCondition.resourceExhausted |
  RetryCondition.unavailable;

/** For hashes that do not read it. */
const NO_PEER: PeerFacts = {
  tls: false,
  validated: false,
  sans: [],
  serverName: null,
  protocol: 'http1',
  remoteAddress: '',
  localAddress: '',
};

const COUNTS_NOTHING = { includeAttemptCountInResponse: false };

function haveCookies(clusters: readonly (Cluster | null)[]): boolean {
  for (const cluster of clusters) if (cluster?.hash?.makesCookies === true) return true;
  return false;
}

function locationOf(head: Head, { action, match }: RouteConfig): string {
  if (action.kind === 'redirect') return redirectLocation(head, action, match.path);
  if (action.kind === 'forward') return '';
  const isElsewhere = action.status === 201 || (action.status >= 300 && action.status < 400);
  return isElsewhere ? addressOf(head) : '';
}

function allowsUpgrade(head: Head, listener: ListenerConfig, forward: ForwardAction | null) {
  const type = head.upgrade.toLowerCase();
  return forward?.upgrades?.get(type) ?? listener.upgrades?.includes(type) ?? false;
}

/** Source: policy-engine.md §1.1, 1.2 (gRPC deadlines with the newer timeouts). */
function durationOf(listener: ListenerConfig, forward: ForwardAction | null, head: Head): number {
  const own = listener.maxStreamDurationMs ?? 0;
  const duration = forward?.streamDuration;
  if (duration === undefined) return own === 0 ? -1 : own;
  const { grpcHeaderMaxMs, grpcHeaderOffsetMs, maxMs } = duration;
  if (grpcHeaderMaxMs !== null && head.get('grpc-timeout') !== undefined) {
    const asked = grpcDeadlineMs(head);
    const capped = grpcHeaderMaxMs === 0 ? asked : Math.min(asked, grpcHeaderMaxMs);
    return grpcHeaderOffsetMs < capped ? capped - grpcHeaderOffsetMs : 0;
  }
  const limit = maxMs ?? own;
  return limit === 0 ? -1 : limit;
}

function isRetriable({ requestMatches }: RetryRules, head: Head): boolean {
  return requestMatches.length === 0 || requestMatches.some((matches) => matches(head));
}

function wantsOtherHosts(retry: RetryRules | null): boolean {
  return retry !== null && (retry.priorityUpdateFrequency > 0 || retry.omitsCanaries);
}

function refusalOf(head: Head, isUpgrade: boolean): Refusal {
  if (head.authority === '') return 'no-host';
  if (head.path.includes('#')) return 'bad-path';
  return head.upgrade === '' || isUpgrade ? 'none' : 'upgrade';
}

function withoutControlHeaders(head: Head, honours: boolean): Head {
  const consumed = honours ? CONSUMED_HEADERS : CONTROL_HEADERS;
  const remove = consumed.filter((name) => hasHeader(head.headers, name));
  return remove.length === 0 ? head : head.with({ remove });
}

const CONSUMED_HEADERS = [...RETRY_CONTROL_HEADERS, ...TIMEOUT_CONTROL_HEADERS];

function hasHeader(headers: HeaderList, name: string): boolean {
  return headers.some(([key]) => key === name);
}
