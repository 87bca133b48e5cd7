/**
 * Requests as bytes: versions, targets, framings, upgrades; what the connection manager takes.
 */
import fc from 'fast-check';
import type { Behaviour, RequestSpec } from '../../case-file.ts';
import type { Subject } from '../subject.ts';
import { cluster } from './clusters.ts';
import { virtualHost } from './routes.ts';
import { behaviour } from './traffic.ts';
import { type Arb, list, one } from './words.ts';

const CASE = 'x-case-req: {id}';

/** @param lines behind the request line */
const head = (first: string, ...lines: readonly string[]) =>
  `${[first, CASE, ...lines].join('\r\n')}\r\n\r\n`;

const TARGETS = [
  '/a',
  '/a/../b',
  '/a/./b',
  '//a//b',
  '/a%2fb',
  '/a%5Cb',
  '/a%zz',
  '/%61',
  '/a/..%2f..',
  '/../a',
  '/a;v=1/b;w=2?x=1',
  '/a?x=1#f',
  'http://@host/a',
  'http://@host:80/a?x',
  'http://other.test/a',
  'https://@host/a',
  '*',
  'a',
  '/a b',
] as const;

const METHODS = ['GET', 'POST', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'get', 'FOO'];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'] as const;

const EXTRAS: readonly (readonly string[])[] = [
  [],
  ['x_under: 1'],
  ['x-in: one', 'X-In: two'],
  ['x-in:one'],
  ['x-in: \t one \t'],
  ['x-forwarded-for: 1.2.3.4, 10.0.0.1'],
  ['x-forwarded-for: 1.2.3.4', 'x-forwarded-for: 10.0.0.1'],
  ['x-forwarded-proto: https'],
  ['x-forwarded-proto: ftp'],
  ['x-forwarded-host: before.test'],
  ['x-envoy-external-address: 1.1.1.1'],
  ['x-envoy-downstream-service-cluster: c'],
  ['x-envoy-internal: true'],
  ['x-request-id: mine'],
  ['via: someone'],
  ['user-agent: me'],
  ['te: trailers'],
  ['te: gzip'],
  ['connection: close'],
  ['connection: keep-alive'],
  ['connection: x-in', 'x-in: one'],
  ['keep-alive: timeout=5'],
  ['proxy-connection: keep-alive'],
  ['expect: 100-continue'],
  ['content-length: 0'],
  ['content-length: 0', 'content-length: 0'],
  ['content-length: -1'],
  ['content-length: 1x'],
  ['transfer-encoding: identity'],
  ['x-in: a\u0001b'],
  ['x in: one'],
  [': one'],
];

const plain: Arb<string> = fc
  .tuple(
    one(...METHODS),
    one(...TARGETS),
    one(...VERSIONS),
    one('host: @host', 'host: @host:80', 'host: @host.', 'HOST: @HOST', 'x-no-host: 1'),
    fc.array(one(...EXTRAS), { maxLength: 2 }),
  )
  .map(([method, target, version, host, extras]) =>
    head(`${method} ${target} ${version}`, host, ...extras.flat()),
  );

/** Bodies and their framings. */
const framed: Arb<string> = fc
  .tuple(
    one('/a', '/'),
    one(
      ['transfer-encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'],
      ['transfer-encoding: chunked', '5;ext=1\r\nhello\r\n0\r\n\r\n'],
      ['transfer-encoding: chunked', '5\r\nhello\r\n0\r\nx-trailer: yes\r\n\r\n'],
      ['transfer-encoding: chunked\r\ntrailer: x-trailer', '0\r\nx-trailer: yes\r\n\r\n'],
      ['transfer-encoding: chunked', 'zz\r\nhello\r\n0\r\n\r\n'],
      ['Transfer-Encoding: Chunked', '5\r\nhello\r\n0\r\n\r\n'],
      ['transfer-encoding: gzip', ''],
      ['transfer-encoding: gzip, chunked', '5\r\nhello\r\n0\r\n\r\n'],
      ['transfer-encoding: chunked\r\ncontent-length: 5', '5\r\nhello\r\n0\r\n\r\n'],
      ['content-length: 5', 'hello'],
      ['content-length: 5\r\nexpect: 100-continue', 'hello'],
      ['content-length: 5\r\ncontent-length: 6', 'hello'],
    ),
  )
  .map(([path, [framing, body]]) => head(`POST ${path} HTTP/1.1`, 'host: @host', framing) + body);

const upgradeTo = (name: string) =>
  head('GET /a HTTP/1.1', 'host: @host', 'connection: upgrade', `upgrade: ${name}`);

const REFUSALS = [{ status: 503 }, { status: 409 }, { hang: true }] as const;
/** Envoy answers in the upstream's place when that says yes by another code than 101. */
const upgrade: Arb<readonly [string, Behaviour[]]> = fc.oneof(
  fc.tuple(
    one('websocket', 'WebSocket').map(upgradeTo),
    list(one<Behaviour>({ status: 101 }, ...REFUSALS), 2, 1),
  ),
  fc.tuple(one('other', 'h2c').map(upgradeTo), list(one<Behaviour>(...REFUSALS), 2, 1)),
);

const request: Arb<RequestSpec> = fc
  .oneof(
    { weight: 6, arbitrary: fc.tuple(plain, list(behaviour, 3, 1)) },
    { weight: 2, arbitrary: fc.tuple(framed, list(behaviour, 3, 1)) },
    { weight: 1, arbitrary: upgrade },
  )
  .map(([raw, plan]) => ({ raw, plan, timeout_ms: 650 }));

export const edges: Arb<Subject> = fc
  .tuple(virtualHost, cluster, cluster, list(request, 4, 1))
  .map(([host, a, b, requests]) => ({
    virtualHost: host,
    clusters: { a, b },
    steps: requests.map((req) => ({ req })),
  }));
