import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { murmurHash2, rotateLeftByOne, xxHash64 } from '../../src/core/hash64.ts';

describe('xxHash64', () => {
  // The first four: policy-engine.md §14; the last: the documentation of python-xxhash.
  test.each([
    ['', 17241709254077376921n],
    ['foo', 3728699739546630719n],
    ['bar', 5234164152756840025n],
    ['lyft', 4400747396090729504n],
    ['Nobody inspects the spammish repetition', 0xfbcea83c8a378bf1n],
  ])('of %j', (text, hash) => {
    expect(xxHash64(text)).toBe(hash);
  });

  it('depends on its seed', () => {
    expect(xxHash64('foo', 1n)).not.toBe(xxHash64('foo'));
  });

  it('is 64 bits of any text, of any length', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), fc.bigInt(0n, 2n ** 64n - 1n), (text, seed) => {
        for (const hash of [xxHash64(text, seed), murmurHash2(text, seed)]) {
          expect(hash >= 0n && hash < 2n ** 64n).toBe(true);
        }
      }),
    );
  });
});

describe('rotateLeftByOne', () => {
  it('brings the highest bit to the lowest place', () => {
    expect(rotateLeftByOne(2n ** 63n + 1n)).toBe(3n);
  });

  it('gives the value back after 64 turns', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (value) => {
        let turned = value;
        for (let i = 0; i < 64; i++) turned = rotateLeftByOne(turned);
        expect(turned).toBe(value);
      }),
    );
  });
});
