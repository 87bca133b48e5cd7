/**
 * Where answers, retries and timeouts of a request are counted, beside its cluster's own counters.
 *
 * A plan has charges only where something asks for more (or less) than those: virtual clusters and
 * routes with a prefix for statistics, zones, another name that the client gave, or a router that
 * counts no codes. `RouteTallies` makes them and keeps the counters of an engine.
 * Source: policy-engine.md §12.1, 12.4; Envoy, router filter (chargeUpstreamCode), Http::CodeStats.
 */
import type { Head } from '../../core/engine.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { CodeCounts } from '../cluster/cluster-stats.ts';
import type { Host } from '../cluster/host.ts';
import type { ListenerConfig, RouteConfig, VirtualHostConfig } from '../config/config.ts';
import { compileHeaderMatch, type HeadPredicate } from '../route/match.ts';
import type { CompiledRoute } from '../route/route-table.ts';

/** What virtual clusters and routes count. */
export class RouteTally {
  total = 0;
  timeout = 0;
  retry = 0;
  retrySuccess = 0;
  retryOverflow = 0;
  retryLimitExceeded = 0;
  readonly codes = new CodeCounts();
}

/** A counter of a tally. */
type Counter = Exclude<keyof RouteTally, 'codes'>;

const COUNTERS: readonly (readonly [Counter, string])[] = [
  ['total', 'upstream_rq_total'],
  ['timeout', 'upstream_rq_timeout'],
  ['retry', 'upstream_rq_retry'],
  ['retrySuccess', 'upstream_rq_retry_success'],
  ['retryOverflow', 'upstream_rq_retry_overflow'],
  ['retryLimitExceeded', 'upstream_rq_retry_limit_exceeded'],
];

/** How the codes of a request's answers are counted. */
interface CodeRules {
  /** Whether codes count at all. */
  readonly isCounted: boolean;
  /** Whether the cluster's own codes are only their number. */
  readonly hidesCodes: boolean;
  /** Codes count under this name, too; '' = under none. */
  readonly altName: string;
  /** Of the proxy; '' = unknown. */
  readonly ownZone: string;
}

export class CodeCharges {
  private readonly tallies: readonly RouteTally[];
  private readonly rules: CodeRules;

  constructor(tallies: readonly RouteTally[], rules: CodeRules) {
    this.tallies = tallies;
    this.rules = rules;
  }

  count(counter: Counter): void {
    for (const tally of this.tallies) tally[counter]++;
  }

  /** @param host that answered, or failed to; null = nobody did */
  charge(cluster: Cluster, host: Host | null, code: number, isInternal: boolean): void {
    const { stats } = cluster;
    const { isCounted, hidesCodes, altName, ownZone } = this.rules;
    if (!isCounted) return;
    cluster.countAnswer(code, host, isInternal);
    if (hidesCodes) stats.hideCode(code);
    for (const tally of this.tallies) tally.codes.count(code);
    const zone = host === null || ownZone === '' ? '' : zoneOf(host.endpoint.locality);
    if (zone !== '') stats.countUnder(`zone.${ownZone}.${zone}.`, code);
    if (altName === '') return;
    stats.countUnder(`${altName}.`, code);
    stats.countUnder(`${altName}.${isInternal ? 'internal' : 'external'}.`, code);
    if (zone !== '') stats.countUnder(`${altName}.zone.${ownZone}.${zone}.`, code);
  }
}

/** The zone of `region/zone/subzone`. */
function zoneOf(locality: string): string {
  return locality.split('/')[1] ?? '';
}

/** Of requests whose answers count nowhere. */
export const NO_CHARGES = new CodeCharges([], {
  isCounted: false,
  hidesCodes: false,
  altName: '',
  ownZone: '',
});

const ALT_NAME_HEADER = 'x-envoy-upstream-alt-stat-name';
/** What no virtual cluster of a host takes. */
const OTHERS = 'other';

interface CompiledVirtualCluster {
  readonly name: string;
  readonly headers: readonly HeadPredicate[];
}

/** The counters of virtual clusters and routes of one engine. */
export class RouteTallies {
  private readonly ownZone: string;
  /** By `vhost.<name>.vcluster.<name>.` and `vhost.<name>.route.<prefix>.`. */
  private readonly byPrefix: Map<string, RouteTally>;
  private readonly clusters: Map<VirtualHostConfig, readonly CompiledVirtualCluster[]>;

  /** @param locality of the proxy */
  constructor(locality: string) {
    this.ownZone = zoneOf(locality);
    this.byPrefix = new Map();
    this.clusters = new Map();
  }

  /** @returns null when the counters of the cluster say it all */
  chargesOf(
    { config, virtualHost }: Pick<CompiledRoute, 'config' | 'virtualHost'>,
    head: Head,
    isGrpc: boolean,
    { router }: ListenerConfig,
  ): CodeCharges | null {
    if (config.action.kind !== 'forward') return null;
    const tallies = this.talliesOf(config, virtualHost, head);
    const rules: CodeRules = {
      isCounted: router?.countsNoCodes !== true,
      hidesCodes: isGrpc && router?.hidesGrpcCodes === true,
      altName: head.get(ALT_NAME_HEADER) ?? '',
      ownZone: this.ownZone,
    };
    const { isCounted, hidesCodes, altName, ownZone } = rules;
    const isPlain = isCounted && !hidesCodes && altName === '' && ownZone === '';
    return isPlain && tallies.length === 0 ? null : new CodeCharges(tallies, rules);
  }

  private talliesOf(
    { statPrefix = '' }: RouteConfig,
    virtualHost: VirtualHostConfig,
    head: Head,
  ): readonly RouteTally[] {
    const { name, virtualClusters = [] } = virtualHost;
    const tallies: RouteTally[] = [];
    if (virtualClusters.length > 0) {
      const found = this.compiled(virtualHost).find(({ headers }) => {
        return headers.every((matches) => matches(head));
      });
      tallies.push(this.tally(`vhost.${name}.vcluster.${found?.name ?? OTHERS}.`));
    }
    if (statPrefix !== '') tallies.push(this.tally(`vhost.${name}.route.${statPrefix}.`));
    return tallies;
  }

  private compiled(host: VirtualHostConfig): readonly CompiledVirtualCluster[] {
    const known = this.clusters.get(host);
    if (known !== undefined) return known;
    const made = (host.virtualClusters ?? []).map(({ name, headers }) => {
      return { name, headers: headers.map(compileHeaderMatch) };
    });
    this.clusters.set(host, made);
    return made;
  }

  private tally(prefix: string): RouteTally {
    const known = this.byPrefix.get(prefix);
    if (known !== undefined) return known;
    const made = new RouteTally();
    this.byPrefix.set(prefix, made);
    return made;
  }

  visitStats(visit: (name: string, kind: 'counter' | 'gauge', value: number) => void): void {
    for (const [prefix, tally] of this.byPrefix) {
      for (const [field, name] of COUNTERS) visit(prefix + name, 'counter', tally[field]);
      tally.codes.visit(prefix, (name, value) => visit(name, 'counter', value));
    }
  }
}
