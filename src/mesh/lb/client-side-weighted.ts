/**
 * Client-side weighted round robin: hosts in turn, by weights that follow from what they report.
 *
 * Weights are settled once per update period: a host counts by its own report when it has reported
 * for longer than the blackout and lately enough, else by the median of those that count. Ticks are
 * caught up with on the next pick or report, so no timer is needed.
 * Source: policy-engine.md §7.11; Envoy, client-side weighted round robin.
 */
import { MILLISECOND, type Ns } from '../../core/time.ts';
import type { Host } from '../cluster/host.ts';
import type { ClientSideWeightedConfig } from '../config/load-balancing.ts';
import { EdfScheduler, prePicks } from './edf.ts';
import type { BalancerStart } from './index.ts';
import type { Choice, LoadBalancer } from './load-balancer.ts';
import type { SlowStart } from './slow-start.ts';

export class ClientSideWeighted implements LoadBalancer {
  private readonly config: ClientSideWeightedConfig;
  private readonly start: BalancerStart;
  private readonly slowStart: SlowStart | null;
  private hosts: readonly Host[] = [];
  private generation = -1;
  private cursor: number;
  /** By host; hosts that are not in it have their configured weight. */
  private readonly weights = new Map<Host, number>();
  /** Update periods that have passed. */
  private ticks = 0;
  /** null = equal weights. */
  private scheduler: EdfScheduler | null = null;

  constructor(
    config: ClientSideWeightedConfig,
    start: BalancerStart,
    slowStart: SlowStart | null = null,
  ) {
    this.config = config;
    this.start = start;
    this.slowStart = slowStart;
    this.cursor = start.seed >>> 2;
  }

  pick(choice: Choice): number {
    if (choice.generation !== this.generation) {
      this.generation = choice.generation;
      this.hosts = choice.candidates;
      this.rebuild();
    }
    this.catchUp();
    const { scheduler } = this;
    if (scheduler === null) {
      const index = this.cursor % choice.candidates.length;
      this.cursor += 1;
      return index;
    }
    const index = scheduler.take();
    scheduler.weights[index] = this.weightOf(choice.candidates[index]!);
    scheduler.putBack(index);
    return index;
  }

  /** Updates that are due see the reports from before. */
  beforeReport(): void {
    this.catchUp();
  }

  private catchUp(): void {
    const periodNs = this.config.weightUpdatePeriodMs * MILLISECOND;
    const { clock, startNs } = this.start;
    const ticks = Math.floor((clock.nowNs - startNs) / periodNs);
    if (ticks <= this.ticks) return;
    this.ticks = ticks;
    this.update(startNs + ticks * periodNs);
  }

  private update(atNs: Ns): void {
    const valid = new Map<Host, number>();
    for (const host of this.hosts) {
      const weight = this.validWeight(host, atNs);
      if (weight >= 0) valid.set(host, weight);
    }
    const median = medianOf([...valid.values()]);
    let isChanged = false;
    for (const host of this.hosts) {
      const weight = valid.get(host) ?? median;
      isChanged ||= weight !== this.assigned(host);
      this.weights.set(host, weight);
    }
    if (isChanged) this.rebuild();
  }

  /** -1 = its reports are too new or too old. */
  private validWeight({ reported }: Host, atNs: Ns): number {
    const { blackoutPeriodMs, weightExpirationPeriodMs } = this.config;
    if (reported === null || reported.sinceNs > atNs - blackoutPeriodMs * MILLISECOND) return -1;
    if (reported.lastNs >= atNs - weightExpirationPeriodMs * MILLISECOND) return reported.weight;
    // It starts anew, with a blackout, when it reports again.
    reported.sinceNs = Number.POSITIVE_INFINITY;
    return -1;
  }

  private assigned(host: Host): number {
    return this.weights.get(host) ?? host.endpoint.weight;
  }

  private weightOf(host: Host): number {
    const weight = this.assigned(host);
    return this.slowStart === null ? weight : this.slowStart.weightOf(host, weight);
  }

  private rebuild(): void {
    const { hosts } = this;
    const differ = hosts.some((host) => this.assigned(host) !== this.assigned(hosts[0]!));
    const mayGrow = this.slowStart?.mayMatter(hosts) === true;
    this.scheduler =
      hosts.length > 1 && (differ || mayGrow)
        ? new EdfScheduler(
            Float64Array.from(hosts, (host) => this.weightOf(host)),
            prePicks(this.start.seed),
          )
        : null;
  }
}

/** Of whole numbers, rounded down; 1 without any. */
function medianOf(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  if (upper === undefined) return 1;
  if (sorted.length % 2 === 1) return upper;
  return Math.floor((upper + sorted[(sorted.length >> 1) - 1]!) / 2);
}
