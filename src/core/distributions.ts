/**
 * Probability laws of durations, and the sampler that draws from any of them.
 *
 * A sampler turns one keyed uniform number into integer ns by the inverse of the distribution
 * function: a table of 4096 cells, linear inside a cell, and the exact function in the outermost 32
 * cells of either side, where tables go wrong. Tables are built once, with `math.ts`, so they are
 * the same bits everywhere.
 * Inside the table a value is off by less than (relative) 2.5e-5 for exponential, 1e-4 for lognormal
 * up to sigma 1.5, 2.5e-4 for gamma and Weibull of shape 1/2 and Pareto of shape 1.1; means by less
 * than 1e-5. A jump or kink (mixture, empirical) is smeared over its cell, 1/4096 of all draws.
 */
import type { Draws, StreamKey } from './draws.ts';
import {
  exp,
  gammaDensityTimesX,
  gammaP,
  gammaQ,
  ln,
  lnGamma,
  normalCdf,
  normalQuantile,
  pow,
} from './math.ts';
import type { Ns } from './time.ts';

/** Limits for any law: the law on condition that the value lies between them. */
interface Limits {
  readonly minNs?: Ns;
  readonly maxNs?: Ns;
}

/** The laws that a duration may follow. Samples are cut off at 2^52 ns (52 days). */
export type DistributionSpec =
  | { readonly kind: 'constant'; readonly valueNs: Ns }
  | { readonly kind: 'uniform'; readonly minNs: Ns; readonly maxNs: Ns }
  | ({ readonly kind: 'exponential'; readonly meanNs: Ns } & Limits)
  /** Without `minNs` it is cut off at 0. */
  | ({ readonly kind: 'normal'; readonly meanNs: Ns; readonly stdDevNs: Ns } & Limits)
  | ({ readonly kind: 'lognormal'; readonly p50Ns: Ns; readonly p99Ns: Ns } & Limits)
  /** `sigma` is the standard deviation of the logarithm. */
  | ({ readonly kind: 'lognormal'; readonly meanNs: Ns; readonly sigma: number } & Limits)
  /** P(X > x) = (scale / x)^shape from `scaleNs` on; the mean is infinite up to shape 1. */
  | ({ readonly kind: 'pareto'; readonly scaleNs: Ns; readonly shape: number } & Limits)
  | ({ readonly kind: 'gamma'; readonly meanNs: Ns; readonly shape: number } & Limits)
  /** The sum of `stages` exponential times; a gamma law of integer shape. */
  | ({ readonly kind: 'erlang'; readonly meanNs: Ns; readonly stages: number } & Limits)
  /** P(X > x) = e^-(x / scale)^shape */
  | ({ readonly kind: 'weibull'; readonly scaleNs: Ns; readonly shape: number } & Limits)
  /** Points [share, ns] of the quantile function, both rising, from share 0 to 1. */
  | ({
      readonly kind: 'empirical';
      readonly quantiles: readonly (readonly [number, Ns])[];
      readonly scale: 'linear' | 'log';
    } & Limits)
  /** Draws from one of several laws; weights need not sum to 1. */
  | ({ readonly kind: 'mixture'; readonly parts: readonly MixturePart[] } & Limits);

/** One law of a mixture. */
export interface MixturePart {
  readonly weight: number;
  readonly of: DistributionSpec;
}

/** A law as functions; values are real numbers of ns, and both functions never fall. */
interface Law {
  quantile(u: number): number;
  cdf(x: number): number;
  readonly mean: number;
}

const CELL_COUNT = 4096;
const FIRST_TABLE_CELL = 32;
const END_TABLE_CELL = CELL_COUNT - 32;
const CELL_SHIFT = 20; // of 32 random bits the top 12 choose the cell
const INSIDE_MASK = 0xfffff;
const INSIDE_UNIT = 1 / 0x100000;
/** 52 days: later times of a run could not be told apart from `NEVER`. */
const LONGEST_NS: Ns = 0x10000000000000;

/** Draws integer ns from a law. One class for all laws, so that call sites see one shape. */
export class DurationSampler {
  /** Of the law, not rounded to an integer; may be Infinity. */
  readonly meanNs: Ns;
  /** Whether every value is `quantile(0)`; such a sampler uses up no draw. */
  readonly isConstant: boolean;
  private readonly constantNs: Ns;
  private readonly law: Law;
  private readonly table: Float64Array;

  /** @throws RangeError that names the parameter, when one is out of its range */
  constructor(spec: DistributionSpec) {
    const law = lawOf(spec);
    this.law = law;
    this.meanNs = law.mean;
    this.isConstant = law.quantile(0) === law.quantile(1);
    this.constantNs = toNs(law.quantile(0));
    this.table = this.isConstant ? new Float64Array(0) : tableOf(law);
  }

  /**
   * The duration that belongs to (stream, uid, index): about 7 ns, nothing allocated below 2.1 s.
   * @returns integer ns in [0, 2^52]
   */
  sample(draws: Draws, stream: StreamKey, uid: number, index: number): Ns {
    if (this.isConstant) return this.constantNs;
    const bits = draws.int32(stream, uid, index);
    const cell = bits >>> CELL_SHIFT;
    if (cell < FIRST_TABLE_CELL || cell >= END_TABLE_CELL) {
      return this.sampleTail(draws, stream, uid, index);
    }
    const low = this.table[cell]!;
    const inside = (bits & INSIDE_MASK) * INSIDE_UNIT;
    // Not Math.round, which alone takes V8 as long as all the rest.
    return Math.floor(low + (this.table[cell + 1]! - low) * inside + 0.5);
  }

  /**
   * What `sample` gives for the uniform number `u`.
   * @param u 0..1
   * @returns integer ns in [0, 2^52]
   */
  quantile(u: number): Ns {
    if (this.isConstant) return this.constantNs;
    const cell = Math.floor(u * CELL_COUNT);
    if (cell < FIRST_TABLE_CELL || cell >= END_TABLE_CELL) return toNs(this.law.quantile(u));
    const low = this.table[cell]!;
    return Math.floor(low + (this.table[cell + 1]! - low) * (u * CELL_COUNT - cell) + 0.5);
  }

  /** All 53 bits of the same draw: 32 would make the far tail visibly discrete. */
  private sampleTail(draws: Draws, stream: StreamKey, uid: number, index: number): Ns {
    return toNs(this.law.quantile(draws.unit(stream, uid, index)));
  }
}

function toNs(value: number): Ns {
  return Math.floor(Math.min(LONGEST_NS, Math.max(0, value)) + 0.5);
}

function tableOf(law: Law): Float64Array {
  const table = new Float64Array(END_TABLE_CELL + 1);
  for (let cell = FIRST_TABLE_CELL; cell <= END_TABLE_CELL; cell++) {
    table[cell] = Math.min(LONGEST_NS, Math.max(0, law.quantile(cell / CELL_COUNT)));
  }
  return table;
}

function lawOf(spec: DistributionSpec): Law {
  switch (spec.kind) {
    case 'constant':
      return constantLaw(atLeast(spec.valueNs, 0, 'valueNs'));
    case 'uniform':
      return uniformLaw(atLeast(spec.minNs, 0, 'minNs'), atLeast(spec.maxNs, spec.minNs, 'maxNs'));
    case 'normal':
      return limited(
        normalLaw(positive(spec.meanNs, 'meanNs'), atLeast(spec.stdDevNs, 0, 'stdDevNs')),
        {
          ...spec,
          minNs: spec.minNs ?? 0,
        },
      );
    case 'exponential':
      return limited(exponentialLaw(positive(spec.meanNs, 'meanNs')), spec);
    case 'lognormal':
      return limited(lognormalLaw(spec), spec);
    case 'pareto':
      return limited(
        paretoLaw(positive(spec.scaleNs, 'scaleNs'), positive(spec.shape, 'shape')),
        spec,
      );
    case 'gamma':
      return limited(
        gammaLaw(positive(spec.meanNs, 'meanNs'), positive(spec.shape, 'shape')),
        spec,
      );
    case 'erlang':
      return limited(gammaLaw(positive(spec.meanNs, 'meanNs'), stageCount(spec.stages)), spec);
    case 'weibull':
      return limited(
        weibullLaw(positive(spec.scaleNs, 'scaleNs'), positive(spec.shape, 'shape')),
        spec,
      );
    case 'empirical':
      return limited(empiricalLaw(spec.quantiles, spec.scale), spec);
    case 'mixture':
      return limited(mixtureLaw(spec.parts), spec);
  }
}

function constantLaw(value: number): Law {
  return { quantile: () => value, cdf: (x) => (x < value ? 0 : 1), mean: value };
}

function uniformLaw(min: number, max: number): Law {
  if (min === max) return constantLaw(min);
  return {
    quantile: (u) => min + u * (max - min),
    cdf: (x) => share((x - min) / (max - min)),
    mean: 0.5 * (min + max),
  };
}

function normalLaw(mean: number, stdDev: number): Law {
  if (stdDev === 0) return constantLaw(mean);
  return {
    quantile: (u) => mean + stdDev * normalQuantile(u),
    cdf: (x) => normalCdf((x - mean) / stdDev),
    mean,
  };
}

function lognormalLaw(spec: DistributionSpec & { kind: 'lognormal' }): Law {
  const [mu, sigma] =
    'sigma' in spec
      ? [
          ln(positive(spec.meanNs, 'meanNs')) - 0.5 * spec.sigma * atLeast(spec.sigma, 0, 'sigma'),
          spec.sigma,
        ]
      : [
          ln(positive(spec.p50Ns, 'p50Ns')),
          ln(atLeast(spec.p99Ns, spec.p50Ns, 'p99Ns') / spec.p50Ns) / normalQuantile(0.99),
        ];
  if (sigma === 0) return constantLaw(exp(mu));
  return {
    quantile: (u) => exp(mu + sigma * normalQuantile(u)),
    cdf: (x) => (x > 0 ? normalCdf((ln(x) - mu) / sigma) : 0),
    mean: exp(mu + 0.5 * sigma * sigma),
  };
}

function paretoLaw(scale: number, shape: number): Law {
  return {
    quantile: (u) => scale * exp(-ln(1 - u) / shape),
    cdf: (x) => (x > scale ? 1 - exp(shape * ln(scale / x)) : 0),
    mean: shape > 1 ? (scale * shape) / (shape - 1) : Infinity,
  };
}

function exponentialLaw(mean: number): Law {
  return {
    quantile: (u) => -mean * lnOfComplement(u),
    cdf: (x) => (x > 0 ? -expMinusOne(-x / mean) : 0),
    mean,
  };
}

function weibullLaw(scale: number, shape: number): Law {
  return {
    quantile: (u) => scale * pow(-lnOfComplement(u), 1 / shape),
    cdf: (x) => (x > 0 ? -expMinusOne(-pow(x / scale, shape)) : 0),
    mean: scale * exp(lnGamma(1 + 1 / shape)),
  };
}

function gammaLaw(mean: number, shape: number): Law {
  if (shape === 1) return exponentialLaw(mean);
  const scale = mean / shape;
  return {
    quantile: (u) => scale * gammaQuantile(shape, u),
    cdf: (x) => gammaP(shape, x / scale),
    mean,
  };
}

/** Inverse of `gammaP`: Newton on the logarithm of the smaller of P and Q, which is nearly straight. */
function gammaQuantile(shape: number, u: number): number {
  if (u <= 0) return 0;
  if (u >= 1) return Infinity;
  let x = gammaQuantileGuess(shape, u);
  if (x < 1e-290) return 0; // Newton would divide 0 by 0, and no one can tell such times from 0
  for (let round = 0; round < 30; round++) {
    const isLower = u < 0.5;
    const reached = isLower ? gammaP(shape, x) : gammaQ(shape, x);
    const gap = isLower ? ln(reached / u) : -ln(reached / (1 - u));
    const step = (-gap * reached) / gammaDensityTimesX(shape, x); // of ln x
    x *= exp(Math.max(-2, Math.min(2, step)));
    if (Math.abs(step) < 1e-9) break; // quadratic convergence: exact by now
  }
  return x;
}

function gammaQuantileGuess(shape: number, u: number): number {
  // Wilson and Hilferty: the cube root of a gamma variable is nearly normal. Below that, P's first term.
  const root = 1 - 1 / (9 * shape) + normalQuantile(u) / (3 * Math.sqrt(shape));
  const small = exp((ln(u) + lnGamma(shape + 1)) / shape);
  return root > 0.2 ? shape * root * root * root : small;
}

function empiricalLaw(points: readonly (readonly [number, Ns])[], scale: 'linear' | 'log'): Law {
  checkPoints(points, scale);
  const toAxis = scale === 'log' ? ln : identity;
  const fromAxis = scale === 'log' ? exp : identity;
  const shares = points.map((point) => point[0]);
  const values = points.map((point) => toAxis(point[1]));
  return {
    quantile: (u) => fromAxis(interpolate(shares, values, u)),
    cdf: (x) => {
      if (x < points[0]![1]) return 0;
      return x >= points[points.length - 1]![1] ? 1 : interpolate(values, shares, toAxis(x));
    },
    mean: empiricalMean(points, scale),
  };
}

function empiricalMean(
  points: readonly (readonly [number, Ns])[],
  scale: 'linear' | 'log',
): number {
  return points.reduce((sum, [at, value], index) => {
    if (index === 0) return sum;
    const [before, from] = points[index - 1]!;
    const isFlat = value - from < 1e-6 * value;
    const middle =
      scale === 'linear' || isFlat ? 0.5 * (from + value) : (value - from) / ln(value / from);
    return sum + (at - before) * middle;
  }, 0);
}

function checkPoints(points: readonly (readonly [number, Ns])[], scale: 'linear' | 'log'): void {
  if (points[0]?.[0] !== 0 || points[points.length - 1]?.[0] !== 1) {
    throw new RangeError('quantiles must start at share 0 and end at share 1');
  }
  points.forEach(([at, value], index) => {
    if (scale === 'log') positive(value, 'quantiles');
    else atLeast(value, 0, 'quantiles');
    if (index === 0) return;
    const before = points[index - 1]!;
    if (!(at > before[0] && value >= before[1])) {
      throw new RangeError(
        `quantiles must rise, but [${at}, ${value}] follows [${before.join(', ')}]`,
      );
    }
  });
}

/** Piecewise linear; of points with equal `from` the last one counts. */
function interpolate(from: readonly number[], to: readonly number[], x: number): number {
  let low = 0;
  let high = from.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (from[middle]! <= x) low = middle;
    else high = middle;
  }
  const part = share((x - from[low]!) / (from[high]! - from[low]!));
  return to[low]! + part * (to[high]! - to[low]!);
}

function mixtureLaw(parts: readonly MixturePart[]): Law {
  const total = parts.reduce((sum, part) => sum + atLeast(part.weight, 0, 'weight'), 0);
  positive(total, 'sum of weights');
  const used = parts.filter((part) => part.weight > 0);
  const laws = used.map((part) => ({ law: lawOf(part.of), weight: part.weight / total }));
  const cdf = (x: number): number =>
    laws.reduce((sum, { law, weight }) => sum + weight * law.cdf(x), 0);
  return {
    quantile: (u) => {
      const ends = laws.map(({ law }) => law.quantile(u));
      return invert(cdf, u, Math.min(...ends), Math.max(...ends));
    },
    cdf,
    mean: laws.reduce((sum, { law, weight }) => sum + weight * law.mean, 0),
  };
}

/** The least x in [low, high] with cdf(x) >= u, to 1e-9 of its size or 1/50 ns, by bisection. */
function invert(cdf: (x: number) => number, u: number, low: number, high: number): number {
  let from = low;
  let to = Math.min(high, 2 * LONGEST_NS);
  while (to - from > 0.02 + 1e-9 * to) {
    const middle = 0.5 * (from + to);
    if (cdf(middle) < u) from = middle;
    else to = middle;
  }
  return to;
}

/** The law on condition that the value lies within the limits. */
function limited(law: Law, { minNs, maxNs }: Limits): Law {
  if (minNs === undefined && maxNs === undefined) return law;
  const min = atLeast(minNs ?? 0, 0, 'minNs');
  const max = atLeast(maxNs ?? LONGEST_NS, min, 'maxNs');
  const from = law.cdf(min);
  const span = law.cdf(max) - from;
  if (min >= law.quantile(1) || max <= law.quantile(0) || !(span > 0)) {
    throw new RangeError(`the law has no values between minNs ${min} and maxNs ${max}`);
  }
  const quantile = (u: number): number =>
    Math.min(max, Math.max(min, law.quantile(Math.min(1, from + u * span))));
  const cutsNothing = from === 0 && span === 1;
  return {
    quantile,
    cdf: (x) => share((law.cdf(x) - from) / span),
    mean: cutsNothing ? law.mean : meanOf(quantile),
  };
}

/**
 * Integral of a quantile function over [0, 1], by Simpson's rule on pieces that halve towards both
 * ends, where quantile functions are steep.
 */
function meanOf(quantile: (u: number) => number): number {
  let sum = 0;
  for (let width = 0.25; width >= 1e-15; width *= 0.5) {
    for (let step = 0; step < 8; step++) {
      const from = width + (step * width) / 8;
      sum += simpson(quantile, from, width / 8) + simpson((u) => quantile(1 - u), from, width / 8);
    }
  }
  return sum;
}

function simpson(f: (u: number) => number, from: number, width: number): number {
  return (width * (f(from) + 4 * f(from + 0.5 * width) + f(from + width))) / 6;
}

/** ln(1 - u) without losing digits when u is small. */
function lnOfComplement(u: number): number {
  const rest = 1 - u;
  if (rest <= 0) return -Infinity;
  return rest === 1 ? -u : (ln(rest) * u) / (1 - rest);
}

/** e^x - 1 without losing digits when x is small. */
function expMinusOne(x: number): number {
  const power = exp(x);
  if (power === 1) return x;
  return power < 1e-10 ? power - 1 : ((power - 1) * x) / ln(power);
}

function identity(x: number): number {
  return x;
}

function share(x: number): number {
  return Math.min(1, Math.max(0, x));
}

function stageCount(stages: number): number {
  if (Number.isInteger(stages) && stages >= 1) return stages;
  throw new RangeError(`stages must be a positive integer, got ${stages}`);
}

function positive(value: number, name: string): number {
  if (value > 0 && value < Infinity) return value;
  throw new RangeError(`${name} must be above 0, got ${value}`);
}

function atLeast(value: number, least: number, name: string): number {
  if (value >= least && value < Infinity) return value;
  throw new RangeError(`${name} must be at least ${least}, got ${value}`);
}
