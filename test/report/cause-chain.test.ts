import { describe, expect, test } from 'vitest';
import type { AttemptTrace, CallTrace, RequestTrace } from '../../src/core/request-trace.ts';
import { causeChain, firstFailure, serviceOf } from '../../src/report/cause-chain.ts';

const MS = 1e6;

function attempt(partial: Partial<AttemptTrace>): AttemptTrace {
  return {
    number: 1,
    endpoint: 'payments-0',
    startNs: 0,
    sentNs: 0,
    arrivedNs: MS,
    workNs: MS,
    queueLength: 0,
    doneNs: 2 * MS,
    endNs: 3 * MS,
    proxyNs: 0,
    outcome: '500',
    isGood: false,
    isTimedOut: false,
    isRejected: false,
    serverFlag: '',
    retransmissions: 0,
    calls: [],
    ...partial,
  };
}

function call(attempts: readonly AttemptTrace[], partial: Partial<CallTrace> = {}): CallTrace {
  return {
    caller: 'orders-0',
    proxy: 'orders-0/outbound',
    cluster: 'outbound|80||payments.default.svc.cluster.local',
    startNs: 0,
    endNs: 3 * MS,
    status: 503,
    flag: '-',
    waits: [],
    attempts,
    notes: [],
    ...partial,
  };
}

function told(root: CallTrace | null, status = 503): readonly string[] {
  return causeChain(trace(root, status)).map(({ where, text }) => `${where} ${text}`);
}

function trace(root: CallTrace | null, status = 503): RequestTrace {
  const sample = { id: 'a-00000001', client: 'a', uid: 1, startNs: 0, endNs: 10 * MS };
  return { sample: { ...sample, status, flag: '-', isGood: false, why: 'failure' }, call: root };
}

describe('a cause', () => {
  test.each<[string, Partial<AttemptTrace>, string]>([
    ['an error of its own', {}, 'payments-0 answered by itself with 500'],
    [
      'a full queue',
      { isRejected: true, workNs: null, doneNs: null, outcome: '503' },
      'payments-0 refused it: its queue was full',
    ],
    [
      'a queue that was too long',
      { outcome: 'per-try timeout', isTimedOut: true, workNs: null, doneNs: null },
      'payments-0 try 1: per-try timeout; it waited 2 ms in the queue',
    ],
    [
      'slow work',
      { outcome: 'per-try timeout', isTimedOut: true, doneNs: null },
      'payments-0 try 1: per-try timeout; it was being served, 2 ms so far',
    ],
    [
      'no connection',
      { outcome: 'connection timeout', sentNs: null, arrivedNs: null, workNs: null, doneNs: null },
      'payments-0 try 1: connection timeout; it waited 3 ms for a connection',
    ],
    [
      'the proxy of the server',
      { serverFlag: 'UO', arrivedNs: null, workNs: null, doneNs: null, outcome: '503' },
      'payments-0 its own proxy answered 503 (UO: refused by circuit breakers (upstream overflow))',
    ],
  ])('%s', (_name, partial, words) => {
    expect(told(call([attempt(partial)]))[0]).toBe(words);
  });

  test('no try at all: what the proxy refused', () => {
    const notes = ['the circuit breaker for requests is full'];
    expect(told(call([], { flag: 'UO', notes }))).toEqual([
      'orders-0/outbound answered 503 (UO: refused by circuit breakers (upstream overflow)); the circuit breaker for requests is full',
      'a got 503 after 10 ms',
    ]);
  });
});

describe('a chain', () => {
  const below = call([
    attempt({ endNs: 2 * MS, outcome: 'per-try timeout', workNs: null, doneNs: null }),
    attempt({ number: 2, endpoint: 'payments-1' }),
  ]);
  const root = call([attempt({ endpoint: 'orders-0', outcome: '502', calls: [below] })], {
    caller: 'a-0',
    proxy: 'a-0/outbound',
    status: 502,
  });

  test('goes from the last cause up to the client', () => {
    expect(told(root, 502)).toEqual([
      'payments-1 answered by itself with 500',
      'orders-0/outbound answered 503 after 2 tries',
      'orders-0 answered 502, because its call failed',
      'a-0/outbound answered 502',
      'a got 502 after 10 ms',
    ]);
  });

  test('and the first failure may be another one', () => {
    expect(firstFailure(trace(root, 502))?.text).toBe(
      'try 1: per-try timeout; it waited 1 ms in the queue',
    );
  });

  test('of a client that gave up says where the request was', () => {
    const open = { endNs: null, outcome: '', doneNs: null };
    const hanging = call([
      attempt({
        endpoint: 'orders-0',
        ...open,
        calls: [call([attempt(open)], { endNs: null, status: 0 })],
      }),
    ]);
    const root = { ...hanging, endNs: null, status: 0 };
    expect(firstFailure(trace(root, 0))?.text).toBe('try 1 was being served, 9 ms so far');
    expect(told(root, 0)).toEqual([
      'payments-0 try 1 was being served, 9 ms so far',
      'orders-0 try 1 waited 10 ms for its call to payments',
      'a gave up after 10 ms, without an answer',
    ]);
  });

  test('of a machine that was down is short', () => {
    expect(told(null, 0)).toEqual(['a its machine was down']);
  });
});

test('a cluster is called by its service', () => {
  expect(serviceOf({ cluster: 'outbound|80|v2|x.shop.svc.cluster.local' })).toBe('x.shop v2');
});
