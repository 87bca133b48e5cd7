/**
 * Admission control: the further the success rate falls, the more requests are refused at once.
 *
 * Source: policy-engine.md §9.5; Envoy, admission control filter; Google SRE book, handling overload.
 */
import type { Clock } from '../../core/engine.ts';
import { pow } from '../../core/math.ts';
import { Flag } from '../../core/records.ts';
import { type Ns, SECOND } from '../../core/time.ts';
import type { AdmissionControlConfig } from '../config/config.ts';
import type { FilterResult, FilterStream, HttpFilter, LocalReply } from './http-filter.ts';

/** Draws are compared in ten-thousandths. */
const ACCURACY = 10_000;
const NOT_RECORDED = 0;
const RECORDED = 1;

interface Bucket {
  readonly startNs: Ns;
  requests: number;
  successes: number;
}

const REJECTION: LocalReply = {
  status: 503,
  grpcStatus: null,
  body: '',
  flag: Flag.none,
  details: 'denied_by_admission_control',
};

export class AdmissionControl implements HttpFilter {
  readonly name = 'envoy.filters.http.admission_control';
  private readonly clock: Clock;
  private readonly config: AdmissionControlConfig;
  private buckets: Bucket[] = [];
  private rejected = 0;
  private success = 0;
  private failure = 0;

  constructor(config: AdmissionControlConfig, clock: Clock) {
    this.clock = clock;
    this.config = config;
  }

  onRequestHead(stream: FilterStream, _end: boolean): FilterResult {
    if (stream.isHealthCheck) return 'continue';
    const { enabled } = this.config;
    if (enabled !== null && stream.draw(0, enabled.denominator) >= enabled.numerator) {
      return 'continue';
    }
    if (this.rejects(stream)) {
      this.rejected += 1;
      stream.respond(REJECTION);
      return 'pause';
    }
    stream.state = RECORDED;
    return 'continue';
  }

  onRequestDone(stream: FilterStream): void {
    if (stream.state === NOT_RECORDED) return;
    stream.state = NOT_RECORDED;
    const status = stream.responseStatus;
    if (status === 0) return;
    const isSuccess = this.config.successRanges.some(
      ({ from, to }) => status >= from && status < to,
    );
    if (isSuccess) this.success += 1;
    else this.failure += 1;
    const bucket = this.present();
    bucket.requests += 1;
    if (isSuccess) bucket.successes += 1;
  }

  visitStats(visit: (name: string, kind: 'counter' | 'gauge', value: number) => void): void {
    visit('admission_control.rq_rejected', 'counter', this.rejected);
    visit('admission_control.rq_success', 'counter', this.success);
    visit('admission_control.rq_failure', 'counter', this.failure);
  }

  private rejects(stream: FilterStream): boolean {
    this.dropOld();
    const { windowSeconds, aggression, thresholdPercent, rpsThreshold, maxPercent } = this.config;
    const requests = this.buckets.reduce((sum, bucket) => sum + bucket.requests, 0);
    const successes = this.buckets.reduce((sum, bucket) => sum + bucket.successes, 0);
    const oldest = this.buckets[0];
    const ageSeconds = oldest === undefined ? 0 : (this.clock.nowNs - oldest.startNs) / SECOND;
    const rate = Math.floor(requests / Math.max(windowSeconds, ageSeconds));
    if (rate < rpsThreshold) return false;
    const excess = (requests - successes / (thresholdPercent / 100)) / (requests + 1);
    if (excess <= 0) return false;
    const shaped = aggression === 1 ? excess : pow(excess, 1 / aggression);
    const probability = Math.min(shaped, maxPercent / 100);
    return ACCURACY * probability > stream.draw(1, ACCURACY);
  }

  private present(): Bucket {
    this.dropOld();
    const { nowNs } = this.clock;
    const newest = this.buckets.at(-1);
    if (newest !== undefined && nowNs - newest.startNs < SECOND) return newest;
    const made = { startNs: nowNs, requests: 0, successes: 0 };
    this.buckets.push(made);
    return made;
  }

  private dropOld(): void {
    const oldestNs = this.clock.nowNs - this.config.windowSeconds * SECOND;
    this.buckets = this.buckets.filter(({ startNs }) => startNs > oldestNs);
  }
}
