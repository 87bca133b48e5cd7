/**
 * Locality load balancing of one cluster for one proxy: which endpoints, in which order of priority,
 * with which weight of their locality.
 *
 * `distribute` weighs localities. Otherwise, where outlier detection can tell that an endpoint fails,
 * nearer ones come first: that alone, without any locality setting, is Istio's default.
 * Source: config-istio.md §5.4.
 */
import { coversLocality } from '../istio/locality-lb.ts';
import type { Labels, LocalitySettings } from '../mesh-resources.ts';
import type { EndpointInfo } from '../service-info.ts';

/** What localities mean to one cluster of one proxy. */
export interface LocalityRule {
  /** Of the proxy. */
  readonly locality: string;
  /** Of the proxy; only what `failoverPriority` names matters. */
  readonly labels: Labels;
  /** null = the mesh's default. */
  readonly settings: LocalitySettings | null;
  /** Whether unhealthy endpoints are noticed, without which there is no failover. */
  readonly hasOutlierDetection: boolean;
}

/** Where an endpoint stands. */
export interface Standing {
  readonly priority: number;
  /** undefined = localities have no weights. */
  readonly weight: number | undefined;
}

const EVERYWHERE: Standing = { priority: 0, weight: undefined };
const NETWORK_LABEL = 'topology.istio.io/network';
/** Region failovers know priorities 0 to 4. */
const FAILOVER_LEVELS = 5;

/** @returns indexed as `endpoints`; null = not a member for this proxy */
export function standingsOf(
  endpoints: readonly EndpointInfo[],
  rule: LocalityRule,
): readonly (Standing | null)[] {
  const { settings, hasOutlierDetection } = rule;
  if (settings?.isEnabled === false) return endpoints.map(() => EVERYWHERE);
  if (settings !== null && settings.distribute.length > 0) {
    return distributed(endpoints, rule.locality, settings);
  }
  if (!hasOutlierDetection) return endpoints.map(() => EVERYWHERE);
  return inOrder(endpoints, rule);
}

/** Which labels of a proxy decide about a cluster; they keep clusters of unlike proxies apart. */
export function decidingLabels(settings: LocalitySettings | null, labels: Labels): string {
  const keys = (settings?.failoverPriority ?? []).filter((item) => !item.includes('='));
  return keys.map((key) => labels[key] ?? '').join('\0');
}

function distributed(
  endpoints: readonly EndpointInfo[],
  from: string,
  { distribute }: LocalitySettings,
): (Standing | null)[] {
  const entry = distribute.find((candidate) => coversLocality(candidate.from, from));
  if (entry === undefined) return endpoints.map(() => EVERYWHERE);
  const shareOf = (locality: string): number | null => {
    const target = entry.to.find(({ pattern }) => coversLocality(pattern, locality));
    if (target === undefined) return null;
    const all = endpoints.filter((endpoint) => coversLocality(target.pattern, endpoint.locality));
    const own = all.filter((endpoint) => endpoint.locality === locality);
    return Math.ceil((target.weight * weightOf(own)) / weightOf(all));
  };
  return endpoints.map(({ locality }) => {
    const weight = shareOf(locality);
    return weight === null ? null : { priority: 0, weight };
  });
}

function inOrder(endpoints: readonly EndpointInfo[], rule: LocalityRule): Standing[] {
  const { settings } = rule;
  const ranks = endpoints.map((endpoint) => rankOf(endpoint, rule));
  const known = [...new Set(ranks)].sort((a, b) => a - b);
  const isExplicit =
    settings !== null && settings.failover.length + settings.failoverPriority.length > 0;
  return endpoints.map((endpoint, index) => {
    const priority = known.indexOf(ranks[index] ?? 0);
    if (!isExplicit) return { priority, weight: undefined };
    const { locality } = endpoint;
    const peers = endpoints.filter((other, at) => {
      return other.locality === locality && ranks[at] === ranks[index];
    });
    return { priority, weight: weightOf(peers) };
  });
}

function rankOf(endpoint: EndpointInfo, rule: LocalityRule): number {
  const { settings, locality, labels } = rule;
  const failover = settings?.failover ?? [];
  const byLabels = settings?.failoverPriority ?? [];
  if (byLabels.length === 0) return distance(locality, endpoint.locality, failover);
  const rank = labelRank(byLabels, labels, endpoint.labels);
  if (failover.length === 0) return rank;
  return rank * FAILOVER_LEVELS + distance(locality, endpoint.locality, failover);
}

/** 0 = same subzone, 1 = same zone, 2 = same region, 3 = elsewhere, 4 = not where to fail over to. */
function distance(from: string, to: string, failover: LocalitySettings['failover']): number {
  const a = from.split('/');
  const b = to.split('/');
  const differing = [0, 1, 2].find((level) => (a[level] ?? '') !== (b[level] ?? ''));
  if (differing === undefined) return 0;
  const target = differing === 0 ? failover.find((entry) => entry.from === a[0]) : undefined;
  return target !== undefined && target.to !== b[0] ? 4 : 3 - differing;
}

/** The more of the labels agree, from the first on, the nearer. */
function labelRank(wanted: readonly string[], own: Labels, theirs: Labels): number {
  let added = 0;
  for (const [index, item] of wanted.entries()) {
    const [key = '', value] = item.split('=');
    if ((value ?? own[key] ?? '') === (theirs[key] ?? '')) continue;
    if (index > 0 || key !== NETWORK_LABEL) return wanted.length - index + added;
    added = wanted.length;
  }
  return added;
}

function weightOf(endpoints: readonly EndpointInfo[]): number {
  return endpoints.reduce((sum, { weight }) => sum + weight, 0);
}
