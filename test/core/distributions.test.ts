import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DistributionSpec } from '../../src/core/distributions.ts';
import { DurationSampler } from '../../src/core/distributions.ts';
import { Draws } from '../../src/core/draws.ts';
import { erf, gammaP } from '../../src/core/math.ts';
import { MILLISECOND } from '../../src/core/time.ts';

const draws = new Draws('distributions');
const stream = draws.stream('test');
const MS = MILLISECOND;

const phi = (x: number) => 0.5 * (1 + erf(x / Math.SQRT2));

interface Law {
  readonly name: string;
  readonly spec: DistributionSpec;
  readonly meanNs: number;
  /** Closed form, written with `Math.*`. */
  readonly cdf: (x: number) => number;
  /** Of one value, to judge the mean of many. */
  readonly stdDevNs: number;
}

const laws: readonly Law[] = [
  {
    name: 'uniform',
    spec: { kind: 'uniform', minNs: 2 * MS, maxNs: 6 * MS },
    meanNs: 4 * MS,
    stdDevNs: (4 * MS) / Math.sqrt(12),
    cdf: (x) => Math.min(1, Math.max(0, (x - 2 * MS) / (4 * MS))),
  },
  {
    name: 'exponential',
    spec: { kind: 'exponential', meanNs: MS },
    meanNs: MS,
    stdDevNs: MS,
    cdf: (x) => 1 - Math.exp(-x / MS),
  },
  {
    name: 'normal',
    spec: { kind: 'normal', meanNs: 10 * MS, stdDevNs: MS },
    meanNs: 10 * MS,
    stdDevNs: MS,
    cdf: (x) => phi((x - 10 * MS) / MS),
  },
  {
    name: 'lognormal by two quantiles',
    spec: { kind: 'lognormal', p50Ns: 2 * MS, p99Ns: 20 * MS },
    meanNs: 2 * MS * Math.exp(0.5 * (Math.log(10) / 2.3263478740408408) ** 2),
    stdDevNs: 5 * MS,
    cdf: (x) => phi((Math.log(x / (2 * MS)) * 2.3263478740408408) / Math.log(10)),
  },
  {
    name: 'lognormal by mean and sigma',
    spec: { kind: 'lognormal', meanNs: 3 * MS, sigma: 0.5 },
    meanNs: 3 * MS,
    stdDevNs: 3 * MS * Math.sqrt(Math.exp(0.25) - 1),
    cdf: (x) => phi((Math.log(x / (3 * MS)) + 0.125) / 0.5),
  },
  {
    name: 'Pareto',
    spec: { kind: 'pareto', scaleNs: MS, shape: 2.5 },
    meanNs: (2.5 / 1.5) * MS,
    stdDevNs: MS * Math.sqrt(2.5 / (1.5 ** 2 * 0.5)),
    cdf: (x) => (x < MS ? 0 : 1 - (MS / x) ** 2.5),
  },
  {
    name: 'gamma',
    spec: { kind: 'gamma', meanNs: 5 * MS, shape: 0.7 },
    meanNs: 5 * MS,
    stdDevNs: (5 * MS) / Math.sqrt(0.7),
    cdf: (x) => gammaP(0.7, (0.7 * x) / (5 * MS)),
  },
  {
    name: 'Erlang',
    spec: { kind: 'erlang', meanNs: 3 * MS, stages: 3 },
    meanNs: 3 * MS,
    stdDevNs: Math.sqrt(3) * MS,
    cdf: (x) => 1 - Math.exp(-x / MS) * (1 + x / MS + 0.5 * (x / MS) ** 2),
  },
  {
    name: 'Weibull',
    spec: { kind: 'weibull', scaleNs: 2 * MS, shape: 0.5 },
    meanNs: 4 * MS,
    stdDevNs: 2 * MS * Math.sqrt(20),
    cdf: (x) => 1 - Math.exp(-Math.sqrt(Math.max(0, x) / (2 * MS))),
  },
  {
    name: 'empirical',
    spec: {
      kind: 'empirical',
      scale: 'linear',
      quantiles: [
        [0, MS],
        [0.875, 3 * MS],
        [1, 13 * MS],
      ],
    },
    meanNs: 0.875 * 2 * MS + 0.125 * 8 * MS,
    stdDevNs: 3 * MS,
    cdf: (x) => (x < 3 * MS ? (0.4375 * (x - MS)) / MS : 0.875 + (0.0125 * (x - 3 * MS)) / MS),
  },
  {
    name: 'mixture',
    spec: {
      kind: 'mixture',
      parts: [
        { weight: 3, of: { kind: 'exponential', meanNs: MS } },
        { weight: 1, of: { kind: 'uniform', minNs: 10 * MS, maxNs: 20 * MS } },
      ],
    },
    meanNs: 0.75 * MS + 0.25 * 15 * MS,
    stdDevNs: 7 * MS,
    cdf: (x) =>
      0.75 * (1 - Math.exp(-x / MS)) + 0.25 * Math.min(1, Math.max(0, (x - 10 * MS) / (10 * MS))),
  },
  {
    name: 'exponential between limits',
    spec: { kind: 'exponential', meanNs: MS, minNs: MS / 2, maxNs: 2 * MS },
    // The integral of x e^-x over [1/2, 2], by its share of the whole.
    meanNs: (MS * (1.5 * Math.exp(-0.5) - 3 * Math.exp(-2))) / (Math.exp(-0.5) - Math.exp(-2)),
    stdDevNs: 0.4 * MS,
    cdf: (x) => (Math.exp(-0.5) - Math.exp(-x / MS)) / (Math.exp(-0.5) - Math.exp(-2)),
  },
];

describe.each(laws)('$name', ({ spec, meanNs, stdDevNs, cdf }) => {
  const sampler = new DurationSampler(spec);

  test('has the mean of the closed form', () => {
    expect(sampler.isConstant).toBe(false);
    expect(Math.abs(sampler.meanNs / meanNs - 1)).toBeLessThan(1e-6);
  });

  test('its quantile is the inverse of the closed form, far into both tails', () => {
    for (const u of [
      1e-7,
      1e-4,
      0.004,
      0.0079,
      0.01,
      0.1,
      0.5,
      0.9,
      0.99,
      0.9921,
      0.999,
      1 - 1e-7,
    ]) {
      const x = sampler.quantile(u);
      // Rounding to a whole ns may move it by half a ns, the table by what the header says.
      const slack = 0.5 + 3e-4 * x;
      expect(cdf(x - slack)).toBeLessThanOrEqual(u + 1e-12);
      expect(cdf(x + slack)).toBeGreaterThanOrEqual(u - 1e-12);
    }
  });

  test('samples follow the law (Kolmogorov-Smirnov at 1 %) and have its mean', () => {
    const count = 20_000;
    const samples = new Float64Array(count);
    for (let uid = 0; uid < count; uid++) samples[uid] = sampler.sample(draws, stream, uid, 0);
    samples.sort();
    let distance = 0;
    let sum = 0;
    samples.forEach((sample, rank) => {
      const p = cdf(sample);
      distance = Math.max(distance, Math.abs(p - rank / count), Math.abs(p - (rank + 1) / count));
      sum += sample;
    });
    expect(distance * Math.sqrt(count)).toBeLessThan(1.63);
    expect(Math.abs(sum / count - meanNs)).toBeLessThan((3.5 * stdDevNs) / Math.sqrt(count));
    expect(samples.every((sample) => Number.isInteger(sample) && sample >= 0)).toBe(true);
  });
});

describe('sample', () => {
  const sampler = new DurationSampler({ kind: 'exponential', meanNs: MS });

  test('is the quantile of the keyed draw, so it rises with it and comes again', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(100), (uid, index) => {
        const value = sampler.sample(draws, stream, uid, index);
        expect(sampler.sample(draws, stream, uid, index)).toBe(value);
        const exact = sampler.quantile(draws.unit(stream, uid, index));
        // In the table a sample uses 32 of the 53 bits.
        expect(Math.abs(value - exact)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 1000 },
    );
  });

  test('of a constant law uses no draw', () => {
    const constant = new DurationSampler({ kind: 'constant', valueNs: 7 });
    const untouchable = new Proxy(draws, {
      get: () => expect.fail('a constant sampler has drawn'),
    });
    expect(constant.isConstant).toBe(true);
    expect([constant.sample(untouchable, stream, 1, 2), constant.meanNs]).toEqual([7, 7]);
    expect(constant.quantile(0.3)).toBe(7);
  });

  test('of a law without spread is constant too', () => {
    const specs: DistributionSpec[] = [
      { kind: 'uniform', minNs: 5, maxNs: 5 },
      { kind: 'normal', meanNs: 5, stdDevNs: 0 },
      { kind: 'lognormal', meanNs: 5, sigma: 0 },
      { kind: 'lognormal', p50Ns: 5, p99Ns: 5 },
    ];
    for (const spec of specs) {
      const constant = new DurationSampler(spec);
      expect([constant.isConstant, constant.quantile(0.9)]).toEqual([true, 5]);
    }
  });

  test('stays within 52 days, however heavy the tail', () => {
    const wild = new DurationSampler({ kind: 'pareto', scaleNs: MS, shape: 0.1 });
    expect(wild.meanNs).toBe(Infinity);
    expect(wild.quantile(1)).toBe(2 ** 52);
    expect(wild.quantile(0)).toBe(MS);
    for (let uid = 0; uid < 1000; uid++) {
      expect(wild.sample(draws, stream, uid, 0)).toBeLessThanOrEqual(2 ** 52);
    }
  });
});

test('a gamma law of tiny shape is mostly 0 and still has its mean', () => {
  const sampler = new DurationSampler({ kind: 'gamma', meanNs: MS, shape: 0.01 });
  const quantiles = [0, 1e-9, 0.005, 0.1, 0.5, 0.999].map((u) => sampler.quantile(u));
  expect(quantiles.slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
  expect(quantiles[5]).toBeGreaterThan(10 * MS);
  expect(sampler.meanNs).toBe(MS);
});

test('the far tail of the exponential law is exact', () => {
  const sampler = new DurationSampler({ kind: 'exponential', meanNs: 1000 * MS });
  for (const power of [10, 20, 30, 40, 52]) {
    expect(sampler.quantile(1 - 2 ** -power)).toBe(Math.round(1000 * MS * power * Math.LN2));
  }
});

test('arrivals and service times from it make an M/M/1 queue at 90 % load wait as theory says', () => {
  const arrivals = new DurationSampler({ kind: 'exponential', meanNs: 10 * MS });
  const services = new DurationSampler({ kind: 'exponential', meanNs: 9 * MS });
  const [arrivalStream, serviceStream] = [draws.stream('arrival'), draws.stream('service')];
  const count = 1_000_000;
  let wait = 0;
  let sum = 0;
  for (let uid = 0; uid < count; uid++) {
    sum += wait;
    const service = services.sample(draws, serviceStream, uid, 0);
    wait = Math.max(0, wait + service - arrivals.sample(draws, arrivalStream, uid, 0));
  }
  // rho / (1 - rho) service times; the standard error of a million correlated waits is 1.9 %.
  expect(Math.abs(sum / count / (81 * MS) - 1)).toBeLessThan(0.05);
});

test('limits hold for every sample, and the law between them keeps its shape', () => {
  const sampler = new DurationSampler({
    kind: 'lognormal',
    p50Ns: MS,
    p99Ns: 10 * MS,
    minNs: MS,
    maxNs: 5 * MS,
  });
  expect([sampler.quantile(0), sampler.quantile(1)]).toEqual([MS, 5 * MS]);
  for (let uid = 0; uid < 5000; uid++) {
    const value = sampler.sample(draws, stream, uid, 0);
    expect(value >= MS && value <= 5 * MS).toBe(true);
  }
});

test('a normal law is cut off at 0 when nothing else is said', () => {
  const sampler = new DurationSampler({ kind: 'normal', meanNs: MS, stdDevNs: MS });
  expect(sampler.quantile(0)).toBe(0);
  // Mean of a normal variable on condition that it is positive: mu + sigma phi(1) / Phi(1).
  expect(sampler.meanNs / MS).toBeCloseTo(1.287599970939178, 6);
});

test('an empirical law on a logarithmic scale halves ratios, not differences', () => {
  const quantiles = [
    [0, 1000],
    [1, 1_000_000],
  ] as const;
  const sampler = new DurationSampler({ kind: 'empirical', quantiles, scale: 'log' });
  expect(sampler.quantile(0.5)).toBe(Math.round(Math.sqrt(1000 * 1_000_000)));
  expect(sampler.meanNs).toBeCloseTo(999_000 / Math.log(1000), 5);
});

describe('parameters that make no law are refused by name', () => {
  const refused: [string, DistributionSpec][] = [
    ['meanNs', { kind: 'exponential', meanNs: 0 }],
    ['meanNs', { kind: 'gamma', meanNs: Number.NaN, shape: 1 }],
    ['shape', { kind: 'weibull', scaleNs: 1, shape: -1 }],
    ['valueNs', { kind: 'constant', valueNs: -1 }],
    ['maxNs', { kind: 'uniform', minNs: 5, maxNs: 4 }],
    ['p99Ns', { kind: 'lognormal', p50Ns: 5, p99Ns: 4 }],
    ['stages', { kind: 'erlang', meanNs: 5, stages: 1.5 }],
    ['weights', { kind: 'mixture', parts: [] }],
    ['share 0', { kind: 'empirical', quantiles: [[0.1, 5]], scale: 'linear' }],
    [
      'must rise',
      {
        kind: 'empirical',
        quantiles: [
          [0, 5],
          [1, 4],
        ],
        scale: 'linear',
      },
    ],
    ['no values between', { kind: 'pareto', scaleNs: 100, shape: 2, maxNs: 50 }],
    ['maxNs', { kind: 'exponential', meanNs: 5, minNs: 10, maxNs: 9 }],
  ];
  test.each(refused)('%s in %o', (name, spec) => {
    expect(() => new DurationSampler(spec)).toThrow(RangeError);
    expect(() => new DurationSampler(spec)).toThrow(name);
  });
});
