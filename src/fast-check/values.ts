/** Small arbitraries that the others are made of. Each shrinks towards the first thing it can say. */
import fc from 'fast-check';

/** Whole milliseconds, as a scenario and a resource write them; shrinks towards `min`. */
export function milliseconds(min: number, max: number): fc.Arbitrary<string> {
  return fc.integer({ min, max }).map((value) => `${value}ms`);
}

/** Left out half of the time; shrinks towards being left out. */
export function optional<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof(
    { withCrossShrink: true },
    { arbitrary: fc.constant(undefined), weight: 1 },
    { arbitrary, weight: 1 },
  );
}

/** Keys of `T` that may be `undefined` become optional. */
export type Given<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** An ordinary object without the keys whose value is `undefined`. */
export function given<T extends object>(map: T): Given<T> {
  const pairs = Object.entries(map).filter(([, value]) => value !== undefined);
  return Object.fromEntries(pairs) as Given<T>;
}

/** The item that an unbounded number chooses. */
export function pick<T>(items: readonly T[], at: number): T {
  return items[at % items.length] as T;
}
