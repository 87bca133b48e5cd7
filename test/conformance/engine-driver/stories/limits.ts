/** Stories of limits and health: circuit breakers, ejection, panic. */
import type { SendStory, Step, Story } from '../story.ts';

function call(request: SendStory): Step {
  return { do: 'call', request };
}

function send(id: string): Step {
  return { do: 'send', request: { id } };
}

const ALL_OK = { script: [{ body: 'x' }] };

export const LIMIT_STORIES: readonly Story[] = [
  {
    name: 'max pending requests: the request that would wait too long is refused with UO',
    mesh: {
      clusters: [
        {
          name: 'orders',
          endpoints: ['a'],
          limits: { maxConnections: 1, maxPendingRequests: 1 },
        },
      ],
    },
    upstreams: { a: { script: [{ answerAfter: 'go', body: 'x' }] } },
    steps: [
      send('served'),
      { do: 'await-upstream', requests: 1 },
      send('waits'),
      { do: 'sleep', ms: 40 },
      call({ id: 'refused' }),
      { do: 'open', gate: 'go' },
      { do: 'await', id: 'served' },
      { do: 'await', id: 'waits' },
    ],
    expect: {
      client: { served: '200 "x"', waits: '200 "x"' },
      log: { refused: 'UO upstream_reset_before_response_started{overflow} 1' },
    },
  },
  {
    name: 'who waited for a connection that broke gets another one',
    mesh: {
      clusters: [{ name: 'orders', endpoints: ['a'], limits: { maxConnections: 1 } }],
    },
    upstreams: { a: { script: [{ answerAfter: 'go', resets: true }, { body: 'x' }] } },
    steps: [
      send('broken'),
      { do: 'await-upstream', requests: 1 },
      send('waits'),
      { do: 'sleep', ms: 40 },
      { do: 'open', gate: 'go' },
      { do: 'await', id: 'broken' },
      { do: 'await', id: 'waits' },
    ],
    expect: {
      client: { waits: '200 "x"' },
      log: { broken: 'UC upstream_reset_before_response_started{connection_termination} 1' },
    },
  },
  {
    name: 'max requests: UO',
    mesh: { clusters: [{ name: 'orders', endpoints: ['a'], limits: { maxRequests: 1 } }] },
    upstreams: { a: { script: [{ answerAfter: 'go', body: 'x' }] } },
    steps: [
      send('served'),
      { do: 'await-upstream', requests: 1 },
      call({ id: 'refused' }),
      { do: 'open', gate: 'go' },
      { do: 'await', id: 'served' },
      call({ id: 'after' }),
    ],
    expect: {
      client: { served: '200 "x"', after: '200 "x"' },
      log: { refused: 'UO upstream_reset_before_response_started{overflow} 1' },
    },
  },
  {
    name: 'max retries: the second retry at once is refused with UO',
    mesh: {
      clusters: [{ name: 'orders', endpoints: ['a'], limits: { maxRetries: 0 } }],
      routes: [{ to: { orders: 1 }, retry: {} }],
    },
    upstreams: { a: { script: [{ status: 503, body: 'bad' }] } },
    steps: [call({ id: 'r' })],
    expect: { client: { r: '503 "bad"' }, log: { r: 'UO via_upstream 1' } },
  },
  {
    name: 'max requests per connection: a new one after each second request',
    mesh: { clusters: [{ name: 'orders', endpoints: ['a'], maxRequestsPerConnection: 2 }] },
    upstreams: { a: ALL_OK },
    steps: [1, 2, 3, 4, 5].map((n) => call({ id: `r${n}`, connection: 'kept' })),
    expect: { upstreams: { a: 5 } },
  },
  {
    name: 'a host is ejected after consecutive failures, and comes back',
    mesh: {
      clusters: [
        {
          name: 'orders',
          endpoints: ['a', 'b'],
          outlier: { consecutive5xx: 2, intervalMs: 100, baseEjectionTimeMs: 250 },
        },
      ],
    },
    upstreams: {
      a: { script: [{ status: 500 }, { status: 500 }, { body: 'well again' }] },
      b: ALL_OK,
    },
    steps: [
      ...[1, 2, 3, 4, 5, 6, 7].map((n) => call({ id: `r${n}` })),
      { do: 'sleep', ms: 600 },
      call({ id: 'later1' }),
      call({ id: 'later2' }),
    ],
    expect: { ejections: ['ejected a consecutive_5xx', 'unejected a'] },
  },
  {
    name: 'an ejection beyond the maximum is refused',
    mesh: {
      clusters: [
        {
          name: 'orders',
          endpoints: ['a', 'b'],
          outlier: { consecutive5xx: 1, maxEjectionPercent: 50 },
        },
      ],
    },
    upstreams: { a: { script: [{ status: 500 }] }, b: { script: [{ status: 500 }] } },
    steps: [1, 2, 3, 4].map((n) => call({ id: `r${n}` })),
    expect: {},
  },
  {
    name: 'panic: with most hosts ejected all are used again',
    mesh: {
      clusters: [
        {
          name: 'orders',
          endpoints: ['a', 'b', 'c'],
          outlier: { consecutive5xx: 1 },
          panicThresholdPercent: 50,
        },
      ],
    },
    upstreams: {
      a: { script: [{ status: 500 }] },
      b: { script: [{ status: 500 }] },
      c: ALL_OK,
    },
    steps: [1, 2, 3, 4, 5, 6, 7].map((n) => call({ id: `r${n}` })),
    expect: {},
  },
  {
    name: 'without panic the last healthy host gets everything, and with none left: UH',
    mesh: {
      clusters: [{ name: 'orders', endpoints: ['a'], outlier: { consecutive5xx: 1 } }],
    },
    upstreams: { a: { script: [{ status: 500 }] } },
    steps: [call({ id: 'r1' }), call({ id: 'r2' })],
    expect: { log: { r2: 'UH no_healthy_upstream 1' } },
  },
];
