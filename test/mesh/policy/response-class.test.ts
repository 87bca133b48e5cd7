import { describe, expect, it } from 'vitest';
import { HttpHead } from '../../../src/core/head.ts';
import { classify, penaltyMs, ResponseClass } from '../../../src/mesh/policy/response-class.ts';

const { failure, rateLimited, success } = ResponseClass;
const PENALTY = { penaltyMs: 5_000, maxRetryAfterMs: 300_000 };
const EPOCH_MS = 784_111_777_000; // Sun, 06 Nov 1994 08:49:37 GMT

function head(status: number, headers: readonly (readonly [string, string])[] = []): HttpHead {
  return new HttpHead({ status, headers });
}

describe('the class of a response', () => {
  it.each([
    [200, success],
    [404, success],
    [429, rateLimited],
    [500, failure],
    [599, failure],
  ])('%d', (status, expected) => {
    expect(classify(false, head(status), null)).toBe(expected);
  });

  it.each([
    ['0', success],
    ['1', success],
    ['2', failure],
    ['4', failure],
    ['7', failure],
    ['8', rateLimited],
    ['13', failure],
    ['14', failure],
    ['15', failure],
    ['5', success],
  ])('of gRPC with status %s, in the head or in trailers', (code, expected) => {
    const says = [['grpc-status', code]] as const;
    expect(classify(true, head(200, says), null)).toBe(expected);
    expect(classify(true, head(200), head(0, says))).toBe(expected);
  });

  it('of gRPC without a status is success', () => {
    expect(classify(true, head(200), null)).toBe(success);
  });
});

describe('the penalty of a failed response', () => {
  it('is what is configured, unless the host asks for longer', () => {
    const of = (response: HttpHead) => penaltyMs(PENALTY, false, response, EPOCH_MS);
    expect(of(head(200))).toBe(-1);
    expect(of(head(404))).toBe(-1);
    expect(of(head(500, [['retry-after', '60']]))).toBe(5_000);
    expect(of(head(503, [['retry-after', '60']]))).toBe(60_000);
    expect(of(head(429, [['retry-after', '1']]))).toBe(5_000);
    expect(of(head(429, [['retry-after', '9999']]))).toBe(300_000);
    const date = 'Sun, 06 Nov 1994 08:50:37 GMT';
    expect(of(head(503, [['retry-after', date]]))).toBe(60_000);
    expect(of(head(503, [['retry-after', 'soon']]))).toBe(5_000);
  });

  it('goes by the status of gRPC and its pushback', () => {
    const of = (code: string, pushback = '') =>
      penaltyMs(
        PENALTY,
        true,
        head(200, [
          ['grpc-status', code],
          ['grpc-retry-pushback-ms', pushback],
        ]),
        EPOCH_MS,
      );
    expect(of('0')).toBe(-1);
    expect(of('7')).toBe(-1);
    expect(of('13', '20000')).toBe(5_000);
    expect(of('14', '20000')).toBe(20_000);
    expect(of('8', '-1')).toBe(5_000);
  });
});
