import { describe, expect, it } from 'vitest';
import {
  formatBandwidth,
  formatDuration,
  formatRate,
  formatRatio,
  formatSize,
  type Parsed,
  parseBandwidthBytesPerSecond,
  parseDurationNs,
  parseRateRps,
  parseRatio,
  parseSizeBytes,
} from '../../src/core/units.ts';

function problemOf(parsed: Parsed): string {
  return parsed.ok ? `accepted as ${parsed.value}` : parsed.problem;
}

describe('durations', () => {
  it.each([
    ['250us', 250_000],
    ['10ms', 10_000_000],
    ['1.5s', 1_500_000_000],
    ['8m', 480_000_000_000],
    ['2h', 7_200_000_000_000],
    ['365d', 31_536_000_000_000_000],
    ['1m30s', 90_000_000_000],
    ['0s', 0],
    ['0.1s', 100_000_000],
    ['7µs', 7_000],
    [' 3 s ', 3_000_000_000],
    ['1ns', 1],
  ])('reads %s as %d ns', (text, ns) => {
    expect(parseDurationNs(text)).toEqual({ ok: true, value: ns });
  });

  it.each([
    [30, '30 has no unit; write a duration like 250us, 10ms, 1.5s, 8m, 2h or 365d'],
    ['30', '"30" has no unit; write a duration like 250us, 10ms, 1.5s, 8m, 2h or 365d'],
    ['1.5sec', '"1.5sec" has the unknown unit "sec"'],
    ['10MS', '"10MS" has the unknown unit "MS"; did you mean "ms"?'],
    ['0.5ns', '"0.5ns" is finer than a nanosecond'],
    ['200000d', '"200000d" is longer than 100 years'],
    ['-5s', '"-5s" is not a duration'],
    ['', '"" is not a duration'],
    ['s', '"s" is not a duration'],
    ['1e3s', '"1e3s" has the unknown unit "e"'],
    ['200d1ns', '"200d1ns" has more digits than can be kept exactly'],
  ])('refuses %s', (text, problem) => {
    expect(problemOf(parseDurationNs(text))).toContain(problem);
  });

  it.each([
    [0, '0s'],
    [250_000, '250us'],
    [1_500_000_000, '1.5s'],
    [90_000_000_000, '1.5m'],
    [31_536_000_000_000_000, '365d'],
    [1, '1ns'],
    [1_234_567, '1234.567us'],
    [1_000_000_001, '1000000.001us'],
  ])('writes %d ns as %s', (ns, text) => {
    expect(formatDuration(ns)).toBe(text);
    expect(parseDurationNs(text)).toEqual({ ok: true, value: ns });
  });
});

describe('rates', () => {
  it('reads requests per second and per minute', () => {
    expect(parseRateRps('640rps')).toEqual({ ok: true, value: 640 });
    expect(parseRateRps('12/m')).toEqual({ ok: true, value: 0.2 });
    expect(parseRateRps('0.5/s')).toEqual({ ok: true, value: 0.5 });
  });

  it('refuses a bare number and names the units', () => {
    expect(problemOf(parseRateRps(640))).toBe('640 has no unit; write a rate like 640rps or 12/m');
  });

  it('suggests the unit that was meant', () => {
    expect(problemOf(parseRateRps('5RPS'))).toContain('did you mean "rps"?');
  });

  it('refuses several parts', () => {
    expect(problemOf(parseRateRps('5rps3rps'))).toContain('is not a rate');
  });

  it('writes them back', () => {
    expect(formatRate(640)).toBe('640rps');
    expect(formatRate(0.2)).toBe('12/m');
  });
});

describe('ratios', () => {
  it.each([
    ['5%', 0.05],
    [0.05, 0.05],
    ['0.05', 0.05],
    ['100%', 1],
    [1, 1],
    [0, 0],
  ])('reads %s', (text, ratio) => {
    expect(parseRatio(text)).toEqual({ ok: true, value: ratio });
  });

  it('refuses what is above 1 and guesses the percent sign', () => {
    expect(problemOf(parseRatio(5))).toBe('5 is above 1; a ratio is 0 to 1; did you mean 5%?');
    expect(problemOf(parseRatio('150%'))).toContain('is above 100%');
  });

  it('refuses what is negative or no number', () => {
    expect(problemOf(parseRatio(-0.1))).toContain('is not between 0 and 1');
    expect(problemOf(parseRatio('half'))).toBe('"half" is not a ratio; write one like 0.05 or 5%');
  });

  it('writes percentages', () => {
    expect(formatRatio(0.05)).toBe('5%');
    expect(formatRatio(0.0025)).toBe('0.25%');
    expect(formatRatio(0.07)).toBe('7%');
  });
});

describe('sizes and bandwidths', () => {
  it('reads binary and decimal sizes', () => {
    expect(parseSizeBytes('4KiB')).toEqual({ ok: true, value: 4096 });
    expect(parseSizeBytes('1.5kB')).toEqual({ ok: true, value: 1500 });
  });

  it('refuses bare numbers, parts of bytes and misspelt units', () => {
    expect(problemOf(parseSizeBytes(4096))).toContain('4096 has no unit; write a size like');
    expect(problemOf(parseSizeBytes('0.3B'))).toContain('not a whole number of bytes');
    expect(problemOf(parseSizeBytes('4kib'))).toContain('did you mean "KiB"?');
  });

  it('reads bits per second as bytes per second', () => {
    expect(parseBandwidthBytesPerSecond('100Mbit/s')).toEqual({ ok: true, value: 12_500_000 });
    expect(parseBandwidthBytesPerSecond('12MiB/s')).toEqual({ ok: true, value: 12 * 1_048_576 });
  });

  it('writes them back', () => {
    expect(formatSize(4096)).toBe('4KiB');
    expect(formatBandwidth(12_500_000)).toBe('100Mbit/s');
  });
});
