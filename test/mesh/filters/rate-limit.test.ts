import { describe, expect, it } from 'vitest';
import {
  encodeRateLimitRequest,
  LimitCode,
  parseRateLimitResponse,
} from '../../../src/mesh/filters/rate-limit-messages.ts';

describe('messages of the rate limit service', () => {
  it('name domain and descriptors', () => {
    const bytes = encodeRateLimitRequest('d', [[{ key: 'k', value: 'v' }]]);
    const entry = [0x0a, 1, 0x6b, 0x12, 1, 0x76];
    expect([...bytes]).toEqual([0x0a, 1, 0x64, 0x12, 8, 0x0a, 6, ...entry]);
  });

  it('lengths above 127 take two bytes', () => {
    const bytes = encodeRateLimitRequest('x'.repeat(200), []);
    expect([...bytes.slice(0, 3)]).toEqual([0x0a, 0xc8, 0x01]);
    expect(bytes.length).toBe(203);
  });

  it('answers have a code and headers', () => {
    const header = [0x0a, 1, 0x41, 0x12, 2, 0x31, 0x25];
    const answer = parseRateLimitResponse(
      Uint8Array.from([0x08, 2, 0x1a, header.length, ...header]),
    );
    expect(answer?.code).toBe(LimitCode.overLimit);
    expect(answer?.responseHeaders).toEqual([
      { name: 'a', value: '1%%', action: 'append-if-exists-or-add', keepsEmpty: true },
    ]);
  });

  it.each([
    ['nothing', [], LimitCode.unknown],
    ['an unknown field in between', [0x50, 7, 0x08, 1], LimitCode.ok],
  ])('%s', (_name, bytes, code) => {
    expect(parseRateLimitResponse(Uint8Array.from(bytes))?.code).toBe(code);
  });

  it.each([
    ['a code that is not known', [0x08, 9]],
    ['a length beyond the end', [0x12, 9, 1]],
  ])('%s is no answer', (_name, bytes) => {
    expect(parseRateLimitResponse(Uint8Array.from(bytes))).toBeNull();
  });
});
