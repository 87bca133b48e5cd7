import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { HttpHead } from '../../../src/core/head.ts';
import { envoyForward, envoyRetryPolicy } from '../../../src/mesh/config/complete.ts';
import type { ForwardAction } from '../../../src/mesh/config/config.ts';
import {
  EffectiveTimeouts,
  effectiveTimeouts,
  expectedTimeoutMs,
  grpcTimeoutText,
} from '../../../src/mesh/policy/timeout.ts';

const ROUTE = 'x-envoy-upstream-rq-timeout-ms';
const PER_TRY = 'x-envoy-upstream-rq-per-try-timeout-ms';

function action(timeoutMs: number, perTryTimeoutMs: number, perTryIdleTimeoutMs = 0) {
  const retry = envoyRetryPolicy({ perTryTimeoutMs, perTryIdleTimeoutMs });
  return envoyForward({ timeoutMs, retry });
}

function limits(
  forward: ForwardAction,
  headers: Record<string, string> = {},
  honours = true,
): EffectiveTimeouts {
  const head = new HttpHead({ method: 'POST', path: '/', headers: Object.entries(headers) });
  const out = new EffectiveTimeouts();
  effectiveTimeouts(forward, head, honours, out);
  return out;
}

describe('the time limits of a request', () => {
  it('are those of its route', () => {
    expect(limits(action(1_000, 300, 100))).toEqual({
      routeMs: 1_000,
      perTryMs: 300,
      perTryIdleMs: 100,
    });
  });

  it('know no per-try limit without a retry policy', () => {
    expect(limits(envoyForward({ timeoutMs: 500, retry: null }))).toEqual({
      routeMs: 500,
      perTryMs: 0,
      perTryIdleMs: 0,
    });
  });

  test.each<[number, number, number]>([
    [1_000, 999, 999],
    [1_000, 1_000, 0],
    [1_000, 1_001, 0],
    [0, 1_000, 1_000],
    [0, 0, 0],
  ])('of %d ms for all and %d per try leave %d per try', (timeoutMs, perTryMs, left) => {
    expect(limits(action(timeoutMs, perTryMs)).perTryMs).toBe(left);
  });

  test.each<[Record<string, string>, number, number]>([
    [{ [ROUTE]: '2000' }, 2_000, 300],
    [{ [ROUTE]: '0' }, 0, 300],
    [{ [ROUTE]: '200' }, 200, 0],
    [{ [PER_TRY]: '50' }, 1_000, 50],
    [{ [PER_TRY]: '1000' }, 1_000, 0],
    [{ [PER_TRY]: '0' }, 1_000, 0],
    [{ [ROUTE]: '5000', [PER_TRY]: '4000' }, 5_000, 4_000],
    [{ [ROUTE]: 'soon', [PER_TRY]: '1.5' }, 1_000, 300],
    [{ [ROUTE]: '-1', [PER_TRY]: '' }, 1_000, 300],
    [{ [ROUTE]: ' +20 ' }, 20, 0],
    [{ [ROUTE]: '18446744073709551615' }, 4_294_967_295, 300],
  ])('follow the headers %j: %d and %d per try', (headers, routeMs, perTryMs) => {
    expect(limits(action(1_000, 300), headers)).toMatchObject({ routeMs, perTryMs });
  });

  it('ignore the headers where they are not honoured', () => {
    const asked = { [ROUTE]: '5', [PER_TRY]: '1' };
    expect(limits(action(1_000, 300), asked, false)).toMatchObject({
      routeMs: 1_000,
      perTryMs: 300,
    });
  });

  it('never leave a per-try limit that is not below the one for all', () => {
    const ms = fc.integer({ min: 0, max: 2_000 });
    const header = fc.option(ms);
    fc.assert(
      fc.property(ms, ms, header, header, (timeoutMs, perTryMs, routeHeader, tryHeader) => {
        const headers: Record<string, string> = {};
        if (routeHeader !== null) headers[ROUTE] = String(routeHeader);
        if (tryHeader !== null) headers[PER_TRY] = String(tryHeader);
        const found = limits(action(timeoutMs, perTryMs), headers);
        expect(found.routeMs === 0 || found.perTryMs < found.routeMs).toBe(true);
      }),
    );
  });
});

describe('a gRPC deadline', () => {
  const grpc = { 'content-type': 'application/grpc+proto' };

  test.each<[number, string | undefined, number]>([
    [0, '2S', 2_000],
    [0, undefined, 0],
    [1_000, '2S', 1_000],
    [1_000, '500m', 500],
    [1_000, undefined, 1_000],
    [0, '1H', 3_600_000],
    [0, '3M', 180_000],
    [0, '1500u', 2],
    [0, '1n', 1],
    [0, '123456789S', 0],
    [0, '12345678S', 4_294_967_295],
    [0, '12345678m', 12_345_678],
    [0, '1000u', 1],
    [0, '1001u', 2],
    [0, '1000000n', 1],
    [0, '1000001n', 2],
    [0, '0m', 0],
    [0, '1', 0],
    [0, 'S', 0],
    [0, '1s', 0],
    [0, 'x1S', 0],
    [0, '1Sx', 0],
    [2_000, '2S', 2_000],
    [2_000, '2001m', 2_000],
    [1_000, '0m', 1_000],
    [0, 'later', 0],
  ])('with a cap of %d ms and grpc-timeout %s gives %d', (maxGrpcTimeoutMs, timeout, routeMs) => {
    const forward = envoyForward({ timeoutMs: 7, maxGrpcTimeoutMs });
    const headers = timeout === undefined ? grpc : { ...grpc, 'grpc-timeout': timeout };
    expect(limits(forward, headers, false).routeMs).toBe(routeMs);
  });

  it('counts only where the route lets it, and only for gRPC', () => {
    const timeout = { 'grpc-timeout': '2S' };
    expect(limits(envoyForward({ timeoutMs: 7 }), { ...grpc, ...timeout }).routeMs).toBe(7);
    const forward = envoyForward({ timeoutMs: 7, maxGrpcTimeoutMs: 0 });
    expect(limits(forward, { ...timeout, 'content-type': 'application/json' }).routeMs).toBe(7);
    expect(limits(forward, { ...timeout, 'content-type': 'application/grpc-web' }).routeMs).toBe(7);
  });
});

describe('the time the upstream is told', () => {
  test.each<[number, number, number, number]>([
    [1_000, 300, 0, 300],
    [1_000, 300, 800, 200],
    [1_000, 300, 1_000, 1],
    [1_000, 300, 5_000, 1],
    [1_000, 0, 0, 1_000],
    [1_000, 0, 400, 600],
    [0, 300, 5_000, 300],
    [0, 0, 0, 0],
  ])('of %d ms for all and %d per try after %d ms is %d', (routeMs, perTryMs, elapsed, expected) => {
    const timeouts = new EffectiveTimeouts();
    timeouts.routeMs = routeMs;
    timeouts.perTryMs = perTryMs;
    expect(expectedTimeoutMs(timeouts, elapsed)).toBe(expected);
  });
});

describe('what another proxy and gRPC clients ask for', () => {
  const EXPECTED = 'x-envoy-expected-rq-timeout-ms';
  const grpc = (deadline: string): Record<string, string> => ({
    'content-type': 'application/grpc',
    'grpc-timeout': deadline,
  });

  test.each<[Record<string, string>, number]>([
    [{ [EXPECTED]: '200', [ROUTE]: '900' }, 200],
    [{ [ROUTE]: '900' }, 900],
    [{ [EXPECTED]: 'soon', [ROUTE]: '900' }, 1_000],
    [{ [EXPECTED]: '0', [ROUTE]: '900' }, 0],
  ])('%j makes %d ms where expectations count', (headers, routeMs) => {
    const head = new HttpHead({ headers: Object.entries(headers) });
    const out = new EffectiveTimeouts();
    effectiveTimeouts(action(1_000, 0), head, true, out, true);
    expect(out.routeMs).toBe(routeMs);
  });

  it('does not count where expectations are not respected', () => {
    const found = limits(action(1_000, 0), { [EXPECTED]: '200', [ROUTE]: '900' });
    expect(found.routeMs).toBe(900);
    expect(limits(action(1_000, 0), { [EXPECTED]: '200' }).routeMs).toBe(1_000);
  });

  test.each<[string, number]>([
    ['300m', 200],
    ['101m', 1],
    ['100m', 100],
    ['50m', 50],
    ['3100m', 3_000],
    ['3099m', 2_999],
    ['9S', 3_000],
    ['soon', 3_000],
  ])('a gRPC deadline of %s less 100 ms, capped at 3 s, is %d ms', (deadline, routeMs) => {
    const forward = envoyForward({ maxGrpcTimeoutMs: 3_000, grpcTimeoutOffsetMs: 100 });
    expect(limits(forward, grpc(deadline)).routeMs).toBe(routeMs);
  });

  it('is no limit where the route speaks of stream durations', () => {
    const streamDuration = { maxMs: null, grpcHeaderMaxMs: null, grpcHeaderOffsetMs: 0 };
    expect(limits(envoyForward({ timeoutMs: 500, streamDuration })).routeMs).toBe(0);
  });

  it('is all of the route’s time for attempts that may go on', () => {
    const timeouts = limits(action(1_000, 300));
    expect(expectedTimeoutMs(timeouts, 0)).toBe(300);
    expect(expectedTimeoutMs(timeouts, 0, true)).toBe(1_000);
    expect(expectedTimeoutMs(timeouts, 400, true)).toBe(600);
  });

  test.each<[number, string]>([
    [0, '0m'],
    [99_999_999, '99999999m'],
    [100_000_000, '100000S'],
    [99_999_999_999, '99999999S'],
    [100_000_000_000, '1666666M'],
    [5_999_999_999_999, '99999999M'],
    [360_000_000_000_000, '99999999H'],
    [359_999_996_400_000, '99999999H'],
    [359_999_996_399_999, '99999998H'],
    [6_000_000_000_000, '1666666H'],
  ])('%d ms is written as %s', (ms, text) => {
    expect(grpcTimeoutText(ms)).toBe(text);
  });
});
