/**
 * Local rate limit: a token bucket in this proxy; who finds it empty is answered 429.
 *
 * The bucket refills continuously and needs no timer: its state is the moment at which it was, or
 * would have been, empty. Invariant: a refused request takes nothing.
 * Source: policy-engine.md §9.2; Envoy, local rate limit filter and token bucket.
 */
import type { Clock } from '../../core/engine.ts';
import { Flag } from '../../core/records.ts';
import { MILLISECOND } from '../../core/time.ts';
import type { LocalRateLimitConfig, TokenBucketConfig } from '../config/config.ts';
import type { FilterResult, FilterStream, HttpFilter, LocalReply } from './http-filter.ts';

const ENABLED_DRAW = 0;
const ENFORCED_DRAW = 1;

/** Tokens that come back at a constant rate, up to a most. */
export class TokenBucket {
  private readonly maxTokens: number;
  private readonly tokensPerMs: number;
  /** When it was empty, ms, real; full at first. */
  private emptyMs: number;

  constructor(config: TokenBucketConfig, nowMs: number) {
    this.maxTokens = config.maxTokens;
    this.tokensPerMs = config.tokensPerFill / config.fillIntervalMs;
    this.emptyMs = nowMs - config.maxTokens / this.tokensPerMs;
  }

  /** @returns whether there was a whole token, which is gone then */
  take(nowMs: number): boolean {
    const tokens = Math.min(this.maxTokens, (nowMs - this.emptyMs) * this.tokensPerMs);
    if (tokens < 1) return false;
    this.emptyMs = nowMs - (tokens - 1) / this.tokensPerMs;
    return true;
  }
}

export class LocalRateLimit implements HttpFilter {
  readonly name = 'envoy.filters.http.local_ratelimit';
  readonly hasOwnScope = true;
  private readonly clock: Clock;
  private readonly config: LocalRateLimitConfig;
  private readonly reply: LocalReply;
  private readonly bucket: TokenBucket | null;
  /** Routes share their configuration objects. */
  private readonly byRoute = new Map<LocalRateLimitConfig, LocalRateLimit>();
  private enabled = 0;
  private ok = 0;
  private rateLimited = 0;
  private enforced = 0;

  constructor(config: LocalRateLimitConfig, clock: Clock) {
    this.clock = clock;
    this.config = config;
    this.reply = {
      status: config.status < 400 ? 429 : config.status,
      grpcStatus: null,
      body: 'local_rate_limited',
      flag: Flag.RL,
      details: 'local_rate_limited',
    };
    this.bucket = config.bucket === null ? null : new TokenBucket(config.bucket, this.nowMs);
  }

  onRequestHead(stream: FilterStream, _end: boolean): FilterResult {
    const route = stream.routeFilter('local-rate-limit');
    return route === null ? this.judge(stream) : this.forRoute(route.config).judge(stream);
  }

  visitStats(visit: (name: string, kind: 'counter' | 'gauge', value: number) => void): void {
    const prefix = `${this.config.statPrefix}.http_local_rate_limit.`;
    visit(`${prefix}enabled`, 'counter', this.enabled);
    visit(`${prefix}ok`, 'counter', this.ok);
    visit(`${prefix}rate_limited`, 'counter', this.rateLimited);
    visit(`${prefix}enforced`, 'counter', this.enforced);
    for (const filter of this.byRoute.values()) filter.visitStats(visit);
  }

  private judge(stream: FilterStream): FilterResult {
    const { enabled, enforced, whenNotEnforced } = this.config;
    if (!isDrawn(stream, ENABLED_DRAW, enabled)) return 'continue';
    this.enabled += 1;
    if (this.bucket === null || this.bucket.take(this.nowMs)) {
      this.ok += 1;
      return 'continue';
    }
    this.rateLimited += 1;
    if (!isDrawn(stream, ENFORCED_DRAW, enforced)) {
      stream.addRequestHeaders(whenNotEnforced);
      return 'continue';
    }
    this.enforced += 1;
    stream.respond(this.reply);
    return 'pause';
  }

  private forRoute(config: LocalRateLimitConfig): LocalRateLimit {
    let filter = this.byRoute.get(config);
    if (filter === undefined) {
      filter = new LocalRateLimit(config, this.clock);
      this.byRoute.set(config, filter);
    }
    return filter;
  }

  private get nowMs(): number {
    return this.clock.nowNs / MILLISECOND;
  }
}

function isDrawn(
  stream: FilterStream,
  decision: number,
  share: LocalRateLimitConfig['enabled'],
): boolean {
  return share !== null && stream.draw(decision, share.denominator) < share.numerator;
}
