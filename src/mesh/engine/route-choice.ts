/**
 * What a route makes of a request's head: where it goes, what it is told, what it may become.
 *
 * Pure questions that `request-plan.ts` asks once per plan. Source: policy-engine.md §8.2, 8.3.
 */
import type { Head, PeerFacts } from '../../core/engine.ts';
import { plainPeer } from '../../core/plain-peer.ts';
import type {
  FaultConfig,
  ForwardAction,
  ListenerConfig,
  RouteConfig,
  RouteFilters,
} from '../config/config.ts';
import { headerValues } from '../route/match.ts';
import { addressOf, redirectLocation } from '../route/rewrite.ts';
import type { CompiledRoute } from '../route/route-table.ts';
import type { TrafficSplit } from '../route/traffic-split.ts';

/** For hashes that do not read it. */
export const NO_PEER: PeerFacts = plainPeer('', '');

/** By a header or by the hash of the request; -1 = neither is there, so it is drawn. */
export function chosenBy(
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

/**
 * What the route, or the cluster that it chose, says of filters.
 *
 * @param variant position of the cluster in a split; -1 = it is the only one, or not yet chosen
 */
export function filterConfigsOf(
  route: RouteConfig | undefined,
  forward: ForwardAction | null,
  variant: number,
): RouteFilters | null {
  const ofRoute = route?.filters ?? null;
  const only = forward?.clusters.length === 1 ? forward.clusters[0] : undefined;
  const own = (variant < 0 ? only : forward?.clusters[variant])?.filters;
  return own === undefined ? ofRoute : { ...ofRoute, ...own };
}

/** undefined = the listener's fault filter counts. */
export function routeFaultOf(
  route: RouteConfig | undefined,
  filters: RouteFilters | null,
): FaultConfig | null | undefined {
  const fault = filters?.fault;
  if (fault === undefined) return route?.fault;
  return fault === null ? null : fault.config;
}

export function locationOf(head: Head, { action, match }: RouteConfig): string {
  if (action.kind === 'redirect') return redirectLocation(head, action, match.path);
  if (action.kind === 'forward') return '';
  const isElsewhere = action.status === 201 || (action.status >= 300 && action.status < 400);
  return isElsewhere ? addressOf(head) : '';
}

export function allowsUpgrade(head: Head, listener: ListenerConfig, forward: ForwardAction | null) {
  const type = head.upgrade.toLowerCase();
  return forward?.upgrades?.get(type) ?? listener.upgrades?.includes(type) ?? false;
}
