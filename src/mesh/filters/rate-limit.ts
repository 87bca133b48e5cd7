/**
 * Global rate limit: a service is asked about each request that has descriptors.
 *
 * The request waits for the answer; what a silent or broken service means is configured. The answer
 * is charged to the cluster of the route. Source: policy-engine.md §9.3; Envoy, rate limit filter.
 */
import { Flag } from '../../core/records.ts';
import type { FractionalPercent, RateLimitConfig } from '../config/config.ts';
import type { FilterResult, FilterStream, HttpFilter, LocalReply } from './http-filter.ts';
import {
  encodeRateLimitRequest,
  LimitCode,
  parseRateLimitResponse,
} from './rate-limit-messages.ts';

const ENABLED_DRAW = 0;
const ENFORCED_DRAW = 1;
/** gRPC: "resource exhausted". */
const EXHAUSTED = 8;
const METHOD = '/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit';

/** Counters of one cluster. */
interface LimitStats {
  ok: number;
  over_limit: number;
  error: number;
  failure_mode_allowed: number;
}

export class RateLimitFilter implements HttpFilter {
  readonly name = 'envoy.filters.http.ratelimit';
  readonly hasOwnScope = true;
  private readonly config: RateLimitConfig;
  private readonly limited: LocalReply;
  private readonly failed: LocalReply;
  private readonly stats = new Map<string, LimitStats>();

  constructor(config: RateLimitConfig) {
    this.config = config;
    this.limited = {
      status: config.status < 400 ? 429 : config.status,
      grpcStatus: config.tellsExhausted ? EXHAUSTED : null,
      body: '',
      flag: Flag.RL,
      details: 'request_rate_limited',
    };
    this.failed = {
      status: config.statusOnError,
      grpcStatus: null,
      body: '',
      flag: Flag.RLSE,
      details: 'rate_limiter_error',
    };
  }

  onRequestHead(stream: FilterStream, _end: boolean): FilterResult {
    const { config } = this;
    if (!isDrawn(stream, ENABLED_DRAW, config.enabled) || !this.concerns(stream)) return 'continue';
    if (stream.clusterName === null) return 'continue';
    const descriptors = stream.descriptors(null, config.stage);
    if (descriptors.length === 0) return 'continue';
    stream.ask({
      cluster: config.cluster,
      authority: config.authority === '' ? config.cluster : config.authority,
      path: METHOD,
      message: encodeRateLimitRequest(config.domain, descriptors),
      timeoutMs: config.timeoutMs,
    });
    return 'pause';
  }

  onAnswer(stream: FilterStream, message: Uint8Array | null): void {
    const answer = message === null ? null : parseRateLimitResponse(message);
    const stats = this.statsOf(stream.clusterName ?? '');
    if (answer === null || answer.code === LimitCode.unknown) {
      this.onFailure(stream, stats);
      return;
    }
    stream.addRequestHeaders(answer.requestHeaders);
    if (answer.code === LimitCode.ok) {
      stats.ok += 1;
      stream.addResponseHeaders(answer.responseHeaders);
      stream.resume();
      return;
    }
    stats.over_limit += 1;
    stream.chargeCluster(this.limited.status);
    if (!isDrawn(stream, ENFORCED_DRAW, this.config.enforced)) {
      stream.resume();
      return;
    }
    stream.addResponseHeaders(answer.responseHeaders);
    stream.addResponseHeaders(this.config.responseHeaders);
    if (!this.config.hidesLimited) stream.addResponseHeaders(LIMITED_HEADER);
    stream.respond(this.limited);
  }

  visitStats(visit: (name: string, kind: 'counter' | 'gauge', value: number) => void): void {
    for (const [cluster, stats] of this.stats) {
      for (const [name, value] of Object.entries(stats)) {
        visit(`cluster.${cluster}.ratelimit.${name}`, 'counter', value as number);
      }
    }
  }

  private onFailure(stream: FilterStream, stats: LimitStats): void {
    stats.error += 1;
    if (this.config.deniesOnFailure) {
      stream.respond(this.failed);
      return;
    }
    stats.failure_mode_allowed += 1;
    stream.resume();
  }

  private concerns({ head }: FilterStream): boolean {
    const { requestType } = this.config;
    if (requestType === 'both') return true;
    return (requestType === 'internal') === (head.get('x-envoy-internal') === 'true');
  }

  private statsOf(cluster: string): LimitStats {
    let stats = this.stats.get(cluster);
    if (stats === undefined) {
      stats = { ok: 0, over_limit: 0, error: 0, failure_mode_allowed: 0 };
      this.stats.set(cluster, stats);
    }
    return stats;
  }
}

const LIMITED_HEADER = [
  {
    name: 'x-envoy-ratelimited',
    value: 'true',
    action: 'overwrite-if-exists-or-add' as const,
    keepsEmpty: false,
  },
];

function isDrawn(stream: FilterStream, decision: number, share: FractionalPercent | null): boolean {
  return share === null || stream.draw(decision, share.denominator) < share.numerator;
}
