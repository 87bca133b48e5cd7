/** Stories of routes, faults and plain answers: nothing goes wrong upstream. */
import type { SendStory, Step, Story } from '../story.ts';

const ONE = { clusters: [{ name: 'orders', endpoints: ['a'] }] };

function call(request: SendStory): Step {
  return { do: 'call', request };
}

function calls(count: number): Step[] {
  return Array.from({ length: count }, (_, index) => call({ id: `r${index}` }));
}

export const ROUTING_STORIES: readonly Story[] = [
  {
    name: 'a plain GET',
    mesh: ONE,
    upstreams: { a: { script: [{ body: 'hello', announcesLength: true }] } },
    steps: [call({ id: 'r', path: '/x?y=1' })],
    expect: {
      client: { r: '200 "hello"' },
      log: { r: '- via_upstream 1' },
      decisions: { r: ['routed orders by 0', 'attempt 1 orders', 'host a for 1', 'done 200 -'] },
    },
  },
  {
    name: 'requests of one client connection share an upstream connection',
    mesh: ONE,
    upstreams: { a: { script: [{ body: 'x' }] } },
    steps: [1, 2, 3].map((n) => call({ id: `r${n}`, connection: 'kept' })),
    expect: { upstreams: { a: 3 } },
  },
  {
    name: 'no virtual host: 404 NR',
    mesh: ONE,
    upstreams: { a: {} },
    steps: [call({ id: 'r', authority: 'unknown.test' })],
    expect: {
      client: { r: '404 ""' },
      log: { r: 'NR route_not_found 0' },
      upstreams: { a: 0 },
    },
  },
  {
    name: 'a route without a cluster: 503 NC',
    mesh: { ...ONE, routes: [{ to: { missing: 1 } }] },
    upstreams: { a: {} },
    steps: [call({ id: 'r' })],
    expect: { client: { r: '503 ""' }, log: { r: 'NC cluster_not_found 0' } },
  },
  {
    name: 'a direct response, and routes by prefix',
    mesh: {
      ...ONE,
      routes: [
        { prefix: '/teapot', answer: { status: 418, body: 'short' } },
        { to: { orders: 1 } },
      ],
    },
    upstreams: { a: {} },
    steps: [call({ id: 'tea', path: '/teapot/1' }), call({ id: 'other', path: '/' })],
    expect: {
      client: { tea: '418 "short"', other: '200 ""' },
      log: { tea: '- direct_response 0' },
    },
  },
  {
    name: 'a weighted split goes the same way for the same seed',
    mesh: {
      clusters: [
        { name: 'stable', endpoints: ['a'] },
        { name: 'canary', endpoints: ['b'] },
      ],
      routes: [{ to: { stable: 70, canary: 30 } }],
    },
    upstreams: { a: {}, b: {} },
    steps: calls(20),
    expect: {},
  },
  {
    name: 'a fault delay',
    mesh: {
      ...ONE,
      fault: { delay: { fixedDelayMs: 30, percentage: { numerator: 100, denominator: 100 } } },
    },
    upstreams: { a: {} },
    steps: [call({ id: 'r' })],
    expect: { log: { r: 'DI via_upstream 1' }, decisions: { r: ['delay 30 ms', 'host a for 1'] } },
  },
  {
    name: 'a fault abort for some requests, the same ones for the same seed',
    mesh: {
      ...ONE,
      fault: {
        abort: {
          httpStatus: 418,
          grpcStatus: null,
          percentage: { numerator: 50, denominator: 100 },
        },
      },
    },
    upstreams: { a: {} },
    steps: calls(12),
    expect: {},
  },
  {
    name: 'HEAD has no body whatever its length says',
    mesh: ONE,
    upstreams: { a: { script: [{ body: 'hello', announcesLength: true }] } },
    steps: [
      call({ id: 'head', method: 'HEAD', connection: 'kept' }),
      call({ id: 'get', connection: 'kept' }),
      call({ id: 'none', method: 'HEAD', authority: 'unknown.test', connection: 'kept' }),
    ],
    expect: { client: { head: '200 ""', get: '200 "hello"', none: '404 ""' } },
  },
  {
    name: '204 and 304 have no body',
    mesh: ONE,
    upstreams: { a: { script: [{ status: 204 }, { status: 304 }] } },
    steps: [call({ id: 'none', connection: 'kept' }), call({ id: 'same', connection: 'kept' })],
    expect: { client: { none: '204 ""', same: '304 ""' } },
  },
  {
    name: 'trailers both ways',
    mesh: ONE,
    upstreams: { a: { script: [{ body: 'down', trailers: { 'x-sum': '2' } }] } },
    steps: [call({ id: 'r', method: 'POST', body: 'up', trailers: { 'x-sum': '1' } })],
    expect: { client: { r: '200 "down" x-sum: 2' } },
  },
  {
    name: 'an informational head is kept from the client and ends retries',
    mesh: { ...ONE, routes: [{ to: { orders: 1 }, retry: {} }] },
    upstreams: { a: { script: [{ informational: [102], status: 503, body: 'x' }] } },
    steps: [call({ id: 'r' })],
    expect: { client: { r: '503 "x"' }, log: { r: '- via_upstream 1' } },
  },
  {
    name: 'an informational head passes on where the listener says so',
    mesh: { ...ONE, listener: { forwardsInformational: true } },
    upstreams: { a: { script: [{ informational: [102], body: 'x' }] } },
    steps: [call({ id: 'r' })],
    expect: { client: { r: '102 200 "x"' } },
  },
  {
    name: 'a gRPC request gets local replies as gRPC',
    mesh: ONE,
    upstreams: { a: {} },
    steps: [
      call({
        id: 'r',
        method: 'POST',
        authority: 'unknown.test',
        headers: { 'content-type': 'application/grpc' },
        body: '',
      }),
    ],
    expect: {
      client: { r: '200 "" connection: close' },
      log: { r: 'NR route_not_found 0' },
    },
  },
  {
    name: 'an upstream that says connection: close is dialled again',
    mesh: ONE,
    upstreams: { a: { script: [{ body: 'x', closes: true }] } },
    steps: [
      call({ id: 'r1', connection: 'kept' }),
      { do: 'sleep', ms: 100 },
      call({ id: 'r2', connection: 'kept' }),
    ],
    expect: { client: { r1: '200 "x"', r2: '200 "x"' } },
  },
];
