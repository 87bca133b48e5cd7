/**
 * Subsets of a cluster: hosts grouped by the values of metadata keys, and which group serves a request.
 *
 * The cluster asks it before each pick; every group is a host set of its own, with priorities, panic
 * and balancers of its own. Invariant: groups are those of the present members.
 * Source: policy-engine.md §7.10; Envoy, subset load balancer.
 */
import type { LbMetadata, LbValue } from '../../core/engine.ts';
import type { SubsetConfig, SubsetSelector } from '../config/load-balancing.ts';
import type { Host } from './host.ts';

type Fallback = SubsetConfig['fallback'];

/** What a look-up says. */
export interface SubsetChoice<G> {
  /** null = nobody serves this request. */
  readonly group: G | null;
  readonly isFallback: boolean;
}

interface Selector<G> {
  readonly config: SubsetSelector;
  readonly groups: Map<string, G>;
}

export class SubsetTable<G> {
  /** Hosts refused because their subset takes one only. */
  duplicates = 0;
  private readonly config: SubsetConfig;
  private readonly makeGroup: (hosts: readonly Host[]) => G;
  private selectors: readonly Selector<G>[] = [];
  private everybody: G | null = null;
  private standard: G | null = null;

  constructor(config: SubsetConfig, makeGroup: (hosts: readonly Host[]) => G) {
    this.config = config;
    this.makeGroup = makeGroup;
  }

  /** New members: all groups are made anew. */
  replace(hosts: readonly Host[]): void {
    this.duplicates = 0;
    this.everybody = this.makeGroup(hosts);
    const isStandard = (host: Host) => hasAll(host, this.config.defaultSubset);
    this.standard = this.makeGroup(hosts.filter(isStandard));
    this.selectors = this.config.selectors.map((config) => ({
      config,
      groups: this.groupsOf(config, hosts),
    }));
  }

  get groups(): readonly G[] {
    const fixed = [this.everybody, this.standard].filter((group) => group !== null);
    return [...fixed, ...this.selectors.flatMap(({ groups }) => [...groups.values()])];
  }

  /** Groups that selectors made. */
  get count(): number {
    return this.selectors.reduce((sum, { groups }) => sum + groups.size, 0);
  }

  find(criteria: LbMetadata | null): SubsetChoice<G> {
    const wanted = this.known(criteria ?? {});
    const keys = Object.keys(wanted).sort();
    const selector = keys.length === 0 ? undefined : this.selectorOf(keys);
    const group = selector?.groups.get(nameOf(keys, wanted));
    if (group !== undefined) return { group, isFallback: false };
    const own = selector?.config.fallback ?? 'inherit';
    if (own === 'keys-subset') return this.findReduced(selector!.config, wanted);
    const fallback = own === 'inherit' ? this.config.fallback : own;
    return { group: this.fallbackGroup(fallback), isFallback: true };
  }

  /** In panic any host may serve, when the fallback has none. */
  get lastResort(): G | null {
    if (!this.config.panicModeAny || this.config.fallback === 'no-fallback') return null;
    return this.everybody;
  }

  private findReduced(config: SubsetSelector, criteria: LbMetadata): SubsetChoice<G> {
    const kept = config.fallbackKeys.filter((key) => key in criteria);
    return this.find(Object.fromEntries(kept.map((key) => [key, criteria[key]!])));
  }

  /** Keys that no selector has may be dropped first. */
  private known(criteria: LbMetadata): LbMetadata {
    if (!this.config.allowRedundantKeys) return criteria;
    const keys = new Set(this.config.selectors.flatMap((selector) => selector.keys));
    return Object.fromEntries(Object.entries(criteria).filter(([key]) => keys.has(key)));
  }

  private fallbackGroup(fallback: Fallback): G | null {
    if (fallback === 'any-endpoint') return this.everybody;
    return fallback === 'default-subset' ? this.standard : null;
  }

  private selectorOf(keys: readonly string[]): Selector<G> | undefined {
    const wanted = keys.join('\n');
    return this.selectors.find(({ config }) => [...config.keys].sort().join('\n') === wanted);
  }

  private groupsOf(config: SubsetSelector, hosts: readonly Host[]): Map<string, G> {
    const members = new Map<string, Host[]>();
    for (const host of hosts) {
      for (const name of this.namesOf(config, host)) {
        const known = members.get(name);
        if (known === undefined) members.set(name, [host]);
        else if (config.isSingleHost) this.duplicates++;
        else known.push(host);
      }
    }
    return new Map([...members].map(([name, list]) => [name, this.makeGroup(list)]));
  }

  /** The groups that a host joins: one, several when a value is a list, or none. */
  private namesOf(config: SubsetSelector, host: Host): string[] {
    const keys = [...config.keys].sort();
    let combinations: LbMetadata[] = [{}];
    for (const key of keys) {
      const value = host.endpoint.metadata?.[key];
      if (value === undefined) return [];
      const values: readonly LbValue[] = this.config.listAsAny && isList(value) ? value : [value];
      combinations = combinations.flatMap((one) => values.map((item) => ({ ...one, [key]: item })));
    }
    return combinations.map((one) => nameOf(keys, one));
  }
}

function isList(value: LbValue): value is readonly LbValue[] {
  return Array.isArray(value);
}

function nameOf(keys: readonly string[], criteria: LbMetadata): string {
  return JSON.stringify(keys.map((key) => [key, canonical(criteria[key]!)]));
}

/** Equal values have equal texts, whatever the order of their keys. */
function canonical(value: LbValue): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonical).join(',')}]`;
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key]!)}`).join(',')}}`;
}

/** Whether a host's metadata say all of this. */
export function hasAll(host: Host, criteria: LbMetadata): boolean {
  const { metadata } = host.endpoint;
  return Object.entries(criteria).every(([key, value]) => {
    const own = metadata?.[key];
    return own !== undefined && canonical(own) === canonical(value);
  });
}
