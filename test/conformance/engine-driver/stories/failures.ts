/** Stories of upstreams that fail: retries, timeouts, resets, refused connections. */
import type { SendStory, Step, Story } from '../story.ts';

const TWO = { clusters: [{ name: 'orders', endpoints: ['a', 'b'] }] };
const ONE = { clusters: [{ name: 'orders', endpoints: ['a'] }] };

function call(request: SendStory): Step {
  return { do: 'call', request };
}

export const FAILURE_STORIES: readonly Story[] = [
  {
    name: 'a 503 is retried on another host',
    mesh: { ...TWO, routes: [{ to: { orders: 1 }, retry: {} }] },
    upstreams: {
      a: { script: [{ status: 503, body: 'bad' }] },
      b: { script: [{ body: 'good' }] },
    },
    steps: [call({ id: 'r1' }), call({ id: 'r2' }), call({ id: 'r3' })],
    expect: { client: { r1: '200 "good"', r2: '200 "good"', r3: '200 "good"' } },
  },
  {
    name: 'the retry limit: URX, and the last answer passes on',
    mesh: { ...TWO, routes: [{ to: { orders: 1 }, retry: { numRetries: 2 } }] },
    upstreams: {
      a: { script: [{ status: 503, body: 'bad' }] },
      b: { script: [{ status: 503, body: 'bad' }] },
    },
    steps: [call({ id: 'r' })],
    expect: { client: { r: '503 "bad"' }, log: { r: 'URX via_upstream 3' } },
  },
  {
    name: 'a retry whose condition does not hold is not made',
    mesh: { ...TWO, routes: [{ to: { orders: 1 }, retry: { retryOn: ['gateway-error'] } }] },
    upstreams: { a: { script: [{ status: 500 }] }, b: { script: [{ status: 500 }] } },
    steps: [call({ id: 'r' })],
    expect: { log: { r: '- via_upstream 1' } },
  },
  {
    name: 'a per-try timeout is retried',
    mesh: {
      ...TWO,
      routes: [{ to: { orders: 1 }, timeoutMs: 10_000, retry: { perTryTimeoutMs: 200 } }],
    },
    upstreams: {
      a: { script: [{ neverAnswers: true }] },
      b: { script: [{ neverAnswers: true }, { body: 'x' }] },
    },
    steps: [call({ id: 'r' })],
    expect: {
      client: { r: '200 "x"' },
      decisions: {
        r: ['per-try timeout 1', 'ended by local reset', 'retry in 1 ms', 'attempt 2 orders'],
      },
    },
  },
  {
    name: 'per-try timeouts until the limit: 504 with URX and UT',
    mesh: {
      ...TWO,
      routes: [
        { to: { orders: 1 }, timeoutMs: 10_000, retry: { perTryTimeoutMs: 60, numRetries: 1 } },
      ],
    },
    upstreams: { a: { script: [{ neverAnswers: true }] }, b: { script: [{ neverAnswers: true }] } },
    steps: [call({ id: 'r' })],
    expect: {
      client: { r: '504 "upstream request timeout"' },
      log: { r: 'URX,UT upstream_per_try_timeout 2' },
    },
  },
  {
    name: 'the route timeout: 504 UT',
    mesh: { ...ONE, routes: [{ to: { orders: 1 }, timeoutMs: 60 }] },
    upstreams: { a: { script: [{ neverAnswers: true }] } },
    steps: [call({ id: 'r' })],
    expect: {
      client: { r: '504 "upstream request timeout"' },
      log: { r: 'UT response_timeout 1' },
    },
  },
  {
    name: 'the route timeout in the middle of a response cuts it off',
    mesh: { ...ONE, routes: [{ to: { orders: 1 }, timeoutMs: 300 }] },
    upstreams: { a: { script: [{ body: { bytes: 40_000_000 } }] } },
    steps: [
      { do: 'send', request: { id: 'r', readAfter: 'never' } },
      { do: 'sleep', ms: 500 },
      { do: 'open', gate: 'never' },
      { do: 'await', id: 'r' },
    ],
    expect: { log: { r: 'UT response_timeout 1' } },
    unpredictable: ['clientBody'],
  },
  {
    name: 'a refused connection is retried on another host',
    mesh: { ...TWO, routes: [{ to: { orders: 1 }, retry: { retryOn: ['connect-failure'] } }] },
    upstreams: { a: { refuses: true }, b: { script: [{ body: 'good' }] } },
    steps: [call({ id: 'r1' }), call({ id: 'r2' })],
    expect: { client: { r1: '200 "good"', r2: '200 "good"' }, upstreams: { b: 2 } },
  },
  {
    name: 'a refused connection without retries: UF',
    mesh: ONE,
    upstreams: { a: { refuses: true } },
    steps: [call({ id: 'r' })],
    expect: {
      log: {
        r: 'UF upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused} 1',
      },
    },
  },
  {
    name: 'a reset before the response: UC',
    mesh: ONE,
    upstreams: { a: { script: [{ resets: true }] } },
    steps: [call({ id: 'r' })],
    expect: {
      log: { r: 'UC upstream_reset_before_response_started{connection_termination} 1' },
    },
  },
  {
    name: 'a reset before the response is retried',
    mesh: { ...ONE, routes: [{ to: { orders: 1 }, retry: { retryOn: ['reset'] } }] },
    upstreams: { a: { script: [{ resets: true }, { body: 'good' }] } },
    steps: [call({ id: 'r' })],
    expect: { client: { r: '200 "good"' }, log: { r: '- via_upstream 2' } },
  },
  {
    name: 'a response that is cut off: UPE, and the client sees it',
    mesh: { ...ONE, routes: [{ to: { orders: 1 }, retry: {} }] },
    upstreams: { a: { script: [{ body: 'only a part', cutAfterBytes: 6 }] } },
    steps: [call({ id: 'r' })],
    expect: {
      client: { r: 'cut 200 "only a"' },
      log: { r: 'UPE upstream_reset_after_response_started{protocol_error} 1' },
    },
  },
  {
    name: 'a response with a length that is cut off',
    mesh: ONE,
    upstreams: {
      a: { script: [{ body: 'only a part', announcesLength: true, cutAfterBytes: 6 }] },
    },
    steps: [call({ id: 'r' })],
    expect: { client: { r: 'cut 200 "only a"' } },
  },
  {
    name: 'the client goes away while it waits: DC',
    mesh: ONE,
    upstreams: { a: { script: [{ neverAnswers: true }] } },
    steps: [
      { do: 'send', request: { id: 'r' } },
      { do: 'await-upstream', requests: 1 },
      { do: 'abort', id: 'r' },
    ],
    expect: { client: { r: 'aborted 0 ""' }, log: { r: 'DC downstream_remote_disconnect 1' } },
  },
  {
    name: 'the client goes away in the middle of its upload: DC',
    mesh: ONE,
    upstreams: { a: { script: [{}] } },
    steps: [
      { do: 'send', request: { id: 'r', method: 'POST', body: 'abcdef', stopsAfterBytes: 3 } },
      { do: 'await-upstream', requests: 1 },
      { do: 'abort', id: 'r' },
    ],
    expect: { log: { r: 'DC downstream_remote_disconnect 1' } },
    unpredictable: ['upstreamBody'],
  },
  {
    name: 'the client goes away during a fault delay',
    mesh: {
      ...ONE,
      fault: { delay: { fixedDelayMs: 5_000, percentage: { numerator: 100, denominator: 100 } } },
    },
    upstreams: { a: {} },
    steps: [
      { do: 'send', request: { id: 'r' } },
      { do: 'sleep', ms: 100 },
      { do: 'abort', id: 'r' },
    ],
    expect: { upstreams: { a: 0 } },
  },
  {
    name: 'the client goes away while a retry waits',
    mesh: {
      ...ONE,
      routes: [{ to: { orders: 1 }, retry: { backoffBaseMs: 5_000, backoffMaxMs: 5_000 } }],
    },
    upstreams: { a: { script: [{ status: 503 }] } },
    steps: [
      { do: 'send', request: { id: 'r' } },
      { do: 'await-upstream', requests: 1 },
      { do: 'sleep', ms: 100 },
      { do: 'abort', id: 'r' },
    ],
    expect: { upstreams: { a: 1 }, log: { r: 'DC downstream_remote_disconnect 1' } },
  },
  {
    name: 'the route timeout while a retry waits',
    mesh: {
      ...ONE,
      routes: [
        {
          to: { orders: 1 },
          timeoutMs: 200,
          retry: { backoffBaseMs: 5_000, backoffMaxMs: 5_000 },
        },
      ],
    },
    upstreams: { a: { script: [{ status: 503 }] } },
    steps: [call({ id: 'r' })],
    expect: { upstreams: { a: 1 }, log: { r: 'UT response_timeout 1' } },
  },
  {
    name: 'a response that stops: the per-try idle timeout cuts it off',
    mesh: {
      ...ONE,
      routes: [{ to: { orders: 1 }, retry: { perTryIdleTimeoutMs: 150 } }],
    },
    upstreams: { a: { script: [{ body: 'abcdef', stopsAfterBytes: 3 }] } },
    steps: [call({ id: 'r' })],
    expect: { client: { r: 'cut 200 "abc"' } },
  },
  {
    name: 'an upload that stops: the stream idle timeout answers 408',
    mesh: { ...ONE, listener: { streamIdleTimeoutMs: 150 } },
    upstreams: { a: { script: [{ neverAnswers: true }] } },
    steps: [call({ id: 'r', method: 'POST', body: 'abcdef', stopsAfterBytes: 3 })],
    expect: { client: { r: '408 "stream timeout" connection: close' } },
    unpredictable: ['upstreamBody'],
  },
  {
    name: 'an upload that takes too long: the request timeout answers 408',
    mesh: { ...ONE, listener: { requestTimeoutMs: 150 } },
    upstreams: { a: { script: [{ neverAnswers: true }] } },
    steps: [call({ id: 'r', method: 'POST', body: 'abcdef', stopsAfterBytes: 3 })],
    expect: { client: { r: '408 "request timeout" connection: close' } },
    unpredictable: ['upstreamBody'],
  },
];
