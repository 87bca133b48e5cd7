/**
 * What follows from a request's head and the configuration alone, computed before anything else.
 *
 * `listener-state.ts` makes one per request from a socket and one per shape of interned heads, so
 * that in a simulation routing, time limits, retry rules and the head to send are array look-ups.
 * Invariant: a plan never changes; a new configuration makes new plans for new requests.
 * Source: policy-engine.md §0.4, 1.2, 2.1, 8.1.
 */
import type { Endpoint, Head, HeadEdits, LbMetadata } from '../../core/engine.ts';
import { isGrpc } from '../../core/head.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Priority } from '../cluster/cluster.ts';
import type { Host } from '../cluster/host.ts';
import type {
  FaultConfig,
  ForwardAction,
  MirrorPolicy,
  RouteFilters,
  VirtualHostConfig,
} from '../config/config.ts';
import { ENVOY } from '../config/defaults.ts';
import type { HeaderAddition } from '../config/rewriting.ts';
import {
  ALTERNATIVE_HEADER,
  CONTROL_HEADERS,
  HEDGE_HEADER,
  parseUnsigned,
  RETRY_CONTROL_HEADERS,
  STREAM_DURATION_HEADER,
} from '../policy/control-headers.ts';
import type { RetryRules } from '../policy/retry.ts';
import { RetryCondition } from '../policy/retry.ts';
import { EffectiveTimeouts, effectiveTimeouts } from '../policy/timeout.ts';
import { HeaderEditor } from '../route/header-mutations.ts';
import type { RequestHash } from '../route/request-hash.ts';
import type { EditFacts, RouteEdits } from '../route/route-edits.ts';
import type { CompiledRoute } from '../route/route-table.ts';
import type { TrafficSplit } from '../route/traffic-split.ts';
import { AttemptHeads, whatAttemptsTell } from './attempt-heads.ts';
import { type ClusterChoice, choiceOf } from './cluster-draw.ts';
import { type CodeCharges, NO_CHARGES } from './code-charges.ts';
import type { PlanInput, PlanListener, RequestFilters } from './plan-input.ts';
import {
  allowsUpgrade,
  chosenBy,
  filterConfigsOf,
  locationOf,
  NO_PEER,
  routeFaultOf,
} from './route-choice.ts';
import {
  consumedHeaders,
  durationOf,
  hedgesOn,
  LONGEST_TIMER_MS,
  PLAIN_ROUTER,
  retryRulesOf,
  strictFailureOf,
  withDeadline,
  withoutHeaders,
} from './router-headers.ts';
import type { HttpStats } from './stats.ts';
import type { StreamIdleQueue } from './stream-idle.ts';

/** The request table has 16 bits for attempts. */
const MOST_RETRIES = 65_534;

/** Why a request is answered before any filter runs. */
export type Refusal = 'none' | 'upgrade' | 'no-host' | 'bad-path';

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
  /** Whether its answer counts among those of the listener. */
  readonly isCounted: boolean;
  /** What counts it beside its cluster; null = nothing. */
  readonly charges: CodeCharges | null;
  readonly listenerId: number;
  /** null = one cluster or none. */
  readonly split: TrafficSplit | null;
  /** What retries choose among anew; null = they stay in their cluster. */
  readonly refresh: ClusterChoice | null;
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
  /** Whether an attempt goes on after its per-try timeout, beside another one. */
  readonly hedges: boolean;
  /** Longest time of one attempt that the client asked for; 0 = any, -1 = the cluster's counts. */
  readonly attemptDurationMs: number;
  /** Bytes of the body that are kept for another attempt. */
  readonly bodyLimitBytes: number;
  /** What is wrong with a control header that the listener checks; null = nothing. */
  readonly strictFailure: { readonly name: string; readonly value: string } | null;
  readonly isGrpc: boolean;
  /** Whether it comes from inside, as `x-envoy-internal` says. */
  readonly isInternal: boolean;
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
  /** What the route, or the cluster it chose, says in place of the listener's filters. */
  readonly filterConfigs: RouteFilters | null;
  /** The same of the fault filter; undefined = nothing. */
  readonly routeFault: FaultConfig | null | undefined;
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
  private readonly facts: EditFacts;
  private readonly heads: AttemptHeads;
  /** By attempt, so that interned response heads know their edits again. */
  private readonly countEdits: (HeadEdits | undefined)[] | null;

  constructor(input: PlanInput) {
    const { head, route, listener } = input;
    // Where clients are told apart, `ClientFacts` has removed what does not count.
    const honours =
      listener.config.clientTrust !== undefined || listener.config.honoursControlHeaders;
    const { router = PLAIN_ROUTER } = listener.config;
    const action = route?.config.action;
    this.head = head;
    this.route = route;
    this.forward = action?.kind === 'forward' ? action : null;
    this.clusters = input.clusters;
    this.cluster = input.clusters.length === 1 ? input.clusters[0]! : null;
    this.listener = listener;
    this.stats = listener.stats;
    this.charges = input.charges;
    this.isCounted = input.isHealthCheck !== true;
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
    if (this.forward !== null) {
      const { respectsExpectedTimeout } = router;
      effectiveTimeouts(this.forward, head, honours, this.timeouts, respectsExpectedTimeout);
    }
    this.hedges = hedgesOn(this.forward, honours ? head.get(HEDGE_HEADER) : undefined);
    const askedMs = parseUnsigned(head.get(STREAM_DURATION_HEADER), LONGEST_TIMER_MS);
    this.attemptDurationMs = honours ? askedMs : -1;
    this.bodyLimitBytes =
      this.forward?.bodyLimitBytes ??
      listener.config.bufferLimitBytes ??
      ENVOY.cluster.bufferLimitBytes.value;
    this.strictFailure = honours ? strictFailureOf(head, router.strictHeaders) : null;
    this.maxDurationMs = durationOf(listener.config, this.forward, head);
    const { clusters: choices = [] } = this.forward ?? {};
    const chosen = (variant < 0 && choices.length === 1 ? choices[0] : choices[variant])
      ?.metadataMatch;
    const wanted = { ...this.forward?.metadataMatch, ...chosen };
    this.metadataMatch = Object.keys(wanted).length === 0 ? null : wanted;
    this.mirrors = this.mirrorsOf();
    this.filterConfigs = filterConfigsOf(route?.config, this.forward, variant);
    this.routeFault = routeFaultOf(route?.config, this.filterConfigs);
    this.routeTimeoutMs = Math.min(this.timeouts.routeMs, LONGEST_TIMER_MS);
    this.perTryTimeoutMs = Math.min(this.timeouts.perTryMs, LONGEST_TIMER_MS);
    this.perTryIdleTimeoutMs = Math.min(this.timeouts.perTryIdleMs, LONGEST_TIMER_MS);
    this.isGrpc = isGrpc(head);
    this.isInternal = head.get('x-envoy-internal') === 'true';
    this.isHeadMethod = head.method === 'HEAD';
    const wantsAlternative = head.get(ALTERNATIVE_HEADER) !== undefined;
    this.timeoutStatus = honours && wantsAlternative ? 204 : 504;
    const consumed = honours ? consumedHeaders(head, router) : CONTROL_HEADERS;
    const plain = withoutHeaders(head, consumed);
    const isTold = this.isGrpc && this.forward?.streamDuration !== undefined;
    const told = isTold ? withDeadline(plain, this.maxDurationMs, listener.config) : plain;
    const tells = whatAttemptsTell(this.forward, route?.virtualHost, this.isGrpc, router);
    const unedited = new AttemptHeads(told, this.timeouts, this.hedges, tells);
    this.countEdits = route?.virtualHost.includeAttemptCountInResponse === true ? [] : null;
    this.input = input;
    const differ = route !== null && (route.variants !== null || haveRetries(input.clusters));
    this.variants = variant < 0 && differ ? [] : null;
    this.edits = route?.variants?.[variant]?.edits ?? route?.edits ?? null;
    this.facts = {
      clusterName: this.cluster?.config.name ?? '',
      peer: input.peer,
      hidesOriginals: router.suppressesEnvoyHeaders,
    };
    // Routes change heads once; later attempts differ from the first in their own headers only.
    const first = unedited.of(1, 0, false);
    const edited =
      this.edits === null || this.forward === null ? first : this.edits.request(first, this.facts);
    const base = this.cluster?.retry ?? route?.retry ?? null;
    const retry = this.forward === null ? null : retryRulesOf(base, edited, this.hedges);
    this.firstHead = withoutHeaders(edited, RETRY_CONTROL_HEADERS);
    this.heads = new AttemptHeads(this.firstHead, this.timeouts, this.hedges, tells);
    this.hasWish = this.metadataMatch !== null || wantsOtherHosts(retry);
    this.retry = retry;
    this.numRetries = retry === null ? 0 : Math.min(retry.numRetries, MOST_RETRIES);
    this.retriesErrorsOnly = retry === null || (retry.conditions & LOOK_AT_ALL) === 0;
    this.refresh = this.hedges ? null : choiceOf(retry, this.split, input);
    this.location = route === null ? '' : locationOf(head, route.config);
    this.changesReplies =
      this.location !== '' || this.edits?.changesResponses === true || this.countEdits !== null;
    this.hasher = null;
    this.hash = null;
    this.makesCookies = route?.hash?.makesCookies === true || haveCookies(input.clusters);
  }

  /** A cluster's own policies take the place of the route's. */
  private mirrorsOf(): readonly MirrorPolicy[] | null {
    const given = this.cluster?.config.mirrors ?? this.forward?.mirrors;
    return given === undefined || given.length === 0 ? null : given;
  }

  /** The plan of requests for one cluster of a split; this one, where clusters differ in weight only. */
  variantOf(index: number): RequestPlan {
    if (this.variants === null) return this;
    let plan = this.variants[index];
    if (plan === undefined) {
      const cluster = this.clusters[index]!;
      const { refresh } = this;
      plan = new RequestPlan({ ...this.input, clusters: [cluster], variant: index, refresh });
      this.variants[index] = plan;
    }
    return plan;
  }

  /** The plan of a request that asks how this proxy is: its answer counts nowhere. */
  asHealthCheck(): RequestPlan {
    return new RequestPlan({ ...this.input, charges: NO_CHARGES, isHealthCheck: true });
  }

  /** Counts the answer to a request. @param host whose it is; null = ours alone */
  charge(cluster: Cluster, host: Host | null, code: number): void {
    if (this.charges === null) cluster.countAnswer(code, host, this.isInternal);
    else this.charges.charge(cluster, host, code, this.isInternal);
  }

  /** With the name of the endpoint as host, where the route wants that. */
  headTo(head: Head, { hostname, address }: Endpoint): Head {
    if (hostname === address) return head;
    return head.with({ authority: hostname, set: [['x-envoy-original-host', head.authority]] });
  }

  /**
   * What goes downstream of an answer of our own.
   *
   * @param attempt that the router answers for; 0 = the answer is not the router's
   * @param isSent whether the request is as it goes upstream already
   */
  replyHead(head: Head, isForRoute: boolean, attempt: number, isSent: boolean): Head {
    const located =
      isForRoute && this.location !== ''
        ? head.with({ append: [['location', this.location]] })
        : head;
    const { edits, countEdits } = this;
    const counted =
      countEdits === null || attempt === 0 ? located : this.withCount(located, attempt, countEdits);
    // Filters answer for routes that forward only.
    if (edits === null || (this.forward === null && !isForRoute)) return counted;
    // What says how the body is read comes after all changes; a type that a route set stays.
    const bare = counted.with({ remove: BODY_HEADERS });
    const made = edits.response(bare, isSent ? this.firstHead : this.head, 0, this.facts);
    const hasType = !this.isGrpc && made.get('content-type') !== undefined;
    const framing = counted.headers.filter(
      ([name]) => BODY_HEADERS.includes(name) && !(hasType && name === 'content-type'),
    );
    return made.with({ set: framing });
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
    return this.heads.of(attempt, elapsedMs, afterTimeout);
  }

  /** What goes downstream of an upstream's response head. */
  responseHead(head: Head, attempt: number): Head {
    if (this.countEdits === null && this.edits === null) return head;
    const { edits, countEdits } = this;
    const edited =
      edits === null ? head : edits.response(head, this.firstHead, head.status, this.facts);
    return countEdits === null ? edited : this.withCount(edited, attempt, countEdits);
  }

  /** An answer with what filters added. */
  answerWith(head: Head, additions: readonly HeaderAddition[]): Head {
    return this.withAdditions(head, additions, this.firstHead, head);
  }

  /** A head of an attempt with what filters added. */
  headWith(head: Head, additions: readonly HeaderAddition[]): Head {
    return this.withAdditions(head, additions, head, null);
  }

  private withAdditions(
    head: Head,
    additions: readonly HeaderAddition[],
    request: Head,
    response: Head | null,
  ): Head {
    const editor = HeaderEditor.of([{ remove: [], add: additions }]);
    if (editor === null) return head;
    const routeName = this.route?.config.name ?? '';
    const responseCode = response === null ? 0 : response.status;
    const context = { request, response, responseCode, routeName, ...this.facts };
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

const BODY_HEADERS = ['content-length', 'content-type', 'grpc-status', 'grpc-message'];

function haveCookies(clusters: readonly (Cluster | null)[]): boolean {
  for (const cluster of clusters) if (cluster?.hash?.makesCookies === true) return true;
  return false;
}

/** Clusters with retry policies of their own differ in more than weight. */
function haveRetries(clusters: readonly (Cluster | null)[]): boolean {
  return clusters.length > 1 && clusters.some((cluster) => (cluster?.retry ?? null) !== null);
}

function wantsOtherHosts(retry: RetryRules | null): boolean {
  if (retry === null) return false;
  return retry.priorityUpdateFrequency > 0 || retry.omitsCanaries || retry.omitsHosts !== null;
}

function refusalOf(head: Head, isUpgrade: boolean): Refusal {
  if (head.authority === '') return 'no-host';
  if (head.path.includes('#')) return 'bad-path';
  return head.upgrade === '' || isUpgrade ? 'none' : 'upgrade';
}
