/**
 * What generated scenarios are made of: JSON, the parts of a scenario file, and small arbitraries.
 */
import fc from 'fast-check';

export type Json = string | number | boolean | null | readonly Json[] | JsonMap;
export interface JsonMap {
  readonly [key: string]: Json;
}

/** Plain JSON, so that a failure prints what can be saved and run again. */
export interface ScenarioSketch {
  readonly seed: string;
  /** The scenario file. */
  readonly scenario: JsonMap;
  /** Istio resources, one document each. */
  readonly mesh: readonly JsonMap[];
}

/** Part of a scenario whose names begin with one prefix. */
export interface Chain {
  readonly services: JsonMap;
  readonly clients: JsonMap;
  readonly mesh: readonly JsonMap[];
}

/** Whole milliseconds, as the scenario file writes them. */
export function ms(min: number, max: number): fc.Arbitrary<string> {
  return fc.integer({ min, max }).map((value) => `${value}ms`);
}

/** Two digits are enough for a ratio. */
export function ratioUpTo(percent: number): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: percent }).map((value) => value / 100);
}

/** @param weight of ten: how often there is a value at all */
export function maybe<T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof(
    { arbitrary: fc.constant(undefined), weight: 10 - weight },
    { arbitrary, weight },
  );
}

/** A map without the keys whose value is `undefined`. */
export function given(map: Readonly<Record<string, Json | undefined>>): JsonMap {
  const pairs = Object.entries(map).filter((pair): pair is [string, Json] => pair[1] !== undefined);
  return Object.fromEntries(pairs);
}
