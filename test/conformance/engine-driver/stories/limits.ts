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
      { do: 'await-attempts', attempts: 2 },
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
      { do: 'await-attempts', attempts: 2 },
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
          outlier: { consecutive5xx: 2, intervalMs: 250, baseEjectionTimeMs: 1000 },
        },
      ],
    },
    upstreams: {
      a: { script: [{ status: 500 }, { status: 500 }, { body: 'well again' }] },
      b: ALL_OK,
    },
    steps: [
      ...[1, 2, 3, 4, 5, 6, 7].map((n) => call({ id: `r${n}` })),
      { do: 'sleep', ms: 1600 },
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
    expect: {
      ejections: ['ejected a consecutive_5xx', 'not ejected b', 'not ejected b', 'not ejected b'],
    },
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
    expect: {
      decisions: {
        r3: ['host b for 1'],
        r4: ['panic', 'host c for 1'],
        r5: ['panic', 'host a for 1'],
      },
      ejections: ['ejected a consecutive_5xx', 'ejected b consecutive_5xx'],
    },
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
  {
    name: 'a retry budget of nothing refuses the retry with UO',
    mesh: {
      clusters: [
        {
          name: 'orders',
          endpoints: ['a'],
          limits: { retryBudget: { percent: 0, minConcurrency: 0, intervalMs: 0 } },
        },
      ],
      routes: [{ to: { orders: 1 }, retry: {} }],
    },
    upstreams: { a: { script: [{ status: 503, body: 'bad' }] } },
    steps: [call({ id: 'r' })],
    expect: { log: { r: 'UO via_upstream 1' }, decisions: { r: ['no retry: budget'] } },
  },
  {
    name: 'connections that fail eject a host',
    mesh: {
      clusters: [
        {
          name: 'orders',
          endpoints: ['a', 'b'],
          outlier: {
            consecutive5xx: 0,
            consecutiveLocalOriginFailure: 2,
            splitExternalLocalOriginErrors: true,
          },
        },
      ],
    },
    upstreams: { a: { refuses: true }, b: ALL_OK },
    steps: [1, 2, 3, 4, 5, 6].map((n) => call({ id: `r${n}` })),
    expect: { ejections: ['ejected a consecutive_local_origin_failure'] },
  },
  {
    name: 'an upstream connection that was idle too long is not used again',
    mesh: { clusters: [{ name: 'orders', endpoints: ['a'], idleTimeoutMs: 60 }] },
    upstreams: { a: ALL_OK },
    steps: [call({ id: 'r1' }), { do: 'sleep', ms: 250 }, call({ id: 'r2' })],
    expect: { client: { r1: '200 "x"', r2: '200 "x"' } },
  },
  {
    name: 'an upstream connection that is too old is not used again',
    mesh: { clusters: [{ name: 'orders', endpoints: ['a'], maxConnectionDurationMs: 60 }] },
    upstreams: { a: ALL_OK },
    steps: [call({ id: 'r1' }), { do: 'sleep', ms: 250 }, call({ id: 'r2' })],
    expect: { client: { r1: '200 "x"', r2: '200 "x"' } },
  },
  {
    name: 'random and least request pick the same hosts for the same seed',
    mesh: {
      clusters: [
        { name: 'random', endpoints: ['a', 'b', 'c'], lb: { kind: 'random' } },
        {
          name: 'least',
          endpoints: ['a', 'b', 'c'],
          lb: { kind: 'least-request', choiceCount: 2, activeRequestBias: 1, fullScan: false },
        },
      ],
      routes: [{ prefix: '/random', to: { random: 1 } }, { to: { least: 1 } }],
    },
    upstreams: { a: ALL_OK, b: ALL_OK, c: ALL_OK },
    steps: [1, 2, 3, 4, 5, 6].flatMap((n) => [
      call({ id: `random${n}`, path: '/random' }),
      call({ id: `least${n}` }),
    ]),
    expect: {},
  },
];
