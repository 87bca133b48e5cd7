/**
 * Adaptive concurrency: as many requests at once as keep their latency near the smallest one.
 *
 * A gradient controller: in windows of few requests it measures the smallest latency, between them it
 * moves the limit with the ratio of that latency to the present one. No timers: whatever was due
 * happens before the next request is judged or counted.
 * Source: policy-engine.md §9.4; Envoy, adaptive concurrency filter.
 */
import type { Clock } from '../../core/engine.ts';
import { Flag } from '../../core/records.ts';
import { MILLISECOND, type Ns } from '../../core/time.ts';
import type { AdaptiveConcurrencyConfig } from '../config/config.ts';
import type { FilterResult, FilterStream, HttpFilter, LocalReply } from './http-filter.ts';

/** Values of `FilterStream.state`: 0, or 1 + the epoch in which the request was admitted. */
const NOT_ADMITTED = 0;
const NS_PER_US = 1_000;
const MOST_IN_A_ROW = 5;

export class AdaptiveConcurrency implements HttpFilter {
  readonly name = 'envoy.filters.http.adaptive_concurrency';
  private readonly clock: Clock;
  private readonly config: AdaptiveConcurrencyConfig;
  private readonly reply: LocalReply;
  private limit: number;
  private storedLimit: number;
  private outstanding = 0;
  private isMeasuring = true;
  private epoch = 0;
  private minRttUs = 0;
  private sampleUs = 0;
  private gradient = 0;
  private burst = 0;
  private samples: number[] = [];
  private nextTickNs: Ns;
  private nextMeasureNs: Ns = Number.POSITIVE_INFINITY;
  private minimumInARow = 0;
  private blocked = 0;

  constructor(config: AdaptiveConcurrencyConfig, clock: Clock) {
    this.clock = clock;
    this.config = config;
    this.limit = config.minConcurrency;
    this.storedLimit = config.minConcurrency;
    this.nextTickNs = clock.nowNs + config.updateIntervalMs * MILLISECOND;
    this.reply = {
      status: config.exceededStatus,
      grpcStatus: null,
      body: 'reached concurrency limit',
      flag: Flag.none,
      details: 'reached_concurrency_limit',
    };
    if (config.fixedMinRttMs !== null) {
      this.isMeasuring = false;
      this.minRttUs = config.fixedMinRttMs * 1_000;
    }
  }

  onRequestHead(stream: FilterStream, _end: boolean): FilterResult {
    this.advance(stream);
    if (stream.isHealthCheck) return 'continue';
    const { enabled } = this.config;
    const isOn = enabled === null || stream.draw(0, enabled.denominator) < enabled.numerator;
    if (!isOn) return 'continue';
    if (this.outstanding >= this.limit) {
      this.blocked += 1;
      stream.respond(this.reply);
      return 'pause';
    }
    this.outstanding += 1;
    stream.state = this.epoch + 1;
    return 'continue';
  }

  onRequestDone(stream: FilterStream): void {
    if (stream.state === NOT_ADMITTED) return;
    const isOfThisEpoch = stream.state === this.epoch + 1;
    stream.state = NOT_ADMITTED;
    this.outstanding -= 1;
    this.advance(stream);
    if (stream.responseStatus === 0 || !isOfThisEpoch) return;
    this.samples.push(stream.ageNs / NS_PER_US);
    if (this.isMeasuring && this.samples.length >= this.config.requestCount)
      this.endMeasuring(stream);
  }

  visitStats(visit: (name: string, kind: 'counter' | 'gauge', value: number) => void): void {
    const prefix = 'adaptive_concurrency.gradient_controller.';
    visit(`${prefix}rq_blocked`, 'counter', this.blocked);
    visit(`${prefix}concurrency_limit`, 'gauge', this.limit);
    visit(`${prefix}min_rtt_calculation_active`, 'gauge', this.isMeasuring ? 1 : 0);
    visit(`${prefix}gradient`, 'gauge', Math.trunc(this.gradient * 1_000));
    visit(`${prefix}burst_queue_size`, 'gauge', Math.trunc(this.burst));
    visit(`${prefix}min_rtt_msecs`, 'gauge', Math.trunc(this.minRttUs / 1_000));
    visit(`${prefix}sample_rtt_msecs`, 'gauge', Math.trunc(this.sampleUs / 1_000));
  }

  /** What was due since the last request. */
  private advance(stream: FilterStream): void {
    const { nowNs } = this.clock;
    const intervalNs = this.config.updateIntervalMs * MILLISECOND;
    while (!this.isMeasuring && Math.min(this.nextTickNs, this.nextMeasureNs) <= nowNs) {
      if (this.nextMeasureNs <= this.nextTickNs) this.beginMeasuring();
      else {
        this.nextTickNs += intervalNs;
        this.update(stream);
      }
    }
  }

  private update(stream: FilterStream): void {
    if (this.samples.length === 0) {
      // Nothing happens until the next request, so the idle ticks need not be walked one by one.
      const intervalNs = this.config.updateIntervalMs * MILLISECOND;
      const behind = Math.floor((this.clock.nowNs - this.nextTickNs) / intervalNs);
      if (behind > 0) this.nextTickNs += behind * intervalNs;
      return;
    }
    const { bufferPercent, minConcurrency, maxConcurrency } = this.config;
    this.sampleUs = percentileOf(this.samples, this.config.percentile);
    this.samples = [];
    const ideal = this.minRttUs * (1 + bufferPercent / 100);
    this.gradient = Math.min(2, Math.max(0.5, ideal / this.sampleUs));
    const target = this.limit * this.gradient;
    this.burst = Math.sqrt(target);
    const next = Math.trunc(target + this.burst);
    const before = this.limit;
    const lowest = this.config.lowestLimit ?? minConcurrency;
    this.limit = Math.min(maxConcurrency, Math.max(lowest, next));
    const stays = before === minConcurrency && this.limit === minConcurrency;
    this.minimumInARow = stays ? this.minimumInARow + 1 : 0;
    if (this.minimumInARow >= MOST_IN_A_ROW && this.config.fixedMinRttMs === null) {
      this.beginMeasuring();
    }
    void stream;
  }

  private beginMeasuring(): void {
    this.isMeasuring = true;
    this.epoch += 1;
    this.minimumInARow = 0;
    this.storedLimit = this.limit;
    this.limit = this.config.minConcurrency;
    this.samples = [];
    this.nextMeasureNs = Number.POSITIVE_INFINITY;
  }

  private endMeasuring(stream: FilterStream): void {
    const { nowNs } = this.clock;
    const { measureIntervalMs, jitterPercent, updateIntervalMs } = this.config;
    this.minRttUs = percentileOf(this.samples, this.config.percentile);
    this.samples = [];
    this.isMeasuring = false;
    this.limit = this.storedLimit;
    const spread = Math.ceil((measureIntervalMs * jitterPercent) / 100);
    const jitterMs = spread > 0 ? stream.draw(1, spread) : 0;
    this.nextMeasureNs = nowNs + (measureIntervalMs + jitterMs) * MILLISECOND;
    this.nextTickNs = nowNs + updateIntervalMs * MILLISECOND;
  }
}

/** @param percent 0..100 */
function percentileOf(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = Math.ceil((percent / 100) * sorted.length) - 1;
  return sorted[Math.max(0, at)]!;
}
