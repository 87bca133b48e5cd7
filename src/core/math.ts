/**
 * Elementary functions that give the same bits on every machine and in every version of Node.
 *
 * The language leaves `Math.exp` and its relatives to the engine, and their last bits have changed
 * between releases. Everything here is made of + - * / and `Math.sqrt`, which IEEE 754 fixes.
 * Used at set-up and in tails, so clarity goes before speed: 20–60 ns a call, `pow` 100, `erfc` 300.
 * Error bounds are in units in the last place (ulp) and are tested against `Math.*`.
 * Sources: the Taylor and continued-fraction expansions of Abramowitz and Stegun, chapters 4, 6, 7.
 */

/**
 * Two views of the same 8 bytes, to read and build the bits of a double without allocating.
 * Scratch: write and read within one statement sequence, never keep.
 */
export const doubleView = new Float64Array(1);
/** See `doubleView`; index `HIGH_WORD` holds sign, exponent and the top 20 bits of the fraction. */
export const wordView = new Int32Array(doubleView.buffer);
/** 1 on every machine that Node runs on today (little-endian). */
export const HIGH_WORD: 0 | 1 = highWordIndex();

const SQRT_HALF = Math.sqrt(0.5);
const LN_SQRT_2PI = 0.9189385332046728;
const TWO_OVER_SQRT_PI = 1.1283791670955126;
const TWO_TO_52 = 4503599627370496;

// ln 2 and pi / 2 in parts of 32 and 30 bits, so that small multiples of the first parts are exact.
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const HALF_PI_HIGH = 1.570796325802803;
const HALF_PI_MIDDLE = 9.920935791635221e-10;
const HALF_PI_LOW = 5.170182981794105e-19;

/** The doubles nearest to pi and ln 2: sums of the parts above round to them. */
export const PI = 2 * (HALF_PI_HIGH + HALF_PI_MIDDLE);
export const LN2 = LN2_HIGH + LN2_LOW;

/** The double nearest to ln 10. */
export const LN10 = ln(10);

/** Largest magnitude that `sin` and `cos` accept. */
const TRIGONOMETRIC_LIMIT = 1e6;

function highWordIndex(): 0 | 1 {
  doubleView[0] = 1;
  return wordView[1] !== 0 ? 1 : 0;
}

/** 2^`exponent`, exactly, for integers in [-1022, 1023]. */
function powerOfTwo(exponent: number): number {
  wordView[1 - HIGH_WORD] = 0;
  wordView[HIGH_WORD] = (exponent + 1023) << 20;
  return doubleView[0]!;
}

/**
 * `factor` * 2^`exponent`, rounded once at most, for exponents in [-1100, 1100].
 */
function scaleByPowerOfTwo(factor: number, exponent: number): number {
  if (exponent > 1000) return factor * powerOfTwo(1000) * powerOfTwo(exponent - 1000);
  if (exponent < -1000) return factor * powerOfTwo(-1000) * powerOfTwo(exponent + 1000);
  return factor * powerOfTwo(exponent);
}

/** Coefficients from the constant term upwards. */
function polynomial(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (let power = coefficients.length - 1; power >= 0; power--)
    sum = coefficients[power]! + x * sum;
  return sum;
}

/**
 * Natural logarithm, error below 1.5 ulp. `ln(0)` is -Infinity, of negative numbers NaN.
 *
 * x = 2^k m with m in [sqrt(1/2), sqrt(2)), and ln m = 2 artanh(s) for s = (m - 1) / (m + 1).
 */
export function ln(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : Number.NaN;
  if (x === Infinity) return x;
  let exponent = 0;
  let mantissa = x;
  if (x < 2.2250738585072014e-308) {
    mantissa *= TWO_TO_52; // a subnormal number becomes a normal one
    exponent = -52;
  }
  doubleView[0] = mantissa;
  const high = wordView[HIGH_WORD]!;
  exponent += (high >>> 20) - 1023;
  wordView[HIGH_WORD] = (high & 0xfffff) | (1023 << 20);
  mantissa = doubleView[0]!;
  if (mantissa > 2 * SQRT_HALF) {
    mantissa *= 0.5;
    exponent++;
  }
  const f = mantissa - 1; // exact
  const s = f / (2 + f);
  // 2 artanh(s) = f - s (f - r) with r = 2 (s^2 / 3 + s^4 / 5 + …): f is exact, the rest is small.
  const correction = s * (f - artanhTail(s * s));
  return exponent * LN2_HIGH - (correction - exponent * LN2_LOW - f);
}

/**
 * 2 z (1/3 + z/5 + z^2/7 + …) for z = s^2 up to 0.0295: twelve terms reach 2^-58 of the sum.
 * In pairs of pairs, which the processor computes side by side.
 */
function artanhTail(z: number): number {
  const z2 = z * z;
  const z4 = z2 * z2;
  const low = 1 / 3 + z * (1 / 5) + z2 * (1 / 7 + z * (1 / 9));
  const middle = 1 / 11 + z * (1 / 13) + z2 * (1 / 15 + z * (1 / 17));
  const high = 1 / 19 + z * (1 / 21) + z2 * (1 / 23 + z * (1 / 25));
  return 2 * z * (low + z4 * (middle + z4 * high));
}

/** Logarithm to base 2, error below 2.5 ulp; exact for powers of two. */
export function log2(x: number): number {
  doubleView[0] = x;
  const isPowerOfTwo = (wordView[HIGH_WORD]! & 0xfffff) === 0 && wordView[1 - HIGH_WORD] === 0;
  if (isPowerOfTwo && x >= 2.2250738585072014e-308 && x < Infinity) {
    return (wordView[HIGH_WORD]! >>> 20) - 1023;
  }
  return ln(x) / LN2;
}

/** Logarithm to base 10, error below 3.5 ulp. */
export function log10(x: number): number {
  return ln(x) / LN10;
}

/**
 * e^x, error below 1.5 ulp (of the smallest normal number where the result is subnormal).
 *
 * x = k ln 2 + r with |r| <= 0.35, and e^r by fourteen Taylor terms.
 */
export function exp(x: number): number {
  if (!(x < 709.782712893384)) return x > 0 ? Infinity : Number.NaN;
  if (x < -745.2) return 0;
  const exponent = Math.round(x / LN2);
  const high = x - exponent * LN2_HIGH;
  const low = exponent * LN2_LOW;
  const r = high - low;
  // e^r = 1 + r + r^2 (…); what `r` lost in rounding is put back with the small terms.
  const lost = high - r - low;
  const power = 1 + (r + (lost + r * r * expTail(r)));
  return scaleByPowerOfTwo(power, exponent);
}

/** 1/2! + r/3! + r^2/4! + … for |r| <= 0.35: the term left out is below 2^-60. */
function expTail(r: number): number {
  const r2 = r * r;
  const r4 = r2 * r2;
  const low = 1 / 2 + r * (1 / 6) + r2 * (1 / 24 + r * (1 / 120));
  const middle = 1 / 720 + r * (1 / 5040) + r2 * (1 / 40320 + r * (1 / 362880));
  const high = 1 / 3628800 + r * (1 / 39916800) + r2 * (1 / 479001600 + r * (1 / 6227020800));
  return low + r4 * (middle + r4 * high);
}

/**
 * x^y for x >= 0, or any x with an integer y. Integer powers up to 64 by multiplication (below
 * 2 |y| ulp), others as e^(y ln x): relative error below (2 + 2 |y ln x|) 2^-52.
 */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (Number.isInteger(y)) {
    if (Math.abs(y) <= 64) return y > 0 ? integerPower(x, y) : integerPower(1 / x, -y);
    if (x < 0) return y % 2 === 0 ? pow(-x, y) : -pow(-x, y);
  }
  if (y === 0.5) return Math.sqrt(x);
  return exp(y * ln(x));
}

function integerPower(x: number, y: number): number {
  let result = 1;
  let square = x;
  for (let left = y; left > 0; left >>= 1) {
    if ((left & 1) === 1) result *= square;
    square *= square;
  }
  return result;
}

/**
 * Sine, absolute error below 2^-52.
 * @throws RangeError when |x| > 10^6: reduce the angle where it is made, there it is exact
 */
export function sin(x: number): number {
  return sineOfQuarters(x, 0);
}

/** Cosine; see `sin`. */
export function cos(x: number): number {
  return sineOfQuarters(x, 1);
}

/** sin(x + quarters * pi / 2), by reducing x to [-pi/4, pi/4]. */
function sineOfQuarters(x: number, quarters: number): number {
  if (!(Math.abs(x) <= TRIGONOMETRIC_LIMIT)) {
    throw new RangeError(`sin and cos take angles up to ±${TRIGONOMETRIC_LIMIT}, got ${x}`);
  }
  const turns = Math.round(x / (0.5 * PI));
  const r = x - turns * HALF_PI_HIGH - turns * HALF_PI_MIDDLE - turns * HALF_PI_LOW;
  const quadrant = (turns + quarters) & 3;
  const value = (quadrant & 1) === 0 ? sineSeries(r) : cosineSeries(r);
  return quadrant < 2 ? value : -value;
}

function sineSeries(r: number): number {
  const z = r * r;
  let sum = 1;
  for (let n = 18; n >= 4; n -= 2) sum = 1 - (z * sum) / (n * (n + 1));
  return r - (r * z * sum) / 6;
}

function cosineSeries(r: number): number {
  const z = r * r;
  let sum = 1;
  for (let n = 17; n >= 3; n -= 2) sum = 1 - (z * sum) / (n * (n + 1));
  return 1 - 0.5 * z * sum;
}

/** Complementary error function 1 - erf(x), relative error below 2^-46 for x up to 26. */
export function erfc(x: number): number {
  if (x < 1.5) return 1 - erf(x);
  if (x > 27.3) return 0;
  return erfcFraction(x);
}

/** Error function, relative error below 2^-48. */
export function erf(x: number): number {
  if (x < 0) return -erf(-x);
  if (x > 6) return 1;
  if (x >= 1.5) return 1 - erfcFraction(x);
  // erf x = 2/sqrt(pi) e^(-x^2) (x + 2x^3/3 + 4x^5/15 + …): all terms positive, so nothing cancels.
  let term = x;
  let sum = x;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return TWO_OVER_SQRT_PI * exp(-x * x) * sum;
}

/** erfc for x >= 1.5 by its continued fraction, evaluated from the far end. */
function erfcFraction(x: number): number {
  let fraction = x;
  for (let n = Math.ceil(10 + 190 / (x * x)); n >= 1; n--) fraction = x + (0.5 * n) / fraction;
  // e^(-x^2) with the rounding error of x^2 put back: it would cost a relative x^2 2^-53.
  const head = Math.fround(x);
  return (exp(-head * head) * exp(-(x - head) * (x + head)) * TWO_OVER_SQRT_PI * 0.5) / fraction;
}

/** Probability that a standard normal variable is at most x. */
export function normalCdf(x: number): number {
  return 0.5 * erfc(-x * SQRT_HALF);
}

// Rational fits of the normal quantile, constant term first, made for this file by weighted least
// squares against a 70-digit computation; relative fitting error below 1.5e-14 in each region.
const CENTRAL_REGION = 0.180625; // (p - 1/2)^2 up to 0.425^2
const CENTRAL_ABOVE = [
  3.3871328727963292, 112.55192619095067, 1331.1167753225232, 6776.146793316445, 14260.513945097395,
  9811.198728911184, 990.9437382942217,
];
const CENTRAL_BELOW = [
  1, 36.23451936640474, 479.8282557199305, 2851.595424600605, 7532.803483451056, 7561.014896041559,
  1835.0406315516343,
];
const NEAR_ABOVE = [
  1.4234371107496802, 4.2694282980312845, 4.615336452070867, 2.299815948861851, 0.5437052837256879,
  0.05486903207834159, 0.0016563334141766637,
];
const NEAR_BELOW = [
  1, 1.799643685952191, 1.1697487445200012, 0.328649509415823, 0.036932558155711094,
  0.00117122236854355, -2.107137458890411e-9,
];
const FAR_ABOVE = [
  6.657904643501195, 5.029919165336856, 1.472281601698271, 0.21028840686693037,
  0.015076373309135128, 0.0004945942488001985, 5.455316368538242e-6,
];
const FAR_BELOW = [
  1, 0.5346666974273352, 0.10437590605891045, 0.0090208432410644, 0.00033045768174638,
  3.857437369000084e-6, 1.6141960718040386e-13,
];

/**
 * The x with `normalCdf(x) = p`, relative error below 1e-13 (for p above 1/2: of 1 - p as a double).
 * `normalQuantile(0)` is -Infinity, of 1 Infinity.
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) return p === 0 ? -Infinity : p === 1 ? Infinity : Number.NaN;
  const q = p - 0.5;
  const z = CENTRAL_REGION - q * q;
  if (z >= 0) return (q * polynomial(CENTRAL_ABOVE, z)) / polynomial(CENTRAL_BELOW, z);
  const r = Math.sqrt(-ln(q < 0 ? p : 1 - p));
  const tail =
    r < 5
      ? polynomial(NEAR_ABOVE, r - 1.6) / polynomial(NEAR_BELOW, r - 1.6)
      : polynomial(FAR_ABOVE, r - 5) / polynomial(FAR_BELOW, r - 5);
  return q < 0 ? -tail : tail;
}

/** ln Gamma(x) for x > 0, absolute error below 2^-46 * max(1, result). */
export function lnGamma(x: number): number {
  // Gamma(x) = Gamma(x + n) / (x (x + 1) … (x + n - 1)): Stirling's series is exact from 12 on.
  let shifted = x;
  let product = 1;
  while (shifted < 12) {
    product *= shifted;
    shifted++;
  }
  const w = 1 / (shifted * shifted);
  const series =
    1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188 - (w * 691) / 360360))));
  return (shifted - 0.5) * ln(shifted) - shifted + LN_SQRT_2PI + series / shifted - ln(product);
}

/**
 * Regularized lower incomplete gamma function P(shape, x): the probability that a gamma variable of
 * this shape and scale 1 is at most x. Relative error below 1e-11 for shapes up to 1000.
 */
export function gammaP(shape: number, x: number): number {
  if (!(x > 0)) return 0;
  return x < shape + 1 ? gammaSeries(shape, x) : 1 - gammaFraction(shape, x);
}

/** 1 - `gammaP`, just as exact where it is small. */
export function gammaQ(shape: number, x: number): number {
  if (!(x > 0)) return 1;
  return x < shape + 1 ? 1 - gammaSeries(shape, x) : gammaFraction(shape, x);
}

/** x^shape e^-x / Gamma(shape): x times the density of the gamma law of scale 1. */
export function gammaDensityTimesX(shape: number, x: number): number {
  return exp(shape * ln(x) - x - lnGamma(shape));
}

function gammaSeries(shape: number, x: number): number {
  let term = 1 / shape;
  let sum = term;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= x / (shape + n);
    sum += term;
  }
  return gammaDensityTimesX(shape, x) * sum;
}

/** Continued fraction of the upper function, x >= shape + 1, by convergents kept as ratios. */
function gammaFraction(shape: number, x: number): number {
  let b = x + 1 - shape;
  let numeratorRatio = 1e300;
  let denominator = 1 / b;
  let value = denominator;
  for (let n = 1; n < 10_000; n++) {
    const a = n * (shape - n);
    b += 2;
    denominator = 1 / (b + a * denominator);
    numeratorRatio = b + a / numeratorRatio;
    const change = denominator * numeratorRatio;
    value *= change;
    if (Math.abs(change - 1) < 1e-16) break;
  }
  return gammaDensityTimesX(shape, x) * value;
}
