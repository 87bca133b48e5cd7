import { describe, expect, it, test } from 'vitest';
import { EjectionType } from '../../../src/core/records.ts';
import { judgeInterval, ResultCounts } from '../../../src/mesh/cluster/outlier-statistics.ts';
import type { OutlierStatistics } from '../../../src/mesh/config/config.ts';
import { equalHosts } from '../../helpers/hosts.ts';

const CONFIG: OutlierStatistics = {
  successRateMinimumHosts: 5,
  successRateRequestVolume: 100,
  successRateStdevFactor: 1_900,
  enforcingSuccessRatePercent: 11,
  enforcingLocalOriginSuccessRatePercent: 12,
  failurePercentageThreshold: 85,
  failurePercentageMinimumHosts: 5,
  failurePercentageRequestVolume: 100,
  enforcingFailurePercentagePercent: 13,
  enforcingLocalOriginFailurePercentagePercent: 14,
};

/** Never by success rate, or never by failures. */
const BY_FAILURES = { successRateMinimumHosts: 99 };
const BY_RATES = { failurePercentageMinimumHosts: 99 };

interface Sketch {
  readonly config?: Partial<OutlierStatistics>;
  readonly ejected?: readonly number[];
  readonly total?: number;
  readonly isLocal?: boolean;
}

/** What is found among hosts with so many successes of `total`: `index type percent`. */
function found(successes: readonly number[], sketch: Sketch = {}): string[] {
  const { config = {}, ejected = [], total = 100, isLocal = false } = sketch;
  const hosts = equalHosts(successes.length);
  hosts.forEach((host, i) => {
    const counts = new ResultCounts();
    for (let n = 0; n < total; n++) counts.count(n < successes[i]!);
    counts.rotate();
    if (isLocal) host.localResults = counts;
    else host.externalResults = counts;
    host.isEjected = ejected.includes(i);
  });
  const names = Object.entries(EjectionType);
  const lines: string[] = [];
  judgeInterval({ ...CONFIG, ...config }, hosts, (host, type, percent) => {
    lines.push(`${host.index} ${names.find(([, value]) => value === type)?.[0]} ${percent}`);
  });
  return lines;
}

describe('the results of a host', () => {
  it('are judged when their interval is over', () => {
    const counts = new ResultCounts();
    counts.count(true);
    counts.count(false);
    expect([counts.total, counts.successes]).toEqual([2, 1]);
    expect([counts.lastTotal, counts.lastSuccesses]).toEqual([0, 0]);
    counts.rotate();
    expect([counts.total, counts.successes]).toEqual([0, 0]);
    expect([counts.lastTotal, counts.lastSuccesses]).toEqual([2, 1]);
  });
});

describe('an outlier by success rate', () => {
  it('lies below the mean by more than the factor times the deviation', () => {
    // Of 100, 100, 100, 100, 50: mean 90, deviation 20; 1.9 of it leads to 52, 2 of it to 50.
    const rates = [100, 100, 100, 100, 50];
    expect(found(rates, { config: BY_RATES })).toEqual(['4 successRate 11']);
    const config = { ...BY_RATES, successRateStdevFactor: 2_000 };
    expect(found(rates, { config })).toEqual([]);
  });

  it('is nobody when all are alike, however bad', () => {
    expect(found([10, 10, 10, 10, 10], { config: BY_RATES })).toEqual([]);
  });

  it('is looked for only among enough hosts with enough requests', () => {
    const rates = [100, 100, 100, 100, 50];
    expect(found(rates.slice(1), { config: BY_RATES })).toEqual([]);
    expect(found(rates, { config: { ...BY_RATES, successRateRequestVolume: 101 } })).toEqual([]);
    const few = { ...BY_RATES, successRateMinimumHosts: 4, successRateStdevFactor: 1_000 };
    expect(found(rates.slice(1), { config: few })).toEqual(['3 successRate 11']);
  });

  it('is compared with hosts that are in rotation only', () => {
    const rates = [100, 100, 100, 100, 100, 0];
    expect(found(rates, { config: BY_RATES })).toEqual(['5 successRate 11']);
    expect(found(rates, { config: BY_RATES, ejected: [5] })).toEqual([]);
    expect(found(rates, { config: BY_RATES, ejected: [0, 1] })).toEqual([]);
  });

  it('by failures on our side has a type and a percentage of its own', () => {
    const rates = [100, 100, 100, 100, 50];
    expect(found(rates, { config: BY_RATES, isLocal: true })).toEqual([
      '4 localOriginSuccessRate 12',
    ]);
  });
});

describe('an outlier by failures', () => {
  test.each<[number, boolean]>([
    [14, true],
    [15, true],
    [16, false],
  ])('with %d of 100 successes at a threshold of 85 %%: %s', (successes, isOut) => {
    const lines = found([100, 100, 100, 100, successes], { config: BY_FAILURES });
    expect(lines).toEqual(isOut ? ['4 failurePercentage 13'] : []);
  });

  it('may be everybody', () => {
    expect(found([0, 0, 0, 0, 0], { config: BY_FAILURES })).toHaveLength(5);
  });

  it('is looked for only among enough hosts with enough requests', () => {
    const all = [0, 0, 0, 0, 0];
    expect(found(all.slice(1), { config: BY_FAILURES })).toEqual([]);
    expect(found(all, { config: BY_FAILURES, total: 99 })).toEqual([]);
    expect(found(all, { config: BY_FAILURES, ejected: [0] })).toEqual([]);
  });

  it('by failures on our side has a type and a percentage of its own', () => {
    const lines = found([100, 100, 100, 100, 0], { config: BY_FAILURES, isLocal: true });
    expect(lines).toEqual(['4 localOriginFailurePercentage 14']);
  });

  it('is nobody who was not asked at all', () => {
    const config = { ...BY_FAILURES, failurePercentageRequestVolume: 0 };
    expect(found([0, 0, 0, 0, 0], { config, total: 0 })).toEqual([]);
  });
});

describe('a host', () => {
  it('may be an outlier in both ways, by its rate first', () => {
    expect(found([100, 100, 100, 100, 0])).toEqual(['4 successRate 11', '4 failurePercentage 13']);
  });
});
