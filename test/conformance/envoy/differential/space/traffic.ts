/**
 * Requests, and what the upstream does with each attempt of them.
 */
import fc from 'fast-check';
import type { Behaviour, RequestSpec } from '../../case-file.ts';
import { type Arb, HEADER_VALUES, list, message, one, PATHS, seldom } from './words.ts';

// Traffic

export const behaviour: Arb<Behaviour> = fc
  .tuple(
    fc.oneof(
      { weight: 3, arbitrary: one<Behaviour>({}) },
      {
        weight: 5,
        arbitrary: one<number>(503, 500, 502, 504, 404, 409, 429, 400, 418, 204, 301).map(
          (status): Behaviour => ({ status }),
        ),
      },
      {
        weight: 3,
        arbitrary: one<Behaviour>(
          { reset: 'before' },
          { close: 'before' },
          { hang: true },
          { reset: 'after_headers' },
          { close: 'mid_body' },
          { delay_ms: 5 },
          { body_hang: true },
          { conn_close: true },
          { body: 'x', body_times: 3_000 },
          { trailers: { 'grpc-status': '14' } },
          { trailers: { 'x-trailer': 'yes' } },
          { slow_body: { chunks: 2, gap_ms: 20 } },
          { early: true, status: 413 },
          { close: 'after_headers', then_ms: 20 },
          { interim: [103] },
        ),
      },
    ),
    seldom(
      one<Readonly<Record<string, string>>>(
        { 'x-out': 'one' },
        { 'x-two': '' },
        { 'x-envoy-ratelimited': 'true' },
        { 'x-envoy-overloaded': 'true' },
        { 'grpc-status': '14', 'content-type': 'application/grpc' },
        { 'grpc-status': '0', 'content-type': 'application/grpc' },
        { 'grpc-status': '4', 'content-type': 'application/grpc' },
        { 'x-reset': '0' },
        { 'x-reset': '1' },
        { 'x-envoy-immediate-health-check-fail': '1' },
        { 'retry-after': '1' },
        { 'x-envoy-degraded': '1' },
      ),
      3,
    ),
  )
  .map(([what, headers]) => (headers === undefined ? what : { ...what, headers }));

const requestHeaders: Arb<Readonly<Record<string, string>>> = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: fc.tuple(one('x-in', 'x-two'), one(...HEADER_VALUES)) },
      {
        weight: 4,
        arbitrary: one<readonly [string, string]>(
          ['x-envoy-max-retries', '2'],
          ['x-envoy-max-retries', '0'],
          ['x-envoy-upstream-rq-timeout-ms', '160'],
          ['x-envoy-upstream-rq-timeout-ms', '0'],
          ['x-envoy-upstream-rq-per-try-timeout-ms', '100'],
          ['x-envoy-retriable-status-codes', '404,429'],
          ['x-envoy-retriable-header-names', 'x-out,x-two'],
          ['x-envoy-retry-on', 'gateway-error'],
          ['x-envoy-retry-on', 'retriable-status-codes,reset'],
          ['x-envoy-retry-grpc-on', 'unavailable'],
          ['x-envoy-upstream-alt-stat-name', 'alt'],
          ['x-envoy-expected-rq-timeout-ms', '140'],
          ['x-envoy-upstream-rq-timeout-alt-response', '1'],
          ['x-envoy-fault-abort-request', '409'],
          ['x-envoy-fault-abort-request-percentage', '100'],
          ['x-envoy-decorator-operation', 'op'],
          ['content-type', 'application/grpc'],
          ['grpc-timeout', '120m'],
          ['te', 'trailers'],
          ['x-cluster', '@a'],
          ['x-cluster', 'nowhere'],
          ['x-forwarded-for', '9.9.9.9'],
          ['x-forwarded-for', '10.0.0.1'],
          ['x-envoy-hedge-on-per-try-timeout', 'true'],
          ['x-forwarded-host', 'before.test'],
          ['x-envoy-internal', 'true'],
          ['x-envoy-attempt-count', '7'],
          ['x-envoy-is-timeout-retry', 'true'],
          ['x-envoy-original-path', '/mine'],
          ['cookie', 'c=one; d=1'],
          ['cookie', 'c="one"'],
          ['x-envoy-fault-delay-request', '5'],
          ['x-envoy-fault-delay-request-percentage', '0'],
          ['x-envoy-fault-abort-grpc-request', '14'],
          ['x-envoy-upstream-stream-duration-ms', '130'],
          ['x-envoy-upstream-rq-timeout-ms', 'soon'],
          ['x-envoy-max-retries', 'many'],
          ['x-forwarded-proto', 'https'],
          ['x-request-id', 'mine'],
          ['under_score', '1'],
          ['host', '@host:80'],
          ['host', '@host.'],
          ['user-agent', 'me'],
          ['via', 'us'],
          ['connection', 'x-in'],
        ),
      },
    ),
    { maxLength: 3 },
  )
  .map((pairs) => Object.fromEntries(pairs));

/** One that the client may repeat, give up or wait for. */
export const request: Arb<RequestSpec> = fc
  .tuple(
    message({
      method: seldom(one('POST', 'HEAD', 'PUT'), 1),
      path: fc.oneof(one('/'), one(...PATHS)),
      plan: list(behaviour, 5, 1),
      body: seldom(one('hello'), 1),
      body_times: seldom(one(1, 4_000), 1),
      abort_after_ms: seldom(one(60), 1),
      n: seldom(one(2, 3), 1),
    }),
    requestHeaders,
  )
  .map(([fields, headers]): RequestSpec => {
    const { abort_after_ms: abort, n, body, body_times: times, method, ...rest } = fields;
    // A body needs a method for it, and only what is repeated is counted.
    const isSending = body !== undefined && method !== 'HEAD';
    return {
      ...rest,
      ...(method === undefined ? (isSending ? { method: 'POST' } : {}) : { method }),
      ...(isSending ? { body, ...(times === undefined ? {} : { body_times: times }) } : {}),
      ...(n === undefined || abort !== undefined ? {} : { n, keep: true }),
      ...(abort === undefined ? { timeout_ms: 650 } : { abort_after_ms: abort }),
      headers,
    } as RequestSpec;
  });
