import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LocalRateLimitConfig } from '../../../src/mesh/config/config.ts';
import { TokenBucket } from '../../../src/mesh/filters/token-bucket.ts';
import { OneProxy } from '../engine/one-proxy.ts';

const ALWAYS = { numerator: 100, denominator: 100 } as const;

function proxyWith(partial: Partial<LocalRateLimitConfig>): OneProxy {
  const config: LocalRateLimitConfig = {
    statPrefix: 'rl',
    bucket: { maxTokens: 1, tokensPerFill: 1, fillIntervalMs: 60_000 },
    enabled: ALWAYS,
    enforced: ALWAYS,
    status: 429,
    whenNotEnforced: [],
    ...partial,
  };
  return new OneProxy({ listener: { filters: [{ kind: 'local-rate-limit', config }] } });
}

describe('the token bucket', () => {
  it('never gives more than it holds at first and gets back since', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), gaps, (maxTokens, waits) => {
        const bucket = new TokenBucket({ maxTokens, tokensPerFill: 1, fillIntervalMs: 100 }, 0);
        let nowMs = 0;
        let taken = 0;
        for (const wait of waits) {
          nowMs += wait;
          if (bucket.take(nowMs)) taken++;
          expect(taken).toBeLessThanOrEqual(maxTokens + nowMs / 100 + 1e-6);
        }
      }),
    );
  });

  it('gives the next token as soon as it is whole, not at the end of an interval', () => {
    const bucket = new TokenBucket({ maxTokens: 1, tokensPerFill: 2, fillIntervalMs: 100 }, 0);
    expect([bucket.take(0), bucket.take(49), bucket.take(50)]).toEqual([true, false, true]);
  });
});

describe('the local rate limit', () => {
  it('answers 429 with the flag RL and counts', () => {
    const proxy = proxyWith({});
    proxy.request({});
    proxy.request({});
    expect(proxy.outcome).toBe('429 RL local_rate_limited');
    const counts = ['enabled', 'ok', 'rate_limited', 'enforced'];
    const stats = counts.map((name) => proxy.stat(`rl.http_local_rate_limit.${name}`));
    expect(stats).toEqual([2, 1, 1, 1]);
  });

  it('passes what it does not enforce', () => {
    const proxy = proxyWith({ enforced: null });
    proxy.request({});
    proxy.request({});
    expect(proxy.stat('rl.http_local_rate_limit.rate_limited')).toBe(1);
    expect(proxy.stat('rl.http_local_rate_limit.enforced')).toBe(0);
  });

  it('does nothing until it is enabled', () => {
    const proxy = proxyWith({ enabled: null });
    proxy.request({});
    proxy.request({});
    expect(proxy.stat('rl.http_local_rate_limit.enabled')).toBe(0);
  });

  it('says when to come again, unless something else does', () => {
    const told = proxyWith({ tellsRetryAfter: true });
    told.request({});
    told.advance(1_500);
    told.request({});
    expect(told.logged.responseHead?.get('retry-after')).toBe('59');
    const other = proxyWith({ tellsRetryAfter: true, status: 503 });
    other.request({});
    other.request({});
    expect(other.logged.responseHead?.get('retry-after')).toBeUndefined();
  });
});
