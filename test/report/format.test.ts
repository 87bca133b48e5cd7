import { describe, expect, test } from 'vitest';
import {
  countOf,
  formatCount,
  formatFactor,
  formatMs,
  formatNumber,
  formatRate,
  formatRatio,
  formatSeconds,
} from '../../src/report/format.ts';

describe('formatSeconds spells times as scenario files do', () => {
  test.each([
    [0, '0s'],
    [0.25, '250ms'],
    [0.0005, '0.5ms'],
    [1, '1s'],
    [1.5, '1.5s'],
    [59.999, '1m'],
    [60, '1m'],
    [90, '1m30s'],
    [480, '8m'],
    [3600, '1h'],
    [3661, '1h1m'],
    [86_400, '1d'],
    [90_061, '1d1h'],
    [-30, '-30s'],
  ])('%d is %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });
});

describe('formatRatio never rounds to all or nothing', () => {
  test.each([
    [1, '100 %'],
    [0, '0 %'],
    [0.934, '93.4 %'],
    [0.5, '50 %'],
    [0.9999, '99.99 %'],
    [0.99999, '99.999 %'],
    [0.0001, '0.01 %'],
    [0.999999999, '> 99.9999 %'],
    [1e-9, '< 0.0001 %'],
  ])('%d is %s', (ratio, text) => {
    expect(formatRatio(ratio)).toBe(text);
  });
});

test('the other formats keep three significant digits and thousands apart', () => {
  expect(formatMs(4.321)).toBe('4.32 ms');
  expect(formatMs(1250)).toBe('1.25 s');
  expect(formatRate(359.4)).toBe('359 rps');
  expect(formatNumber(0.1234)).toBe('0.123');
  expect(formatNumber(12_345.6)).toBe('12,346');
  expect(formatCount(1_234_567)).toBe('1,234,567');
  expect(formatCount(-1000)).toBe('-1,000');
  expect(formatFactor(2.956)).toBe('2.96×');
  expect(countOf(1, 'run')).toBe('one run');
  expect(countOf(1200, 'run')).toBe('1,200 runs');
});
