import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Digest } from '../../src/core/digest.ts';

type Fields = readonly [kind: number, timeNs: number, a: number, b: number, c: number];

const kind = fc.integer({ min: 0, max: 1023 });
const time = fc.maxSafeNat();
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const aRecord: fc.Arbitrary<Fields> = fc.tuple(kind, time, int32, int32, int32);

function fold(digest: Digest, [kind, nowNs, a, b, c]: Fields): void {
  digest.fold(kind, { nowNs }, a, b, c);
}

function digestOf(records: readonly Fields[]): string {
  const digest = new Digest();
  for (const record of records) fold(digest, record);
  return digest.hex();
}

function differingBits(a: string, b: string): number {
  const difference = BigInt(`0x${a}`) ^ BigInt(`0x${b}`);
  return [...difference.toString(2)].filter((bit) => bit === '1').length;
}

test('is the same on every machine: a fixed vector', () => {
  expect(digestOf([])).toBe('531baf9f35ba3da02014e8ff97ee1b16');
  expect(digestOf([[1, 0, 0, 0, 0]])).toBe('88fb52702b92930ef75fb867d03046e4');
  expect(
    digestOf([
      [9, 2 ** 53 - 1, -1, 2 ** 31 - 1, -(2 ** 31)],
      [40, 123_456_789_012, 7, -7, 0],
    ]),
  ).toBe('8a8e366ead827fdb2fe41803544710aa');
});

test('equal records give equal digests, whenever hex is read in between', () => {
  fc.assert(
    fc.property(fc.array(aRecord, { maxLength: 20 }), (records) => {
      const digest = new Digest();
      for (const record of records) {
        fold(digest, record);
        digest.hex();
      }
      expect(digest.hex()).toBe(digestOf(records));
      expect(digest.hex()).toMatch(/^[0-9a-f]{32}$/);
    }),
  );
});

test('the order of records matters', () => {
  fc.assert(
    fc.property(aRecord, aRecord, (first, second) => {
      fc.pre(first.some((value, at) => value !== second[at]));
      expect(digestOf([first, second])).not.toBe(digestOf([second, first]));
    }),
  );
});

test('one changed bit of any field changes about half of all bits, now and many records later', () => {
  const base: Fields[] = Array.from({ length: 50 }, (_, i) => [i, i * 1e9 + 17, i * 31, -i, i & 3]);
  const expected = digestOf(base);
  const fieldBits = [10, 53, 32, 32, 32];
  for (const at of [3, 49]) {
    fieldBits.forEach((bits, field) => {
      for (let bit = 0; bit < bits; bit++) {
        const changed = base.map((record) => [...record] as unknown as Fields);
        const record = changed[at] as unknown as number[];
        const isSet = Math.floor(record[field]! / 2 ** bit) % 2 !== 0;
        record[field] =
          field < 2 ? record[field]! + (isSet ? -1 : 1) * 2 ** bit : record[field]! ^ (1 << bit);
        const distance = differingBits(expected, digestOf(changed));
        expect(distance).toBeGreaterThan(30);
        expect(distance).toBeLessThan(98);
      }
    });
  }
});

test('twenty thousand similar runs have different digests, in each half as well', () => {
  const digests = new Set<string>();
  const halves = new Set<string>();
  for (let i = 0; i < 20_000; i++) {
    const digest = new Digest();
    fold(digest, [1, (i % 300) * 1000, i >> 8, i & 255, 0]);
    fold(digest, [2, 5, 0, 0, i % 7]);
    const hex = digest.hex();
    digests.add(hex);
    halves.add(hex.slice(0, 16));
  }
  expect(digests.size).toBe(20_000);
  expect(halves.size).toBe(20_000);
});
