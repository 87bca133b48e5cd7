import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { SECOND } from '../../../src/core/time.ts';
import { RetryTokens } from '../../../src/mesh/policy/retry-tokens.ts';

const DEFAULTS = { retryRatio: 0.2, minRetriesPerSecond: 10, ttlMs: 10_000 };

function spend(tokens: RetryTokens, nowNs: number): number {
  let spent = 0;
  while (spent < 10_000 && tokens.withdraw(nowNs)) spent++;
  return spent;
}

describe('the budget of retries', () => {
  it('lets a client that did nothing retry a hundred times at once', () => {
    expect(spend(new RetryTokens(DEFAULTS), 0)).toBe(100);
  });

  it('gives them back when their slots are old', () => {
    const tokens = new RetryTokens(DEFAULTS);
    spend(tokens, 0);
    expect(spend(tokens, 10 * SECOND)).toBe(0);
    expect(spend(tokens, 11 * SECOND)).toBe(100);
  });

  it('pays one retry for five requests at a ratio of 0.2', () => {
    const tokens = new RetryTokens({ ...DEFAULTS, minRetriesPerSecond: 0 });
    for (let i = 0; i < 4; i++) tokens.deposit(0);
    expect(tokens.withdraw(0)).toBe(false);
    tokens.deposit(0);
    expect(tokens.withdraw(0)).toBe(true);
    expect(tokens.withdraw(0)).toBe(false);
  });

  it('pays several for one above 1, and only the reserve at 0', () => {
    const generous = new RetryTokens({ retryRatio: 3, minRetriesPerSecond: 0, ttlMs: 10_000 });
    generous.deposit(0);
    expect(spend(generous, 0)).toBe(3);
    const none = new RetryTokens({ retryRatio: 0, minRetriesPerSecond: 2, ttlMs: 1_500 });
    none.deposit(0);
    expect(spend(none, 0)).toBe(2);
  });

  it('pays in thousandths above a ratio of 1, rounded down', () => {
    const tokens = new RetryTokens({ retryRatio: 1.5, minRetriesPerSecond: 0, ttlMs: 10_000 });
    tokens.deposit(0);
    // 1,000 paid in, 666 for each retry.
    expect(spend(tokens, 0)).toBe(1);
    for (let i = 0; i < 2; i++) tokens.deposit(0);
    expect(spend(tokens, 0)).toBe(3);
  });

  it('divides in single precision, as the original does', () => {
    // 0.1 is a little more than a tenth there: its inverse is 9.99… in double precision, 10 in single.
    const tenth = new RetryTokens({ retryRatio: 0.1, minRetriesPerSecond: 0, ttlMs: 10_000 });
    for (let i = 0; i < 9; i++) tenth.deposit(0);
    expect(tenth.withdraw(0)).toBe(false);
    tenth.deposit(0);
    expect(tenth.withdraw(0)).toBe(true);
  });

  it('counts a reserve by whole seconds of the ttl', () => {
    const of = (ttlMs: number) =>
      spend(new RetryTokens({ retryRatio: 0.2, minRetriesPerSecond: 2, ttlMs }), 0);
    expect([1_000, 1_999, 2_000].map(of)).toEqual([2, 2, 4]);
  });

  it('rounds the price of a retry down to whole requests up to a ratio of 1', () => {
    const tokens = new RetryTokens({ retryRatio: 0.3, minRetriesPerSecond: 0, ttlMs: 10_000 });
    for (let i = 0; i < 3; i++) tokens.deposit(0);
    expect(spend(tokens, 0)).toBe(1);
  });

  it('at a ratio of exactly 1 pays one retry for each request', () => {
    const equal = new RetryTokens({ retryRatio: 1, minRetriesPerSecond: 0, ttlMs: 10_000 });
    for (let i = 0; i < 3; i++) equal.deposit(0);
    expect(spend(equal, 0)).toBe(3);
  });

  it('forgets what was paid in after eleven tenths of the ttl', () => {
    const tokens = new RetryTokens({ retryRatio: 1, minRetriesPerSecond: 0, ttlMs: 10_000 });
    tokens.deposit(0);
    expect(spend(tokens, 11 * SECOND)).toBe(0);
    tokens.deposit(20 * SECOND);
    expect(spend(tokens, 31 * SECOND - 1)).toBe(1);
  });

  test.prop([
    fc.double({ min: 0.01, max: 1, noNaN: true }),
    fc.nat(20),
    fc.array(fc.tuple(fc.nat(3 * SECOND), fc.boolean()), { maxLength: 200 }),
  ])(
    'never allows more than the reserve and the share of what ended lately',
    (ratio, free, steps) => {
      const tokens = new RetryTokens({
        retryRatio: ratio,
        minRetriesPerSecond: free,
        ttlMs: 10_000,
      });
      let nowNs = 0;
      let ended = 0;
      let retried = 0;
      for (const [afterNs, isRetry] of steps) {
        nowNs += afterNs % (SECOND / 50); // all within the ttl
        if (isRetry && tokens.withdraw(nowNs)) retried++;
        if (!isRetry) {
          tokens.deposit(nowNs);
          ended++;
        }
        expect(retried).toBeLessThanOrEqual(free * 10 + ended / Math.trunc(1 / ratio) + 1e-9);
      }
    },
  );
});
