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
    [499, success],
    [600, success],
    [428, success],
    [430, success],
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

  it('of gRPC goes by trailers before the head, and by the status of HTTP before both', () => {
    const internal = [['grpc-status', '13']] as const;
    const fine = [['grpc-status', '0']] as const;
    expect(classify(true, head(200, internal), head(0, fine))).toBe(success);
    expect(classify(true, head(200, internal), head(0))).toBe(failure);
    expect(classify(true, head(503, fine), null)).toBe(failure);
    expect(classify(true, head(429, internal), null)).toBe(rateLimited);
  });

  it('of anything else does not care about gRPC', () => {
    expect(classify(false, head(200, [['grpc-status', '13']]), null)).toBe(success);
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
    expect(of(head(499))).toBe(-1);
    expect(of(head(599))).toBe(5_000);
    expect(of(head(600))).toBe(-1);
    expect(of(head(503))).toBe(5_000);
    expect(of(head(503, [['retry-after', '6x']]))).toBe(5_000);
    expect(of(head(503, [['retry-after', 'x60']]))).toBe(5_000);
    expect(of(head(503, [['retry-after', 'Sun, 06 Nov 1994 08:48:37 GMT']]))).toBe(5_000);
    expect(of(head(503, [['grpc-retry-pushback-ms', '60000']]))).toBe(5_000);
    expect(of(head(503, [['grpc-status', '0']]))).toBe(5_000);
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
    expect(of('8', 'x20000')).toBe(5_000);
    expect(of('8', '20000x')).toBe(5_000);
    expect(of('8', '20000')).toBe(20_000);
    expect(of('14', '9999999')).toBe(300_000);
    expect(['2', '4', '15'].map((code) => of(code))).toEqual([5_000, 5_000, 5_000]);
    expect(['1', '3', '5', '16'].map((code) => of(code))).toEqual([-1, -1, -1, -1]);
  });

  it('goes by gRPC only for gRPC that HTTP takes for a success', () => {
    const says = [['grpc-status', '13']] as const;
    expect(penaltyMs(PENALTY, false, head(200, says), EPOCH_MS)).toBe(-1);
    expect(penaltyMs(PENALTY, true, head(404, says), EPOCH_MS)).toBe(-1);
    const asks = [
      ['grpc-status', '14'],
      ['retry-after', '60'],
      ['grpc-retry-pushback-ms', '20000'],
    ] as const;
    expect(penaltyMs(PENALTY, true, head(503, asks), EPOCH_MS)).toBe(60_000);
    expect(penaltyMs(PENALTY, true, head(500, asks), EPOCH_MS)).toBe(5_000);
  });
});
