/** Stories of bodies: back-pressure, replay, early answers. */
import type { SendStory, Step, Story } from '../story.ts';

const ONE = { clusters: [{ name: 'orders', endpoints: ['a'] }] };
const TWO = { clusters: [{ name: 'orders', endpoints: ['a', 'b'] }] };
const MEGABYTE = 1_000_000;

function call(request: SendStory): Step {
  return { do: 'call', request };
}

export const BODY_STORIES: readonly Story[] = [
  {
    name: 'an upload arrives whole, in chunks and by length',
    mesh: ONE,
    upstreams: { a: { script: [{ body: 'thanks' }] } },
    steps: [
      call({ id: 'chunks', method: 'POST', body: { bytes: 300_000 } }),
      call({ id: 'length', method: 'PUT', body: { bytes: 300_000 }, announcesLength: true }),
      call({ id: 'empty', method: 'POST', body: '' }),
    ],
    expect: { client: { chunks: '200 "thanks"', length: '200 "thanks"', empty: '200 "thanks"' } },
  },
  {
    name: 'an upstream that does not read stops the client',
    mesh: ONE,
    upstreams: { a: { script: [{ readAfter: 'go', body: 'thanks' }] } },
    steps: [
      { do: 'send', request: { id: 'r', method: 'POST', body: { bytes: 40 * MEGABYTE } } },
      { do: 'await-blocked', id: 'r' },
      { do: 'open', gate: 'go' },
      { do: 'await', id: 'r' },
    ],
    expect: { client: { r: '200 "thanks"' } },
    memoryLimitBytes: 20 * MEGABYTE,
  },
  {
    name: 'a client that does not read stops the upstream',
    mesh: ONE,
    upstreams: { a: { script: [{ body: { bytes: 40 * MEGABYTE } }] } },
    steps: [
      { do: 'send', request: { id: 'r', readAfter: 'go' } },
      { do: 'await-upstream-blocked' },
      { do: 'open', gate: 'go' },
      { do: 'await', id: 'r' },
    ],
    expect: {},
    memoryLimitBytes: 20 * MEGABYTE,
  },
  {
    name: 'an upload of 100 MB passes through little memory',
    mesh: ONE,
    upstreams: { a: { script: [{ body: 'thanks' }] } },
    steps: [call({ id: 'r', method: 'POST', body: { bytes: 100 * MEGABYTE } })],
    expect: { client: { r: '200 "thanks"' } },
    memoryLimitBytes: 20 * MEGABYTE,
  },
  {
    name: 'a download of 100 MB passes through little memory',
    mesh: ONE,
    upstreams: { a: { script: [{ body: { bytes: 100 * MEGABYTE }, announcesLength: true }] } },
    steps: [call({ id: 'r' })],
    expect: {},
    memoryLimitBytes: 20 * MEGABYTE,
  },
  {
    name: 'a retry sends the body again',
    mesh: { ...TWO, routes: [{ to: { orders: 1 }, retry: {} }] },
    upstreams: {
      a: { script: [{ status: 503 }] },
      b: { script: [{ status: 503 }, { body: 'good' }] },
    },
    steps: [
      call({ id: 'r', method: 'POST', body: { bytes: 100_000 }, trailers: { 'x-sum': '1' } }),
    ],
    expect: {},
  },
  {
    name: 'a retry begins before the upload has ended, and the rest follows',
    mesh: { ...TWO, routes: [{ to: { orders: 1 }, retry: {} }] },
    upstreams: {
      a: { script: [{ answersEarly: true, status: 503 }] },
      b: { script: [{ body: 'good' }] },
    },
    steps: [
      {
        do: 'send',
        request: {
          id: 'r',
          method: 'POST',
          body: { bytes: 200_000 },
          stopsAfterBytes: 50_000,
          continueAfter: 'rest',
        },
      },
      { do: 'await-upstream', requests: 2 },
      { do: 'open', gate: 'rest' },
      { do: 'await', id: 'r' },
    ],
    expect: { client: { r: '200 "good"' }, log: { r: '- via_upstream 2' } },
    unpredictable: ['upstreamBody'],
  },
  {
    name: 'a body that is too big to keep is not retried',
    mesh: {
      clusters: [{ name: 'orders', endpoints: ['a', 'b'] }],
      listener: { bufferLimitBytes: 100_000 },
      routes: [{ to: { orders: 1 }, retry: {} }],
    },
    upstreams: {
      a: { script: [{ status: 503, body: 'bad' }] },
      b: { script: [{ status: 503, body: 'bad' }] },
    },
    steps: [call({ id: 'r', method: 'POST', body: { bytes: 400_000 } })],
    expect: { client: { r: '503 "bad"' }, log: { r: '- via_upstream 1' } },
  },
  {
    name: 'an answer before the upload has ended',
    mesh: ONE,
    upstreams: { a: { script: [{ answersEarly: true, status: 413, body: 'too much' }] } },
    steps: [
      {
        do: 'send',
        request: { id: 'r', method: 'POST', body: 'abcdef', stopsAfterBytes: 3 },
      },
      { do: 'await', id: 'r' },
      call({ id: 'next' }),
    ],
    expect: { client: { r: '413 "too much" connection: close' } },
    unpredictable: ['upstreamBody'],
  },
  {
    name: 'what an upstream sends after it was given up is nobody’s',
    mesh: {
      ...TWO,
      routes: [{ to: { orders: 1 }, timeoutMs: 10_000, retry: { perTryTimeoutMs: 200 } }],
    },
    upstreams: {
      a: { script: [{ delayMs: 350, body: 'late' }] },
      b: { script: [{ body: 'good' }] },
    },
    steps: [call({ id: 'r1' }), { do: 'sleep', ms: 300 }, call({ id: 'r2' })],
    expect: { client: { r1: '200 "good"', r2: '200 "good"' } },
  },
];
