/**
 * Local rate limit: token buckets in this proxy; who finds one empty is answered 429.
 *
 * A bucket refills continuously and needs no timer: its state is the moment at which it was, or
 * would have been, empty. Requests may have descriptors, of which some have buckets of their own.
 * Invariant: a refusal takes nothing from the bucket that refuses; what others gave is gone.
 * Source: policy-engine.md §9.2; Envoy, local rate limit filter and token bucket.
 */
import type { Clock, PeerFacts } from '../../core/engine.ts';
import { Flag } from '../../core/records.ts';
import { MILLISECOND } from '../../core/time.ts';
import type { LocalRateLimitConfig } from '../config/config.ts';
import { DescriptorRules } from '../route/descriptors.ts';
import type { FilterResult, FilterStream, HttpFilter, LocalReply } from './http-filter.ts';
import { DescriptorBuckets, type Limit } from './limit-buckets.ts';
import { TokenBucket } from './token-bucket.ts';

const ENABLED_DRAW = 0;
const ENFORCED_DRAW = 1;
/** gRPC: "resource exhausted". */
const EXHAUSTED = 8;

/** The buckets of one listener or route, or of one connection of it. */
interface Buckets {
  readonly main: TokenBucket | null;
  readonly descriptors: DescriptorBuckets | null;
}

export class LocalRateLimit implements HttpFilter {
  readonly name = 'envoy.filters.http.local_ratelimit';
  readonly hasOwnScope = true;
  private readonly clock: Clock;
  private readonly config: LocalRateLimitConfig;
  private readonly reply: LocalReply;
  private readonly shared: Buckets;
  /** By connection, as long as its peer lives; null = all connections share. */
  private readonly ofPeers: WeakMap<PeerFacts, Buckets> | null;
  /** In place of the route's; null = the route's. */
  private readonly tellsRetryAfter: boolean;
  private readonly ownRules: DescriptorRules | null;
  /** Routes share their configuration objects. */
  private readonly byRoute = new Map<LocalRateLimitConfig, LocalRateLimit>();
  private enabled = 0;
  private ok = 0;
  private rateLimited = 0;
  private enforced = 0;
  private shadowMode = 0;

  constructor(config: LocalRateLimitConfig, clock: Clock) {
    this.clock = clock;
    this.config = config;
    this.reply = {
      status: config.status < 400 ? 429 : config.status,
      grpcStatus: config.tellsExhausted === true ? EXHAUSTED : null,
      body: 'local_rate_limited',
      flag: Flag.RL,
      details: 'local_rate_limited',
    };
    this.shared = this.newBuckets();
    this.ofPeers = config.isPerConnection === true ? new WeakMap() : null;
    const { rateLimits } = config;
    // One that the configuration adds stays.
    this.tellsRetryAfter =
      config.tellsRetryAfter === true &&
      this.reply.status === 429 &&
      config.responseHeaders?.some(({ name }) => name === 'retry-after') !== true;
    this.ownRules = rateLimits === undefined ? null : new DescriptorRules(rateLimits);
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
    visit(`${prefix}shadow_mode`, 'counter', this.shadowMode);
    for (const filter of this.byRoute.values()) filter.visitStats(visit);
  }

  private judge(stream: FilterStream): FilterResult {
    const { enabled, enforced, whenNotEnforced, responseHeaders } = this.config;
    if (!isDrawn(stream, ENABLED_DRAW, enabled)) return 'continue';
    this.enabled += 1;
    const refusal = this.refusalOf(stream);
    if (refusal === null) {
      this.ok += 1;
      return 'continue';
    }
    this.rateLimited += 1;
    if (refusal.isShadow) {
      this.shadowMode += 1;
      return 'continue';
    }
    if (!isDrawn(stream, ENFORCED_DRAW, enforced)) {
      stream.addRequestHeaders(whenNotEnforced);
      return 'continue';
    }
    this.enforced += 1;
    if (responseHeaders !== undefined) stream.addResponseHeaders(responseHeaders);
    if (this.tellsRetryAfter) {
      const seconds = Math.max(1, refusal.bucket.secondsToToken(this.nowMs));
      stream.addResponseHeaders([header('retry-after', seconds)]);
    }
    stream.respond(this.reply);
    return 'pause';
  }

  /** null = the request may pass. */
  private refusalOf(stream: FilterStream): Limit | null {
    const { main, descriptors } = this.bucketsFor(stream);
    const { nowMs } = this;
    const matched = descriptors === null ? NO_LIMITS : this.limitsOf(stream, descriptors);
    let shadow: Limit | null = null;
    for (const limit of matched) {
      if (limit.bucket.take(nowMs)) continue;
      if (limit.isShadow && this.config.shadowStops !== true) {
        shadow ??= limit;
        continue;
      }
      this.tell(stream, limit.bucket);
      return limit;
    }
    const asksMain = matched.length === 0 || this.config.sparesBucket !== true;
    if (asksMain && main !== null && !main.take(nowMs)) {
      this.tell(stream, main);
      return { bucket: main, isShadow: false };
    }
    const told = shadow?.bucket ?? matched[0]?.bucket ?? main;
    if (told !== null) this.tell(stream, told);
    return shadow;
  }

  private limitsOf(stream: FilterStream, buckets: DescriptorBuckets): readonly Limit[] {
    const found = stream.descriptors(this.ownRules, this.config.stage ?? 0);
    return found.length === 0 ? NO_LIMITS : buckets.of(found, this.nowMs);
  }

  private tell(stream: FilterStream, bucket: TokenBucket): void {
    if (this.config.tellsLimits !== true) return;
    const { nowMs } = this;
    stream.addResponseHeaders([
      header('x-ratelimit-limit', bucket.maxTokens),
      header('x-ratelimit-remaining', Math.floor(bucket.tokensAt(nowMs))),
      header('x-ratelimit-reset', bucket.secondsToToken(nowMs)),
    ]);
  }

  private bucketsFor(stream: FilterStream): Buckets {
    if (this.ofPeers === null) return this.shared;
    const { peer } = stream;
    let buckets = this.ofPeers.get(peer);
    if (buckets === undefined) this.ofPeers.set(peer, (buckets = this.newBuckets()));
    return buckets;
  }

  private newBuckets(): Buckets {
    const { bucket, descriptors, maxDynamicDescriptors } = this.config;
    const { nowMs } = this;
    return {
      main: bucket === null ? null : new TokenBucket(bucket, nowMs),
      descriptors:
        descriptors === undefined
          ? null
          : new DescriptorBuckets(descriptors, maxDynamicDescriptors ?? MOST_DYNAMIC, nowMs),
    };
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

const NO_LIMITS: readonly Limit[] = [];
/** Envoy's `max_dynamic_descriptors`. */
const MOST_DYNAMIC = 20;

function header(name: string, value: number) {
  const action = 'overwrite-if-exists-or-add' as const;
  return { name, value: String(value), action, keepsEmpty: false };
}

function isDrawn(
  stream: FilterStream,
  decision: number,
  share: LocalRateLimitConfig['enabled'],
): boolean {
  return share !== null && stream.draw(decision, share.denominator) < share.numerator;
}
