import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { childUid, Draws, Sequence } from '../../src/core/draws.ts';

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

const draws = new Draws('a seed');
const stream = draws.stream('edge/a->b/lb');
const other = draws.stream('edge/a->c/lb');

/** Standard deviations by which counts in equally likely cells differ from even. */
function chiSquareZ(counts: ArrayLike<number>): number {
  const cells = Array.from(counts);
  const expected = cells.reduce((sum, count) => sum + count, 0) / cells.length;
  const chiSquare = cells.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  return (chiSquare - (cells.length - 1)) / Math.sqrt(2 * (cells.length - 1));
}

/** `cellOf` must be uniform over [0, cells). Seeds are fixed, so a test that passes keeps passing. */
function isEven(cells: number, cellOf: (i: number) => number): void {
  const counts = new Float64Array(cells);
  for (let i = 0; i < 100_000; i++) counts[cellOf(i)]!++;
  expect(Math.abs(chiSquareZ(counts))).toBeLessThan(4);
}

/** Correlation of two draws, and evenness of their joint high and low bits. */
function areIndependent(first: (i: number) => number, second: (i: number) => number): void {
  isEven(256, (i) => ((first(i) >>> 28) << 4) | (second(i) >>> 28));
  isEven(256, (i) => ((first(i) & 15) << 4) | (second(i) & 15));
  isEven(256, (i) => (first(i) ^ second(i)) >>> 24);
  isEven(256, (i) => (first(i) - second(i)) >>> 24);
}

describe('keyed draws', () => {
  test('are the same on every machine: fixed vectors', () => {
    const fixed = new Draws('7f3a');
    const lb = fixed.stream('edge/checkout->payments/lb');
    const wide = fixed.stream('größe/東京');
    expect([
      fixed.int32(lb, 0, 0),
      fixed.int32(lb, 1, 0),
      fixed.int32(lb, 0, 1),
      fixed.int32(wide, -5, 2147483647),
    ]).toEqual([2051268341, -1648353146, -1967946714, -481328010]);
    expect(fixed.unit(lb, 1, 2)).toBe(0.782604285066219);
    expect(fixed.below(lb, 1, 2, 1000)).toBe(782);
  });

  test('depend on seed, label, uid and index, and on nothing else', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.array(fc.string()),
        int32,
        int32,
        (seed, label, others, uid, index) => {
          const alone = new Draws(seed);
          const crowded = new Draws(seed);
          for (const another of others) {
            const key = crowded.stream(another);
            crowded.unit(key, uid, index);
          }
          const expected = alone.unit(alone.stream(label), uid, index);
          expect(crowded.unit(crowded.stream(label), uid, index)).toBe(expected);
        },
      ),
    );
  });

  test('a label that comes again is the same stream', () => {
    const few = new Draws('x');
    const keys = ['a', 'b', 'a'].map((label) => few.stream(label));
    expect(keys[2]).toBe(keys[0]);
    expect(keys[1]).not.toBe(keys[0]);
  });

  test('labels and seeds that look alike give different streams', () => {
    const first = (seed: string, label: string) => {
      const some = new Draws(seed);
      return some.int32(some.stream(label), 0, 0);
    };
    const pairs: [string, string][] = [
      ['a', 'b'],
      ['ab', ''],
      ['', 'ab'],
      ['a","b', ''],
      ['b', 'a'],
      ['a', 'B'],
      ['a', '\u0062\u0100'],
      ['a', '\u0062\u0000'],
      ['a', 'b\\u0100'],
    ];
    expect(new Set(pairs.map((pair) => first(...pair))).size).toBe(pairs.length);
  });

  test('many streams stay apart', () => {
    const many = new Draws('many');
    const keys = Array.from({ length: 300 }, (_, i) => many.stream(`service-${i}`));
    expect(new Set(keys.map((key) => many.int32(key, 1, 1))).size).toBe(300);
    const again = new Draws('many');
    expect(again.int32(again.stream('service-7'), 1, 1)).toBe(many.int32(keys[7]!, 1, 1));
  });

  test('unit lies in [0, 1), uses 53 bits and begins with the bits of int32', () => {
    fc.assert(
      fc.property(int32, int32, (uid, index) => {
        const unit = draws.unit(stream, uid, index);
        expect(unit).toBeGreaterThanOrEqual(0);
        expect(unit).toBeLessThan(1);
        expect(Math.floor(unit * 2 ** 32) | 0).toBe(draws.int32(stream, uid, index));
        expect(Number.isInteger(unit * 2 ** 53)).toBe(true);
      }),
    );
    isEven(256, (i) => Math.floor(draws.unit(stream, i, 0) * 2 ** 53) % 256);
  });

  test('below gives each integer under n equally often, up to 2^31', () => {
    for (const n of [1, 2, 3, 10, 1000])
      isEven(n === 1 ? 2 : n, (i) => (n === 1 ? i % 2 : draws.below(stream, i, n, n)));
    fc.assert(
      fc.property(int32, fc.integer({ min: 1, max: 2 ** 31 - 1 }), (uid, n) => {
        const value = draws.below(stream, uid, 0, n);
        expect(Number.isInteger(value) && value >= 0 && value < n).toBe(true);
      }),
    );
    expect(draws.below(stream, 3, 3, 1)).toBe(0);
    expect(draws.below(stream, 3, 3, 2 ** 31)).toBe(draws.int32(stream, 3, 3) >>> 1);
  });

  test('are even over uids, over indices, over both, and over the uids of calls', () => {
    isEven(1024, (i) => draws.int32(stream, i, 0) >>> 22);
    isEven(1024, (i) => draws.int32(stream, i, 0) & 1023);
    isEven(1024, (i) => draws.int32(stream, 7, i) >>> 22);
    isEven(1024, (i) => draws.int32(stream, -i, i & 7) >>> 22);
    isEven(1024, (i) => draws.int32(stream, i << 12, 3) >>> 22);
    isEven(1024, (i) => draws.int32(stream, childUid(i >> 2, i & 3), 1) >>> 22);
  });

  test('of neighbours in uid, index, stream or the call tree are independent', () => {
    const at = (key: number, uid: number, index: number) => draws.int32(key, uid, index);
    areIndependent(
      (i) => at(stream, i, 0),
      (i) => at(stream, i + 1, 0),
    );
    areIndependent(
      (i) => at(stream, i, 0),
      (i) => at(stream, i, 1),
    );
    areIndependent(
      (i) => at(stream, 5, i),
      (i) => at(stream, 5, i + 1),
    );
    areIndependent(
      (i) => at(stream, i, 0),
      (i) => at(other, i, 0),
    );
    areIndependent(
      (i) => at(stream, i, 0),
      (i) => at(stream, childUid(i, 0), 0),
    );
    areIndependent(
      (i) => at(stream, childUid(i, 0), 0),
      (i) => at(stream, childUid(i, 1), 0),
    );
  });

  test('two uids do not share a run of draws shifted by some indices', () => {
    const length = 8;
    const seen = new Set<string>();
    for (let uid = 0; uid < 20_000; uid++) {
      for (let index = 0; index < length; index += 2) {
        seen.add(`${draws.int32(stream, uid, index)},${draws.int32(stream, uid, index + 1)}`);
      }
    }
    expect(seen.size).toBe((20_000 * length) / 2);
  });

  test('each bit of uid and index changes each bit of the draw half of the time', () => {
    const trials = 2000;
    for (let bit = 0; bit < 32; bit++) {
      const flips = new Float64Array(64);
      for (let trial = 0; trial < trials; trial++) {
        const uid = Math.imul(trial, 0x9e3779b1);
        const draw = draws.int32(stream, uid, trial & 7);
        const byUid = draw ^ draws.int32(stream, uid ^ (1 << bit), trial & 7);
        const byIndex = draw ^ draws.int32(stream, uid, (trial & 7) ^ (1 << bit));
        for (let out = 0; out < 32; out++) {
          flips[out]! += (byUid >>> out) & 1;
          flips[32 + out]! += (byIndex >>> out) & 1;
        }
      }
      for (const flipped of flips) expect(Math.abs(flipped / trials - 0.5)).toBeLessThan(0.06);
    }
  });
});

describe('childUid', () => {
  test('is the same everywhere', () => {
    expect([childUid(0, 0), childUid(1, 0), childUid(-1, 7)]).toEqual([
      33350994, -1622125004, -1992129428,
    ]);
  });

  test('is an int32, differs between siblings and between parents at one position', () => {
    fc.assert(
      fc.property(
        int32,
        int32,
        fc.nat(100),
        fc.nat(100),
        (uid, otherUid, position, otherPosition) => {
          const child = childUid(uid, position);
          expect(child | 0).toBe(child);
          expect(childUid(otherUid, position) === child).toBe(otherUid === uid);
          expect(childUid(uid, otherPosition) === child).toBe(otherPosition === position);
        },
      ),
    );
  });
});

describe('Sequence', () => {
  test('is the same everywhere: a fixed vector', () => {
    const sequence = new Sequence('7f3a', 'clients/shoppers');
    expect([sequence.int32(), sequence.int32(), sequence.int32()]).toEqual([
      353277046, -1904094549, 400149703,
    ]);
    expect(sequence.unit()).toBe(0.3631187022664347);
  });

  test('is determined by seed and label, and differs between them', () => {
    const start = (seed: string, label: string) => new Sequence(seed, label).unit();
    expect(start('a', 'x')).toBe(start('a', 'x'));
    expect(new Set([start('a', 'x'), start('a', 'y'), start('b', 'x')]).size).toBe(3);
  });

  test('is even, in single numbers and in pairs', () => {
    const sequence = new Sequence('even', 'x');
    isEven(1000, () => Math.floor(sequence.unit() * 1000));
    isEven(1024, () => sequence.int32() & 1023);
    isEven(1024, () => ((sequence.int32() >>> 27) << 5) | (sequence.int32() >>> 27));
  });
});
