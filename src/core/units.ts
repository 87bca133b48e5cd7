/**
 * Numbers with units as people write them: "250ms", "640rps", "5%", "4KiB", "100Mbit/s".
 *
 * Parsing is exact decimal arithmetic; a result is a number or a problem in words, never an
 * exception. A bare number where a unit is needed is a problem that names the units. Formatting is
 * the inverse and picks the largest unit that needs no rounding.
 * Source: scenario.md (units).
 */

import { didYouMean } from './suggest.ts';
import type { Ns } from './time.ts';

/** The value, or what is wrong in half a sentence that can follow a field's name. */
export type Parsed =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly problem: string };

interface Quantity {
  readonly what: string;
  /** Factor to the base unit, as a fraction to stay exact. Largest first. */
  readonly units: ReadonlyMap<string, readonly [numerator: bigint, denominator: bigint]>;
  readonly examples: string;
  readonly isCompound: boolean;
}

const NS_PER_SECOND = 1_000_000_000n;

const DURATION: Quantity = {
  what: 'a duration',
  examples: '250us, 10ms, 1.5s, 8m, 2h or 365d',
  isCompound: true,
  units: new Map([
    ['d', [86_400n * NS_PER_SECOND, 1n]],
    ['h', [3_600n * NS_PER_SECOND, 1n]],
    ['m', [60n * NS_PER_SECOND, 1n]],
    ['s', [NS_PER_SECOND, 1n]],
    ['ms', [1_000_000n, 1n]],
    ['us', [1_000n, 1n]],
    ['ns', [1n, 1n]],
  ]),
};

const RATE: Quantity = {
  what: 'a rate',
  examples: '640rps or 12/m',
  isCompound: false,
  units: new Map([
    ['rps', [1n, 1n]],
    ['/s', [1n, 1n]],
    ['/m', [1n, 60n]],
    ['/h', [1n, 3_600n]],
    ['/d', [1n, 86_400n]],
  ]),
};

const SIZE: Quantity = {
  what: 'a size',
  examples: '512B, 4KiB, 16MiB or 2GB',
  isCompound: false,
  units: new Map([
    ['TiB', [1n << 40n, 1n]],
    ['GiB', [1n << 30n, 1n]],
    ['MiB', [1n << 20n, 1n]],
    ['KiB', [1n << 10n, 1n]],
    ['TB', [1_000_000_000_000n, 1n]],
    ['GB', [1_000_000_000n, 1n]],
    ['MB', [1_000_000n, 1n]],
    ['kB', [1_000n, 1n]],
    ['B', [1n, 1n]],
  ]),
};

const BANDWIDTH: Quantity = {
  what: 'a bandwidth',
  examples: '100Mbit/s, 1Gbit/s or 12MiB/s',
  isCompound: false,
  units: new Map([
    ['Gbit/s', [1_000_000_000n, 8n]],
    ['Mbit/s', [1_000_000n, 8n]],
    ['kbit/s', [1_000n, 8n]],
    ['bit/s', [1n, 8n]],
    ['GiB/s', [1n << 30n, 1n]],
    ['MiB/s', [1n << 20n, 1n]],
    ['KiB/s', [1n << 10n, 1n]],
    ['GB/s', [1_000_000_000n, 1n]],
    ['MB/s', [1_000_000n, 1n]],
    ['kB/s', [1_000n, 1n]],
    ['B/s', [1n, 1n]],
  ]),
};

/** Longer than any simulation or certificate; whole seconds stay exact up to here. */
const MAX_NS = 3_155_760_000n * NS_PER_SECOND;

/** @returns integer nanoseconds, at most 100 years; several parts (`1m30s`) add up */
export function parseDurationNs(input: string | number): Parsed {
  const parsed = parseQuantity(input, DURATION);
  if ('problem' in parsed) return { ok: false, problem: parsed.problem };
  const { numerator, denominator } = parsed;
  if (numerator % denominator !== 0n) return problem(input, 'is finer than a nanosecond');
  const ns = numerator / denominator;
  if (ns > MAX_NS) return problem(input, 'is longer than 100 years');
  const value = Number(ns);
  if (BigInt(value) !== ns) return problem(input, 'has more digits than can be kept exactly');
  return { ok: true, value };
}

/** @returns requests per second */
export function parseRateRps(input: string | number): Parsed {
  return toNumber(parseQuantity(input, RATE));
}

/** @returns bytes, a whole number */
export function parseSizeBytes(input: string | number): Parsed {
  const parsed = toNumber(parseQuantity(input, SIZE));
  if (parsed.ok && !Number.isSafeInteger(parsed.value)) {
    return problem(input, 'is not a whole number of bytes');
  }
  return parsed;
}

/** @returns bytes (not bits) per second */
export function parseBandwidthBytesPerSecond(input: string | number): Parsed {
  return toNumber(parseQuantity(input, BANDWIDTH));
}

/** A share: `0.05` or `5%`. @returns 0..1 */
export function parseRatio(input: string | number): Parsed {
  const text = String(input).trim();
  const match = /^(\d+(?:\.\d+)?|\.\d+)\s*(%?)$/.exec(text);
  if (match === null) {
    if (typeof input === 'number' || /^-?[\d.eE+-]+%?$/.test(text)) {
      return problem(input, 'is not between 0 and 1; write a ratio like 0.05 or 5%');
    }
    return problem(input, 'is not a ratio; write one like 0.05 or 5%');
  }
  const value = match[2] === '%' ? Number(match[1]) / 100 : Number(match[1]);
  if (value > 1) {
    return problem(input, `is above ${match[2] === '%' ? '100%' : '1'}; ${ratioHint(value)}`);
  }
  return { ok: true, value };
}

function ratioHint(value: number): string {
  return value <= 100 ? `a ratio is 0 to 1; did you mean ${trimmed(value)}%?` : 'a ratio is 0 to 1';
}

interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

function parseQuantity(
  input: string | number,
  quantity: Quantity,
): Fraction | { readonly problem: string } {
  const hint = `write ${quantity.what} like ${quantity.examples}`;
  const text = String(input).trim();
  if (typeof input === 'number' || /^[+-]?[\d.]+$/.test(text)) {
    return { problem: `${quoted(input)} has no unit; ${hint}` };
  }
  if (text.length > 64) return { problem: `${quoted(input)} is not ${quantity.what}; ${hint}` };
  let sum: Fraction = { numerator: 0n, denominator: 1n };
  let rest = text;
  do {
    const part = /^(\d+)(?:\.(\d+))?\s*([^\d.\s][^\d.\s]*)\s*/.exec(rest);
    if (part === null) return { problem: `${quoted(input)} is not ${quantity.what}; ${hint}` };
    const [all, whole = '', decimals = '', unit = ''] = part;
    const factor = quantity.units.get(unit === 'µs' || unit === 'μs' ? 'us' : unit);
    if (factor === undefined) {
      const nearest = didYouMean(unit, quantity.units.keys());
      return { problem: `${quoted(input)} has the unknown unit "${unit}"${nearest}; ${hint}` };
    }
    sum = add(sum, {
      numerator: BigInt(whole + decimals) * factor[0],
      denominator: BigInt(`1${'0'.repeat(decimals.length)}`) * factor[1],
    });
    rest = rest.slice(all.length);
  } while (rest !== '' && quantity.isCompound);
  if (rest !== '') return { problem: `${quoted(input)} is not ${quantity.what}; ${hint}` };
  return sum;
}

function add(a: Fraction, b: Fraction): Fraction {
  return {
    numerator: a.numerator * b.denominator + b.numerator * a.denominator,
    denominator: a.denominator * b.denominator,
  };
}

function toNumber(parsed: Fraction | { readonly problem: string }): Parsed {
  if ('problem' in parsed) return { ok: false, problem: parsed.problem };
  return { ok: true, value: Number(parsed.numerator) / Number(parsed.denominator) };
}

function problem(input: string | number, text: string): Parsed {
  return { ok: false, problem: `${quoted(input)} ${text}` };
}

function quoted(input: string | number): string {
  return typeof input === 'number' ? String(input) : JSON.stringify(input.slice(0, 80));
}

/** Shortest exact text of a duration: `1.5s`, `250us`, `0s`. */
export function formatDuration(ns: Ns): string {
  return ns === 0 ? '0s' : formatLargest(ns, DURATION, 'ns');
}

/** `640rps`, or per minute, hour or day when that is a shorter number. */
export function formatRate(rps: number): string {
  return formatLargest(rps, RATE, 'rps');
}

export function formatSize(bytes: number): string {
  return formatLargest(bytes, SIZE, 'B');
}

/** @param bytesPerSecond shown in bits, as networks are specified */
export function formatBandwidth(bytesPerSecond: number): string {
  return formatLargest(bytesPerSecond, BANDWIDTH, 'bit/s');
}

/** `5%`, `0.25%`, `100%`. */
export function formatRatio(ratio: number): string {
  return `${trimmed(ratio * 100)}%`;
}

/** The largest unit in which the value is 1 or more and has at most three decimals. */
function formatLargest(value: number, quantity: Quantity, baseUnit: string): string {
  for (const [unit, factor] of quantity.units) {
    const scaled = (value * Number(factor[1])) / Number(factor[0]);
    if (scaled >= 1 && Math.round(scaled * 1000) === scaled * 1000) return trimmed(scaled) + unit;
  }
  const base = quantity.units.get(baseUnit) ?? [1n, 1n];
  return trimmed((value * Number(base[1])) / Number(base[0])) + baseUnit;
}

/** A number with at most six decimals and no trailing zeros. */
function trimmed(value: number): string {
  return String(Number(value.toFixed(6)));
}
