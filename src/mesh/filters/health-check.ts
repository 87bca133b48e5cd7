/**
 * Health-check filter: answers the checks of others, by itself or from what an upstream said lately.
 *
 * What it answers, and what it passes on, is counted by nobody but the listener's total.
 * Source: policy-engine.md §11 (LH); Envoy, health_check filter.
 */
import type { Clock } from '../../core/engine.ts';
import { Flag } from '../../core/records.ts';
import { MILLISECOND, type Ns } from '../../core/time.ts';
import type { HealthFilterConfig } from '../config/filters.ts';
import { compileHeaderMatch, type HeadPredicate } from '../route/match.ts';
import type { FilterResult, FilterStream, HttpFilter, LocalReply } from './http-filter.ts';

/** Values of `FilterStream.state`. */
const PASSED_ON = 1;

const NOTHING_KNOWN = 0;

export class HealthCheckFilter implements HttpFilter {
  readonly name = 'envoy.filters.http.health_check';
  private readonly config: HealthFilterConfig;
  private readonly clock: Clock;
  private readonly headers: readonly HeadPredicate[];
  private readonly originNs: Ns;
  /** Of the answer that is remembered, and the period it belongs to. */
  private lastStatus = NOTHING_KNOWN;
  private lastPeriod = -1;

  constructor(config: HealthFilterConfig, clock: Clock) {
    this.config = config;
    this.clock = clock;
    this.headers = config.headers.map(compileHeaderMatch);
    this.originNs = clock.nowNs;
  }

  onRequestHead(stream: FilterStream, end: boolean): FilterResult {
    if (!this.headers.every((matches) => matches(stream.head))) return 'continue';
    stream.markHealthCheck();
    const name = 'x-envoy-upstream-healthchecked-cluster';
    const action = 'overwrite-if-exists-or-add' as const;
    stream.addResponseHeaders([{ name, value: this.config.ownCluster, action, keepsEmpty: true }]);
    if (this.config.passesThrough && !this.isRemembered) {
      stream.state = PASSED_ON;
      return 'continue';
    }
    if (end) stream.respond(this.replyFor(stream));
    return 'pause';
  }

  onRequestBody(stream: FilterStream, end: boolean): void {
    if (end) stream.respond(this.replyFor(stream));
  }

  onRequestDone(stream: FilterStream): void {
    if (stream.state !== PASSED_ON) return;
    stream.state = NOTHING_KNOWN;
    if (this.config.cacheMs === 0 || stream.responseStatus === 0) return;
    this.lastStatus = stream.responseStatus;
    this.lastPeriod = this.period;
  }

  /** Answers are remembered until the next of fixed points in time. */
  private get period(): number {
    const { cacheMs } = this.config;
    return cacheMs === 0
      ? 0
      : Math.floor((this.clock.nowNs - this.originNs) / (cacheMs * MILLISECOND));
  }

  private get isRemembered(): boolean {
    return this.config.cacheMs > 0 && this.lastPeriod === this.period;
  }

  private replyFor(stream: FilterStream): LocalReply {
    if (this.isRemembered) return replyOf(this.lastStatus, 'health_check_cached');
    let details = 'health_check_ok';
    for (const { cluster, percent } of this.config.leastHealthy) {
      details = 'health_check_ok_cluster_healthy';
      const members = stream.membersOf(cluster);
      if (members === null) return replyOf(503, 'health_check_failed_no_cluster_found');
      const { usable, total } = members;
      if (total === 0) {
        if (percent === 0) continue;
        return replyOf(503, 'health_check_failed_cluster_empty');
      }
      if (100 * usable < total * percent)
        return replyOf(503, 'health_check_failed_cluster_unhealthy');
    }
    return replyOf(200, details);
  }
}

function replyOf(status: number, details: string): LocalReply {
  const flag = status >= 200 && status < 300 ? Flag.none : Flag.LH;
  return { status, grpcStatus: null, body: '', flag, details };
}
