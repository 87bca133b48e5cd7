/**
 * Makes the caches of a world: one per instance, or one for all instances of a service.
 * Used at set-up only.
 */
import type { Draws } from '../../core/draws.ts';
import type { HostSpec } from '../world-spec.ts';
import { Cache, type CacheSpec, CacheUser, KeySource } from './cache.ts';

export class ServiceCaches {
  private readonly draws: Draws;
  private readonly keys: Map<string, KeySource>;
  private readonly shared: Map<string, Cache>;
  private count: number;

  constructor(draws: Draws) {
    this.draws = draws;
    this.keys = new Map();
    this.shared = new Map();
    this.count = 0;
  }

  /** What one instance uses; null = it has no cache. */
  userFor(host: HostSpec): CacheUser | null {
    const { cache: spec } = host;
    if (spec === undefined) return null;
    const keys = this.keysOf(host.service, spec);
    return new CacheUser(this.cacheFor(host, spec, keys), spec, keys);
  }

  private keysOf(service: string, spec: CacheSpec): KeySource {
    const label = `service/${service}/cache/${JSON.stringify(spec.key)}`;
    const known = this.keys.get(label);
    if (known !== undefined) return known;
    const made = new KeySource(spec.key, this.draws, label);
    this.keys.set(label, made);
    return made;
  }

  private cacheFor(host: HostSpec, spec: CacheSpec, keys: KeySource): Cache {
    const isShared = spec.scope === 'shared';
    const label = `service/${host.service}/${isShared ? '' : host.name}/cache`;
    const known = this.shared.get(label);
    if (known !== undefined) return known;
    const made = new Cache(spec, this.draws, { label, id: this.count++ });
    if (keys.count > 0) made.learn(keys.count - 1);
    if (isShared) this.shared.set(label, made);
    return made;
  }
}
