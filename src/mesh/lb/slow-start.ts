/**
 * Slow start: a host that came into service lately weighs less than it will.
 *
 * Round robin and least request ask it. While it may matter they balance by weights, which are read
 * again each time a host is put back after a pick; whether it may matter is settled at each change
 * of the hosts, and during the first window of the balancer it always may.
 * Source: policy-engine.md §7.9; Envoy, slow start mode.
 */
import type { Clock } from '../../core/engine.ts';
import { pow } from '../../core/math.ts';
import { MILLISECOND, type Ns } from '../../core/time.ts';
import type { Host } from '../cluster/host.ts';
import type { SlowStartConfig } from '../config/load-balancing.ts';

export class SlowStart {
  private readonly windowMs: number;
  private readonly aggression: number;
  private readonly leastRatio: number;
  private readonly clock: Clock;
  /** When the newest host came into service, or the balancer itself. */
  private newestNs: Ns;

  /** @param startNs when the balancer began */
  constructor(config: SlowStartConfig, clock: Clock, startNs: Ns) {
    this.windowMs = config.windowMs;
    this.aggression = config.aggression > 0 ? config.aggression : 1;
    this.leastRatio = config.minWeightPercent / 100;
    this.clock = clock;
    this.newestNs = startNs;
  }

  /** To be asked when hosts changed: whether one of them may weigh less than it says. */
  mayMatter(hosts: readonly Host[]): boolean {
    for (const host of hosts) this.newestNs = Math.max(this.newestNs, host.inServiceNs);
    return this.clock.nowNs - this.newestNs <= this.windowMs * MILLISECOND;
  }

  /** @returns `weight`, or the part of it that the host has by now */
  weightOf(host: Host, weight: number): number {
    if (!host.isHealthy) return weight;
    const sinceMs = Math.floor((this.clock.nowNs - host.inServiceNs) / MILLISECOND);
    if (sinceMs >= this.windowMs) return weight;
    const elapsed = Math.max(1, sinceMs) / this.windowMs;
    const part = this.aggression === 1 ? elapsed : pow(elapsed, 1 / this.aggression);
    return weight * Math.max(part, this.leastRatio);
  }
}
