import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { MILLISECOND, SECOND } from '../../../src/core/time.ts';
import { LatencyEstimate } from '../../../src/mesh/cluster/latency-estimate.ts';

const DECAY = 10 * SECOND;
const estimate = () => new LatencyEstimate(30 * MILLISECOND, DECAY, 0);

describe('the estimate of a host', () => {
  it('begins with the default and counts what is under way', () => {
    const fresh = estimate();
    expect(fresh.load(0)).toBe(30 * MILLISECOND);
    fresh.pending = 2;
    expect(fresh.load(0)).toBe(90 * MILLISECOND);
  });

  it('takes a slow answer at once and forgets it slowly', () => {
    const slow = estimate();
    slow.measured(0, 400 * MILLISECOND);
    expect(slow.load(0)).toBe(400 * MILLISECOND);
    // e^-1 of the peak is left after one decay time.
    slow.measured(DECAY, 0);
    expect(slow.load(DECAY) / MILLISECOND).toBeCloseTo(400 * Math.exp(-1), 6);
  });

  it('of a host that nobody asks falls towards 0 by being read', () => {
    const idle = estimate();
    expect(idle.load(5 * DECAY) / MILLISECOND).toBeCloseTo(30 * Math.exp(-5), 6);
  });

  it('compares a penalty with what is left of the past', () => {
    const failing = estimate();
    failing.measured(0, 8 * SECOND);
    failing.penalised(0, 5 * SECOND);
    expect(failing.load(0)).toBe(8 * SECOND);
    failing.penalised(DECAY, 5 * SECOND);
    expect(failing.load(DECAY)).toBe(5 * SECOND);
  });

  test.prop([
    fc.array(fc.tuple(fc.nat(20 * SECOND), fc.nat(3 * SECOND)), { minLength: 1, maxLength: 30 }),
  ])('never exceeds the slowest answer, nor the default', (answers) => {
    const host = estimate();
    let nowNs = 0;
    let slowest = 30 * MILLISECOND;
    for (const [afterNs, rttNs] of answers) {
      nowNs += afterNs;
      slowest = Math.max(slowest, rttNs);
      host.measured(nowNs, rttNs);
      expect(host.load(nowNs)).toBeLessThanOrEqual(slowest);
    }
  });
});
