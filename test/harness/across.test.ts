import { describe, expect, it } from 'vitest';
import type { Summary } from '../../src/core/summary.ts';
import { acrossRuns } from '../../src/harness/across.ts';

function summaryWith(recoveredAtS: number | null): Summary {
  return {
    clients: [],
    edges: [{ from: 'a', to: 'b-c', retries: recoveredAtS ?? 0 }],
    services: [{ name: 'a', version: 'v1', served: 1 }],
    proxies: { addedLatencyMs: { p50: 1, p99: 2 }, cpuCores: 0, memoryMiB: 0 },
    ejections: [],
    recovery: { baselineGoodputRps: 1, triggerEndS: 2, recoveredAtS, metastable: false },
  } as unknown as Summary;
}

describe('figures across runs', () => {
  it('are named as expressions name them', () => {
    const names = Object.keys(acrossRuns([summaryWith(1)]));
    expect(names).toContain('edges["a->b-c"].retries');
    expect(names).toContain('services["a@version=v1"].served');
    expect(names).toContain('proxies.addedLatencyMs.p99');
    expect(names).toContain('recovery.recoveredAtS');
  });

  it('leave out runs without the figure', () => {
    const across = acrossRuns([summaryWith(3), summaryWith(null), summaryWith(5)]);
    expect(across['recovery.recoveredAtS']).toMatchObject({ min: 3, median: 4, max: 5 });
  });

  /** Ranks from a table of the sign test's 95 % interval. */
  it.each([
    [5, 1, 5],
    [6, 1, 6],
    [8, 1, 8],
    [9, 2, 8],
    [15, 4, 12],
    [20, 6, 15],
    [25, 8, 18],
    [50, 18, 33],
    [2000, 957, 1044],
  ])('hold the median of %i runs between ranks %i and %i', (count, low, high) => {
    const runs = Array.from({ length: count }, (_, index) => summaryWith(index + 1));
    expect(acrossRuns(runs)['recovery.recoveredAtS']?.ci95).toEqual([low, high]);
  });
});
