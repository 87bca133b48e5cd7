/**
 * Arrivals are Poisson: numbers per second, gaps, and independence of neighbouring seconds.
 * Exact bands at a chance of 10⁻⁶, known parameters. Source: validation.md §11.6, §12.
 */
import { describe, expect, it } from 'vitest';
import { Draws } from '../../src/core/draws.ts';
import { SECOND } from '../../src/core/time.ts';
import { OpenLoop } from '../../src/workload/open-loop.ts';
import { Z_ALPHA } from './statistics.ts';

const RATE = 100;
const SECONDS = 2000;

/** Arrival times of one client, seconds. */
function arrivals(seed: string): number[] {
  const load = {
    kind: 'open' as const,
    arrivals: 'poisson' as const,
    rateRps: RATE,
    burstSize: 0,
    burstEveryNs: 0,
    stages: [],
  };
  const loop = new OpenLoop(load, new Draws(seed), 'client/c');
  const times: number[] = [];
  while (loop.nextNs < SECONDS * SECOND) {
    times.push(loop.nextNs / SECOND);
    loop.advance();
  }
  return times;
}

describe('Poisson arrivals', () => {
  const times = arrivals('1');
  const counts = new Array<number>(SECONDS).fill(0);
  for (const time of times) counts[Math.floor(time)]! += 1;

  it('are as many as the rate says', () => {
    const expected = RATE * SECONDS;
    expect(Math.abs(times.length - expected)).toBeLessThan(Z_ALPHA * Math.sqrt(expected));
  });

  it('vary from second to second as their mean does', () => {
    const squares = counts.reduce((sum, count) => sum + (count - RATE) ** 2, 0);
    // Index of dispersion: its variance is (2 + 1/λ)/n.
    const index = squares / SECONDS / RATE;
    expect(Math.abs(index - 1)).toBeLessThan(Z_ALPHA * Math.sqrt((2 + 1 / RATE) / SECONDS));
  });

  it('of one second say nothing about the next', () => {
    let product = 0;
    for (let at = 1; at < SECONDS; at++) {
      product += ((counts[at - 1] ?? 0) - RATE) * ((counts[at] ?? 0) - RATE);
    }
    expect(Math.abs(product / SECONDS / RATE)).toBeLessThan(Z_ALPHA / Math.sqrt(SECONDS));
  });

  it('have exponential gaps (Kolmogorov–Smirnov)', () => {
    const gaps = times.map((time, at) => time - (times[at - 1] ?? 0)).sort((a, b) => a - b);
    const distance = gaps.reduce((most, gap, at) => {
      const cdf = 1 - Math.exp(-RATE * gap);
      return Math.max(most, (at + 1) / gaps.length - cdf, cdf - at / gaps.length);
    }, 0);
    expect(distance * Math.sqrt(gaps.length)).toBeLessThan(2.693);
  });
});
