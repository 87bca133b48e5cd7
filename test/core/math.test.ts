import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Digest } from '../../src/core/digest.ts';
import {
  cos,
  erf,
  erfc,
  exp,
  gammaDensityTimesX,
  gammaP,
  gammaQ,
  LN2,
  LN10,
  ln,
  lnGamma,
  log2,
  log10,
  normalCdf,
  normalQuantile,
  PI,
  pow,
  sin,
} from '../../src/core/math.ts';

/** Distance in units in the last place of the expected value. */
function ulps(actual: number, expected: number): number {
  if (Object.is(actual, expected)) return 0;
  const exponent = Math.max(-1022, Math.floor(Math.log2(Math.abs(expected))));
  return Math.abs(actual - expected) / 2 ** (exponent - 52);
}

const relative = (actual: number, expected: number) => Math.abs(actual / expected - 1);

const between = (min: number, max: number) => fc.double({ min, max, noNaN: true });

function agrees(
  name: string,
  range: fc.Arbitrary<number>,
  error: (x: number) => number,
  bound: number,
): void {
  test(name, () => {
    fc.assert(
      fc.property(range, (x) => {
        // `Math.*` of the engine may itself be off by an ulp.
        expect(error(x)).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 1000 },
    );
  });
}

describe('within the documented bounds of Math.*', () => {
  agrees('ln of any size', between(1e-300, 1e300), (x) => ulps(ln(x), Math.log(x)), 2);
  agrees('ln near 1', between(0.7, 1.5), (x) => ulps(ln(x), Math.log(x)), 2);
  agrees('ln of subnormal numbers', between(5e-324, 2e-308), (x) => ulps(ln(x), Math.log(x)), 2);
  agrees('log2', between(1e-300, 1e300), (x) => ulps(log2(x), Math.log2(x)), 3);
  agrees('log10', between(1e-300, 1e300), (x) => ulps(log10(x), Math.log10(x)), 4);
  agrees('exp', between(-708, 709.7), (x) => ulps(exp(x), Math.exp(x)), 2);
  agrees('exp near 0', between(-1, 1), (x) => ulps(exp(x), Math.exp(x)), 2);
  agrees('exp into subnormal numbers', between(-745, -708), (x) => ulps(exp(x), Math.exp(x)), 2);
  agrees('sin', between(-1e6, 1e6), (x) => Math.abs(sin(x) - Math.sin(x)), 2 ** -51);
  agrees('cos', between(-1e6, 1e6), (x) => Math.abs(cos(x) - Math.cos(x)), 2 ** -51);

  test('pow of real exponents', () => {
    fc.assert(
      fc.property(between(1e-6, 1e6), between(-40, 40), (x, y) => {
        fc.pre(!Number.isInteger(y)); // those are multiplied, within the bound of the next test
        const bound = (2 + 2 * Math.abs(y * Math.log(x))) * 2 ** -52;
        expect(relative(pow(x, y), x ** y)).toBeLessThanOrEqual(bound);
      }),
    );
  });

  test('pow of integer exponents', () => {
    fc.assert(
      fc.property(
        between(0.01, 100),
        fc.boolean(),
        fc.integer({ min: -64, max: 64 }),
        (x, isNegative, y) => {
          const base = isNegative ? -x : x;
          expect(ulps(pow(base, y), base ** y)).toBeLessThanOrEqual(2 * Math.abs(y) + 1);
        },
      ),
    );
  });
});

describe('exact where one expects it', () => {
  test('constants are the doubles of Math', () => {
    expect([PI, LN2, LN10]).toEqual([Math.PI, Math.LN2, Math.LN10]);
  });

  test('small integer powers and powers of two', () => {
    expect([pow(2, 10), pow(3, 4), pow(-2, 3), pow(10, -2), pow(5, 0), pow(7, 1)]).toEqual([
      1024, 81, -8, 0.010000000000000002, 1, 7,
    ]);
    expect([log2(8), log2(1), log2(2 ** -1000), log2(2 ** 52)]).toEqual([3, 0, -1000, 52]);
    expect(pow(-3, 101)).toBeLessThan(0);
    expect(pow(2, 0.5)).toBe(Math.sqrt(2));
  });

  test('ends of the range', () => {
    expect([ln(0), ln(1), ln(Infinity), ln(-1), ln(Number.NaN)]).toEqual([
      -Infinity,
      0,
      Infinity,
      Number.NaN,
      Number.NaN,
    ]);
    expect([exp(0), exp(-Infinity), exp(Infinity), exp(710), exp(-746), exp(Number.NaN)]).toEqual([
      1,
      0,
      Infinity,
      Infinity,
      0,
      Number.NaN,
    ]);
    expect([pow(0, 2.5), pow(0, -1.5), pow(-8, 1 / 3)]).toEqual([0, Infinity, Number.NaN]);
    expect([sin(0), cos(0)]).toEqual([0, 1]);
  });

  test('sin and cos refuse angles that they could not reduce exactly', () => {
    expect(() => sin(1e7)).toThrow('angles up to');
    expect(() => cos(Number.NaN)).toThrow('angles up to');
  });
});

describe('error function and normal law', () => {
  test('known values', () => {
    expect(relative(erf(0.5), 0.5204998778130465)).toBeLessThan(1e-15);
    expect(relative(erfc(5), 1.5374597944280349e-12)).toBeLessThan(2 ** -46);
    expect(relative(erfc(26), 5.663192408856143e-296)).toBeLessThan(2 ** -46);
    expect(relative(normalCdf(1.96), 0.9750021048517795)).toBeLessThan(1e-15);
    expect(relative(normalQuantile(0.99), 2.3263478740408408)).toBeLessThan(1e-13);
    expect(relative(normalQuantile(0.4), -0.2533471031357997)).toBeLessThan(1e-13);
    expect(relative(normalQuantile(1e-10), -6.361340902404056)).toBeLessThan(1e-13);
    expect(relative(normalQuantile(1e-300), -37.0470962993612)).toBeLessThan(1e-13);
  });

  test('erf is odd, and erf and erfc sum to 1', () => {
    fc.assert(
      fc.property(between(-8, 8), (x) => {
        expect(erf(-x)).toBe(-erf(x));
        expect(Math.abs(erf(x) + erfc(x) - 1)).toBeLessThan(1e-15);
      }),
    );
    expect(erfc(30)).toBe(0);
  });

  test('the quantile is the inverse of the distribution function, in the centre and both tails', () => {
    fc.assert(
      fc.property(between(-36, 8), (x) => {
        const p = normalCdf(x);
        // Above the median p itself is only known to 2^-53.
        const bound = x < 0 ? 1e-12 * (1 - x) : 2e-16 / (1 - p + 1e-17) + 1e-12;
        expect(Math.abs(normalQuantile(p) - x)).toBeLessThan(Math.max(bound, 1e-12) + bound);
      }),
    );
    expect([0, 1, 0.5, -0.1, Number.NaN].map(normalQuantile)).toEqual([
      -Infinity,
      Infinity,
      0,
      Number.NaN,
      Number.NaN,
    ]);
  });
});

describe('gamma functions', () => {
  test('lnGamma of integers is the logarithm of a factorial', () => {
    let factorial = 1;
    for (let n = 1; n < 60; n++) {
      const expected = Math.log(factorial);
      expect(Math.abs(lnGamma(n) - expected)).toBeLessThan(2 ** -46 * Math.max(1, expected));
      factorial *= n;
    }
    expect(relative(lnGamma(0.5), Math.log(Math.sqrt(Math.PI)))).toBeLessThan(1e-13);
  });

  test('of integer shape is the Poisson sum', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), between(0.01, 80), (shape, x) => {
        let term = Math.exp(-x);
        let upper = term;
        for (let k = 1; k < shape; k++) upper += term *= x / k;
        expect(relative(gammaQ(shape, x), upper)).toBeLessThan(1e-11);
      }),
    );
  });

  test('of shape 1/2 is the error function', () => {
    fc.assert(
      fc.property(between(1e-6, 30), (x) => {
        expect(relative(gammaP(0.5, x), erf(Math.sqrt(x)))).toBeLessThan(1e-11);
        expect(relative(gammaQ(0.5, x), erfc(Math.sqrt(x)))).toBeLessThan(1e-11);
      }),
    );
  });

  test('the two parts sum to 1, and the density is the slope', () => {
    fc.assert(
      fc.property(between(0.1, 200), between(0.3, 3), (shape, ratio) => {
        const x = shape * ratio;
        expect(Math.abs(gammaP(shape, x) + gammaQ(shape, x) - 1)).toBeLessThan(1e-11);
        const step = 1e-5 * x;
        const slope = (gammaP(shape, x + step) - gammaP(shape, x - step)) / (2 * step);
        expect(Math.abs(slope * x - gammaDensityTimesX(shape, x))).toBeLessThan(1e-4);
      }),
    );
    expect([gammaP(2, 0), gammaQ(2, 0), gammaP(2, -1)]).toEqual([0, 1, 0]);
  });
});

test('the same bits come out on every machine and version of Node', () => {
  const digest = new Digest();
  const bits = new Int32Array(2);
  const fold = (value: number) => {
    new Float64Array(bits.buffer)[0] = value;
    digest.fold(0, { nowNs: 0 }, bits[0]!, bits[1]!, 0);
  };
  for (let i = 1; i < 2000; i++) {
    const x = i * 0.37;
    for (const f of [ln, log10, sin, cos, erf, normalCdf, lnGamma]) fold(f(x));
    for (const value of [
      exp(x - 500),
      pow(x, 1.7),
      normalQuantile(i / 2000),
      gammaP(3.3, x / 50),
    ]) {
      fold(value);
    }
  }
  expect(digest.hex()).toBe('d0a9b04d40bb938efd855dc99b01424d');
});
