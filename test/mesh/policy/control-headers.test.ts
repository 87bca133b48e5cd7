import { describe, expect, it, test } from 'vitest';
import {
  CONTROL_HEADERS,
  parseUnsigned,
  RETRY_CONTROL_HEADERS,
  splitList,
  TIMEOUT_CONTROL_HEADERS,
} from '../../../src/mesh/policy/control-headers.ts';

const MOST_UINT64 = 18_446_744_073_709_551_615n;

describe('a number in a control header', () => {
  test.each<[string, number]>([
    ['0', 0],
    ['7', 7],
    ['007', 7],
    ['100', 100],
    ['+5', 5],
    ['  5\t', 5],
    [' +5 ', 5],
    ['', -1],
    [' ', -1],
    ['+', -1],
    ['+ 5', -1],
    ['++5', -1],
    ['-5', -1],
    ['5.0', -1],
    ['5 5', -1],
    ['5x', -1],
    ['x5', -1],
    ['1e3', -1],
    ['0x10', -1],
  ])('written %j reads %d', (text, value) => {
    expect(parseUnsigned(text, 1_000)).toBe(value);
  });

  it('is at most what the reader can use', () => {
    expect(parseUnsigned('1000', 1_000)).toBe(1_000);
    expect(parseUnsigned('1001', 1_000)).toBe(1_000);
    expect(parseUnsigned(String(MOST_UINT64), 1_000)).toBe(1_000);
  });

  it('has 64 bits, however many zeros stand before it', () => {
    expect(parseUnsigned(String(MOST_UINT64 + 1n), 1_000)).toBe(-1);
    expect(parseUnsigned('9'.repeat(30), 1_000)).toBe(-1);
    expect(parseUnsigned('0'.repeat(30), 1_000)).toBe(0);
  });

  it('is none when the header is absent', () => {
    expect(parseUnsigned(undefined, 1_000)).toBe(-1);
  });
});

describe('a list in a control header', () => {
  test.each<[string | undefined, string[]]>([
    [undefined, []],
    ['', []],
    [' , ,', []],
    ['5xx', ['5xx']],
    ['5xx,reset', ['5xx', 'reset']],
    [' 5xx , ,reset\t', ['5xx', 'reset']],
    ['a b', ['a b']],
  ])('%j has the items %j', (text, items) => {
    expect(splitList(text)).toEqual(items);
  });
});

describe('the headers that steer', () => {
  it('are all removed where the client is not trusted', () => {
    expect([...CONTROL_HEADERS].sort()).toEqual([
      'x-envoy-expected-rq-timeout-ms',
      'x-envoy-force-trace',
      'x-envoy-hedge-on-per-try-timeout',
      'x-envoy-ip-tags',
      'x-envoy-max-retries',
      'x-envoy-original-url',
      'x-envoy-retriable-header-names',
      'x-envoy-retriable-status-codes',
      'x-envoy-retry-grpc-on',
      'x-envoy-retry-on',
      'x-envoy-upstream-alt-stat-name',
      'x-envoy-upstream-rq-per-try-timeout-ms',
      'x-envoy-upstream-rq-timeout-alt-response',
      'x-envoy-upstream-rq-timeout-ms',
      'x-envoy-upstream-stream-duration-ms',
    ]);
  });

  it('are consumed once: by the retry rules or before them', () => {
    const both = RETRY_CONTROL_HEADERS.filter((name) => TIMEOUT_CONTROL_HEADERS.includes(name));
    expect(both).toEqual([]);
    expect(CONTROL_HEADERS).toEqual(
      expect.arrayContaining([...RETRY_CONTROL_HEADERS, ...TIMEOUT_CONTROL_HEADERS]),
    );
  });
});
