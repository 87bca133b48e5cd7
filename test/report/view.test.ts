import { describe, expect, test } from 'vitest';
import { meanOver, slidingRatio } from '../../src/report/view.ts';

describe('meanOver', () => {
  test('weighs buckets by their length inside the span', () => {
    expect(meanOver([0, 1, 3], [10, 40], 0, 3)).toBe(30);
    expect(meanOver([0, 1, 3], [10, 40], 0.5, 2)).toBeCloseTo(30);
  });

  test('leaves out what is missing, and is null where all is', () => {
    expect(meanOver([0, 1, 2], [null, 5], 0, 2)).toBe(5);
    expect(meanOver([0, 1, 2], [null, 5], 0, 1)).toBeNull();
  });
});

describe('slidingRatio', () => {
  const edgesS = [0, 1, 2, 3, 4, 5];

  test('attempts that come a second after their requests make no peak', () => {
    const requests = [10, 10, 0, 10, 10];
    const attempts = [10, 10, 10, 0, 10];
    const ratios = slidingRatio(edgesS, attempts, requests, 5).map((value) => value ?? 0);
    expect(Math.max(...ratios)).toBeLessThan(1.6);
  });

  test('is the plain ratio where both are steady, at the ends too', () => {
    expect(slidingRatio(edgesS, [30, 30, 30, 30, 30], [10, 10, 10, 10, 10], 3)).toEqual([
      3, 3, 3, 3, 3,
    ]);
  });

  test('is null without requests', () => {
    expect(slidingRatio([0, 1], [0], [0], 10)).toEqual([null]);
  });
});
