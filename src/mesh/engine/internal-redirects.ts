/**
 * Redirects of upstreams that the proxy follows: the request begins anew, the client never knows.
 *
 * `AttemptOutcomes` asks for the plan that follows from a response and then turns the request over.
 * What counts across these turns stands in the request's `RequestExtra`.
 * Invariant: a redirect that is not followed leaves no trace but its counter.
 * Source: policy-engine.md §8.3, 12.1; Envoy, router filter (internal redirects).
 */
import { childUid } from '../../core/draws.ts';
import type { Head, HeaderList, Slot } from '../../core/engine.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { InternalRedirectConfig, RedirectPredicate } from '../config/internal-redirect.ts';
import { type RedirectTarget, redirectTarget } from '../route/redirect-target.ts';
import type { EngineContext } from './context.ts';
import { NEXT_TURN } from './request-children.ts';
import type { RequestPlan } from './request-plan.ts';
import { RequestBit as Bit } from './request-table.ts';

/** What a request has been through. */
export interface RedirectTrail {
  followed: number;
  /** Of the last target; '' before the first. */
  scheme: string;
  /** By the name of a route: those it led to. */
  readonly led: Map<string, Set<string>>;
}

/** How a request goes on. */
export interface NextTurn {
  readonly uid: number;
  readonly plan: RequestPlan;
  readonly keepsBody: boolean;
}

/** Who lets requests begin (`ActiveRequests`). */
export interface RedirectOwner {
  /** The books of the first turn are closed; the request's row is taken over. */
  restart(request: Slot, next: NextTurn): void;
}

export class InternalRedirects {
  private readonly context: EngineContext;
  owner: RedirectOwner | null;

  constructor(context: EngineContext) {
    this.context = context;
    this.owner = null;
  }

  /** @returns null when the response goes down as it is */
  nextTurn(request: Slot, cluster: Cluster, response: Head): NextTurn | null {
    const config = this.context.requests.planOf(request).forward!.internalRedirect!;
    if (!config.statuses.includes(response.status)) return null;
    const next = this.follow(request, config, response);
    if (next === null) cluster.stats.internalRedirectFailed++;
    else cluster.stats.internalRedirectSucceeded++;
    return next;
  }

  private follow(request: Slot, config: InternalRedirectConfig, response: Head): NextTurn | null {
    const { requests } = this.context;
    const { stats } = requests.planOf(request);
    const location = response.get('location');
    if (location === undefined || !this.isWhole(request)) return null;
    const target = redirectTarget(location);
    if (target === undefined) {
      stats.redirectBadLocation++;
      return null;
    }
    const trail = this.trailOf(request);
    const wasHttp = this.isHttp(request, trail);
    const isHttp = target.scheme === 'http';
    if (!config.allowsCrossScheme && wasHttp !== isHttp) {
      stats.redirectUnsafeScheme++;
      return null;
    }
    if (trail.followed >= config.maxRedirects) {
      stats.redirectTooMany++;
      return null;
    }
    const head = this.headTo(request, target, config, response, wasHttp);
    const next = this.planOf(request, head);
    if (next.route === null) {
      stats.redirectNoRoute++;
      return null;
    }
    const from = requests.planOf(request).route!.config.name;
    const to = next.route.config.name;
    for (const predicate of config.predicates) {
      if (accepts(predicate, trail, { from, to, wasHttp, isHttp })) continue;
      stats.redirectPredicate++;
      return null;
    }
    trail.followed++;
    trail.scheme = target.scheme;
    const uid = childUid(requests.uidOf(request), NEXT_TURN);
    const becomesGet = response.status === 303 && head.method !== 'GET' && head.method !== 'HEAD';
    if (!becomesGet) return { uid, plan: next, keepsBody: true };
    const get = head.with({ method: 'GET', remove: ['content-length'] });
    return { uid, plan: this.planOf(request, get), keepsBody: false };
  }

  /** Whether the request came to its end, and all of it is still there. */
  private isWhole(request: Slot): boolean {
    const { requests } = this.context;
    const extra = requests.extraOf(request);
    const isKept = extra === null || extra.bufferedBytes === extra.bytesReceived;
    return requests.has(request, Bit.requestEnded) && isKept;
  }

  private trailOf(request: Slot): RedirectTrail {
    const extra = this.context.requests.needExtra(request);
    extra.redirects ??= { followed: 0, scheme: '', led: new Map() };
    return extra.redirects;
  }

  /** A connection without TLS counts as http, wherever the last redirect led. */
  private isHttp(request: Slot, trail: RedirectTrail): boolean {
    const { requests, downstreams } = this.context;
    const { tls } = downstreams.peerOf(requests.downstreamOf(request));
    return !tls || trail.scheme === 'http';
  }

  private headTo(
    request: Slot,
    target: RedirectTarget,
    { copiedHeaders }: InternalRedirectConfig,
    response: Head,
    wasHttp: boolean,
  ): Head {
    const { firstHead } = this.context.requests.planOf(request);
    const from = `${wasHttp ? 'http' : 'https'}://${firstHead.authority}${firstHead.path}`;
    const copies: HeaderList = copiedHeaders.flatMap((name) =>
      response.values(name).map((value) => [name, value] as const),
    );
    return firstHead.with({
      authority: target.authority,
      path: target.path,
      remove: ['x-envoy-original-url', ...copiedHeaders],
      append: [['x-envoy-original-url', from], ...copies],
    });
  }

  private planOf(request: Slot, head: Head): RequestPlan {
    const { requests, downstreams, listeners } = this.context;
    const connection = requests.downstreamOf(request);
    const listener = listeners[downstreams.listenerOf(connection)]!;
    return listener.planOf(head, requests.uidOf(request), connection);
  }
}

interface Leap {
  /** Names of routes. */
  readonly from: string;
  readonly to: string;
  readonly wasHttp: boolean;
  readonly isHttp: boolean;
}

/** A predicate that remembers does so whatever the others say. */
function accepts(predicate: RedirectPredicate, { led }: RedirectTrail, leap: Leap): boolean {
  switch (predicate.kind) {
    case 'allow-listed-routes':
      return predicate.routes.includes(leap.to);
    case 'safe-cross-scheme':
      return !leap.wasHttp || leap.isHttp;
    case 'previous-routes': {
      const known = led.get(leap.from) ?? new Set<string>();
      led.set(leap.from, known);
      if (known.has(leap.to)) return false;
      known.add(leap.to);
      return true;
    }
  }
}
