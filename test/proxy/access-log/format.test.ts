import { describe, expect, it } from 'vitest';
import type { RequestLogEntry } from '../../../src/core/engine.ts';
import { UsageError } from '../../../src/core/errors.ts';
import { HttpHead } from '../../../src/core/head.ts';
import { DEFAULT_FORMAT, parseFormat } from '../../../src/proxy/access-log/format.ts';

const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 67);

const TIMES = { requestDurationMs: 1.9, responseDurationMs: 7.2 };

const ENTRY: RequestLogEntry = {
  request: 1,
  uid: 7,
  listener: 0,
  cluster: 3,
  clusterName: 'outbound|80||orders.default.svc.cluster.local',
  routeName: 'default',
  requestHead: new HttpHead({
    method: 'POST',
    authority: 'orders',
    path: '/buy?id=1',
    headers: [
      ['user-agent', 'curl/8'],
      ['x-request-id', 'abc'],
      ['x-long', 'abcdefgh'],
    ],
  }),
  responseHead: new HttpHead({ status: 503 }),
  status: 503,
  flags: 'URX,UF',
  details: 'via_upstream',
  attemptCount: 3,
  upstreamHost: '127.0.0.1:8080',
  upstreamTransportFailure: '',
  startNs: 0,
  durationNs: 12_999_999,
  upstreamServiceTimeNs: 11_000_000,
  bytesReceived: 10,
  bytesSent: 20,
  downstreamRemoteAddress: '127.0.0.1:50000',
};

function print(format: string, entry: Partial<RequestLogEntry> = {}): string {
  return parseFormat(format)({ entry: { ...ENTRY, ...entry }, startMs: START_MS, ...TIMES });
}

describe('access-log formats', () => {
  it("prints Envoy's default format", () => {
    expect(print(DEFAULT_FORMAT)).toBe(
      '[2026-01-02T03:04:05.067Z] "POST /buy?id=1 HTTP/1.1" 503 URX,UF 10 20 12 11 "-" "curl/8" ' +
        '"abc" "orders" "127.0.0.1:8080"\n',
    );
  });

  it.each([
    ['%REQ(X-MISSING?USER-AGENT)%', 'curl/8'],
    ['%REQ(X-LONG):3%', 'abc'],
    ['%REQ(:AUTHORITY)% %REQ(:PATH)%', 'orders /buy?id=1'],
    ['%RESP(:STATUS)%', '503'],
    ['%RESPONSE_CODE_DETAILS%\t%UPSTREAM_REQUEST_ATTEMPT_COUNT%', 'via_upstream\t3'],
    ['%UPSTREAM_CLUSTER%', 'outbound|80||orders.default.svc.cluster.local'],
    ['%ROUTE_NAME%|%DURATION%', 'default|12'],
    ['%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%', '127.0.0.1'],
    ['%START_TIME(%Y/%m/%d %H:%M:%S.%3f %s)%', '2026/01/02 03:04:05.067 1767323045'],
    ['%REQUEST_DURATION% %RESPONSE_DURATION% %RESPONSE_TX_DURATION%', '1 7 5'],
    ['100%%', '100%'],
    ['no operators', 'no operators'],
  ])('prints %s', (format, line) => {
    expect(print(format)).toBe(`${line}\n`);
  });

  it('prints - for what does not exist', () => {
    const line = print('%UPSTREAM_HOST% %RESP(X-A)% %ROUTE_NAME% %RESPONSE_CODE%', {
      upstreamHost: null,
      responseHead: null,
      routeName: '',
      status: 0,
    });
    expect(line).toBe('- - - 0\n');
  });

  it.each([
    ['%RESPONSE_COD%', /unknown operator %RESPONSE_COD%; did you mean "RESPONSE_CODE"\?/],
    ['%REQ%', /REQ takes one or two header names/],
    ['%REQ(a?b?c)%', /one or two header names/],
    ['%DURATION(x)%', /DURATION takes no argument/],
    ['a % b', /"% b" at character 3 is no operator/],
    ['%toString%', /is no operator/],
  ])('refuses %s', (format, message) => {
    expect(() => parseFormat(format)).toThrow(UsageError);
    expect(() => parseFormat(format)).toThrow(message);
  });
});
