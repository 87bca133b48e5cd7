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

/** What a subset is to a request. */
export interface SubsetMaker<G> {
  /** @param all hosts of the cluster, of which `hosts` are the subset */
  make(hosts: readonly Host[], all: readonly Host[]): G;
  /** New members of a subset that goes on. */
  update(group: G, hosts: readonly Host[], all: readonly Host[]): void;
  close(group: G): void;
}

/** What happens to a request that no subset takes. */
export type SubsetFallback<G> =
  /** The selector of its keys has a rule of its own; null = nobody serves it. */
  | { readonly kind: 'own'; readonly group: G | null }
  /** Try again with these. */
  | { readonly kind: 'fewer-keys'; readonly criteria: LbMetadata }
  /** The cluster's rule; null = nobody serves it. */
  | { readonly kind: 'cluster'; readonly group: G | null };

interface Selector<G> {
  readonly config: SubsetSelector;
  /** Sorted. */
  readonly keys: readonly string[];
  /** Whether its own fallback is ever found. */
  readonly hasOwnFallback: boolean;
  readonly groups: Map<string, G>;
}

/** A subset that a request wants. */
export interface SubsetHit<G> {
  readonly group: G;
  /** Its one host is taken whatever its health. */
  readonly isSingleHost: boolean;
}

const FALLBACK_LIST = 'fallback_list';

export class SubsetTable<G> {
  /** Hosts refused because their subset takes one only. */
  duplicates = 0;
  /** Subsets that selectors ever made, and those of them that lost their last host. */
  created = 0;
  removed = 0;
  private readonly config: SubsetConfig;
  private readonly maker: SubsetMaker<G>;
  private readonly selectors: readonly Selector<G>[];
  private readonly longestFirst: readonly Selector<G>[];
  private readonly everybody: G;
  private readonly standard: G;

  constructor(config: SubsetConfig, hosts: readonly Host[], maker: SubsetMaker<G>) {
    this.config = config;
    this.maker = maker;
    this.everybody = maker.make(hosts, hosts);
    this.standard = maker.make(this.standardOf(hosts), hosts);
    this.selectors = config.selectors.map((selector, index) => ({
      config: selector,
      keys: sorted(selector.keys),
      hasOwnFallback: hasOwnFallback(config.selectors, index),
      groups: new Map(),
    }));
    this.longestFirst = [...this.selectors].sort((a, b) => b.keys.length - a.keys.length);
    for (const selector of this.selectors) this.fill(selector, hosts);
  }

  /** New members: subsets that keep some go on. */
  replace(hosts: readonly Host[]): void {
    this.duplicates = 0;
    this.maker.update(this.everybody, hosts, hosts);
    this.maker.update(this.standard, this.standardOf(hosts), hosts);
    for (const selector of this.selectors) this.fill(selector, hosts);
  }

  get groups(): readonly G[] {
    const selected = this.selectors.flatMap(({ groups }) => [...groups.values()]);
    return [this.everybody, this.standard, ...selected];
  }

  /** Subsets that selectors made and that have hosts. */
  get count(): number {
    return this.selectors.reduce((sum, { groups }) => sum + groups.size, 0);
  }

  /** @returns null = no subset has these criteria */
  find(criteria: LbMetadata | null): SubsetHit<G> | null {
    if (criteria === null) return null;
    const selector = this.config.allowRedundantKeys
      ? this.longestFirst.find(({ keys }) => keys.every((key) => key in criteria))
      : this.selectorOf(criteria);
    if (selector === undefined) return null;
    const group = selector.groups.get(nameOf(selector.keys, criteria));
    return group === undefined ? null : { group, isSingleHost: selector.config.isSingleHost };
  }

  /** After `find` found nothing. */
  fallback(criteria: LbMetadata | null): SubsetFallback<G> {
    // Envoy looks for fallbacks of selectors only where keys must match exactly.
    const isExact = criteria !== null && !this.config.allowRedundantKeys;
    const selector = isExact ? this.selectorOf(criteria) : undefined;
    if (selector?.hasOwnFallback !== true) {
      return { kind: 'cluster', group: this.groupOf(this.config.fallback) };
    }
    const { fallback, fallbackKeys } = selector.config;
    if (fallback !== 'keys-subset') return { kind: 'own', group: this.groupOf(fallback) };
    const fewer = Object.fromEntries(fallbackKeys.map((key) => [key, criteria![key]!]));
    return { kind: 'fewer-keys', criteria: fewer };
  }

  /** In panic any host may serve, when the cluster's fallback has none. */
  get lastResort(): G | null {
    return this.config.panicModeAny ? this.everybody : null;
  }

  /**
   * The criteria that a request brings one after the other.
   *
   * @returns null = it brings none; the list is never empty
   */
  alternatives(criteria: LbMetadata | null): readonly LbMetadata[] | null {
    if (this.config.usesFallbackList !== true || criteria === null) return null;
    const { [FALLBACK_LIST]: list, ...others } = criteria;
    if (list === undefined) return null;
    const given = isList(list) ? list : [];
    if (given.length === 0) return [others];
    return given.map((item) => ({ ...others, ...(isStruct(item) ? item : {}) }));
  }

  private standardOf(hosts: readonly Host[]): readonly Host[] {
    return hosts.filter((host) => hasAll(host, this.config.defaultSubset));
  }

  private groupOf(fallback: SubsetSelector['fallback']): G | null {
    if (fallback === 'any-endpoint') return this.everybody;
    return fallback === 'default-subset' ? this.standard : null;
  }

  /** The one of exactly these keys. */
  private selectorOf(criteria: LbMetadata): Selector<G> | undefined {
    const wanted = sorted(Object.keys(criteria));
    return this.selectors.find(({ keys }) => isSame(keys, wanted));
  }

  private fill({ config, keys, groups }: Selector<G>, hosts: readonly Host[]): void {
    const members = new Map<string, Host[]>();
    for (const host of hosts) {
      for (const name of this.namesOf(keys, host)) {
        const known = members.get(name);
        if (known === undefined) members.set(name, [host]);
        else if (config.isSingleHost) this.duplicates++;
        else known.push(host);
      }
    }
    for (const [name, group] of groups) {
      if (members.has(name)) continue;
      this.maker.close(group);
      groups.delete(name);
      this.removed++;
    }
    for (const [name, list] of members) {
      const group = groups.get(name);
      if (group !== undefined) this.maker.update(group, list, hosts);
      else {
        groups.set(name, this.maker.make(list, hosts));
        this.created++;
      }
    }
  }

  /** The groups that a host joins: one, several when a value is a list, or none. */
  private namesOf(keys: readonly string[], host: Host): string[] {
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

function sorted(keys: readonly string[]): readonly string[] {
  return [...keys].sort();
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, i) => key === b[i]);
}

/**
 * Envoy keeps fallbacks in a tree of sorted keys and overlooks one whose path an earlier selector
 * with a fallback of its own has made: after `[a, b]`, that of `[a]` is never found.
 */
function hasOwnFallback(selectors: readonly SubsetSelector[], index: number): boolean {
  const own = selectors[index]!;
  if (own.fallback === 'inherit') return false;
  const keys = sorted(own.keys);
  return !selectors.slice(0, index).some((earlier) => {
    const path = sorted(earlier.keys).slice(0, keys.length);
    return earlier.fallback !== 'inherit' && isSame(path, keys);
  });
}

function isStruct(value: LbValue): value is LbMetadata {
  return typeof value === 'object' && value !== null && !isList(value);
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
