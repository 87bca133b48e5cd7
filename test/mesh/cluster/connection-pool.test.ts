import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CloseReason,
  ConnectFailure,
  ResetReason as Reset,
  type Slot,
  TimerKind,
} from '../../../src/core/engine.ts';
import {
  PENDING_OVERFLOW,
  type PoolSettings,
  REQUESTS_OVERFLOW,
  WAITS,
} from '../../../src/mesh/cluster/pool-settings.ts';
import { OnePool } from './one-pool.ts';

describe('a connection pool', () => {
  const STEPS = [
    'request',
    'connect',
    'fail',
    'well',
    'abandoned',
    'reset',
    'cancel',
    'lose',
    'goAway',
    'drain',
    'later',
  ] as const;
  const limits = fc.record({
    maxConnections: fc.nat({ max: 4 }),
    maxPendingRequests: fc.integer({ min: 1, max: 5 }),
    maxRequests: fc.integer({ min: 1, max: 4 }),
  });
  const settings = fc.record({
    idleTimeoutMs: fc.constantFrom(0, 300),
    maxDurationMs: fc.constantFrom(0, 700),
    maxRequestsPerConnection: fc.constantFrom(0, 2),
    preconnectRatio: fc.constantFrom(1, 1.5, 3),
  });
  const weighted = fc.oneof(
    { weight: 3, arbitrary: fc.constant('request' as const) },
    { weight: 2, arbitrary: fc.constant('connect' as const) },
    { weight: 4, arbitrary: fc.constantFrom(...STEPS) },
  );

  it('gives every count back exactly once, whatever happens', () => {
    fc.assert(
      fc.property(limits, settings, fc.array(weighted, { maxLength: 60 }), (given, more, steps) => {
        const test = new OnePool(given, more);
        for (const step of steps) {
          play(test, step);
          test.confirm();
          test.check();
          expect(test.breakers.connections).toBeLessThanOrEqual(Math.max(1, given.maxConnections));
        }
        // In the end everything is over.
        while (test.waiting.length > 0) test.cancel();
        while (test.end('well') !== null);
        test.pool.drain(true);
        test.confirm();
        test.check();
        expect(test.pool.isIdle).toBe(true);
        expect(test.ports.armed).toEqual([]);
      }),
    );
  });

  function play(test: OnePool, step: (typeof STEPS)[number]): void {
    const { pool, ports } = test;
    if (step === 'request') test.request();
    else if (step === 'connect') test.connect();
    else if (step === 'fail') test.failConnect();
    else if (step === 'cancel') test.cancel();
    else if (step === 'lose') test.loseIdle(CloseReason.remoteEnd);
    else if (step === 'drain') pool.drain(false);
    else if (step === 'later') later(test, 250);
    else if (step === 'goAway') {
      const [first] = [...test.attached.values(), ...test.idle];
      if (first !== undefined) pool.onGoAway(first);
    } else test.end(step);
    for (const connection of ports.closing) test.idle.delete(connection);
  }

  /** Lets time pass: timers go to the pool. */
  function later(test: OnePool, ms: number): void {
    const { pool, ports } = test;
    ports.attach({
      onTimer: (kind: number, slot: Slot) => {
        if (kind === TimerKind.connectTimeout) pool.onConnectTimeout(slot);
        if (kind === TimerKind.connectionIdle) pool.onIdleTimer(slot);
        if (kind === TimerKind.connectionMaxDuration) pool.onMaxDuration(slot);
        test.confirm();
      },
    } as never);
    ports.advance(ms);
  }
});

describe('what a pool counts', () => {
  /** A pool with one request on its one connection. */
  function busy(settings: Partial<PoolSettings> = {}): OnePool {
    const test = new OnePool({}, settings);
    test.request();
    test.connect();
    return test;
  }

  it('tells resets from upstream from our own', () => {
    const remote = busy();
    remote.end('reset');
    expect(remote.stats).toMatchObject({
      cxDestroy: 1,
      cxDestroyRemote: 1,
      cxDestroyWithActiveRq: 1,
      cxDestroyRemoteWithActiveRq: 1,
      cxDestroyLocalWithActiveRq: 0,
      cxProtocolError: 0,
    });
    const local = busy();
    local.end('reset', CloseReason.protocolError);
    expect(local.stats).toMatchObject({
      cxDestroyLocal: 1,
      cxDestroyWithActiveRq: 1,
      cxDestroyLocalWithActiveRq: 1,
      cxDestroyRemoteWithActiveRq: 0,
    });
    const abandoned = busy();
    abandoned.end('abandoned');
    expect(abandoned.stats).toMatchObject({
      cxDestroyLocal: 1,
      cxDestroyWithActiveRq: 1,
      cxDestroyLocalWithActiveRq: 1,
    });
  });

  it('knows protocol errors, of streams and of idle connections', () => {
    const stream = busy();
    const [[, connection]] = stream.attached as unknown as [[Slot, Slot]];
    stream.pool.onStreamReset(connection, Reset.protocolError);
    expect(stream.stats.cxProtocolError).toBe(1);
    for (const [reason, count] of [
      [CloseReason.protocolError, 1],
      [CloseReason.remoteEnd, 0],
    ] as const) {
      const idle = busy();
      idle.end('well');
      idle.loseIdle(reason);
      expect(idle.stats.cxProtocolError).toBe(count);
      expect(idle.stats.cxDestroyRemote).toBe(1 - count);
    }
  });

  it('counts one that says goodbye once, whether busy or idle, and none that is gone', () => {
    const test = busy();
    const [connection] = test.attached.values();
    test.pool.onGoAway(connection!);
    test.end('well');
    test.pool.onGoAway(connection!);
    expect(test.stats.cxCloseNotify).toBe(1);
    const idle = busy();
    const other = idle.end('well')!;
    idle.pool.onGoAway(other);
    expect(idle.stats).toMatchObject({ cxCloseNotify: 1, cxDestroyLocal: 1 });
  });

  it('tells who refused a connection', () => {
    const failing = (failure: ConnectFailure) => {
      const test = new OnePool();
      test.request();
      test.failConnect(failure);
      return test;
    };
    const refused = failing(ConnectFailure.refused);
    expect(refused.failed).toEqual(['remoteConnectionFailure why']);
    expect(refused.stats).toMatchObject({ cxConnectFail: 1, cxDestroyRemote: 1 });
    const unknown = failing(ConnectFailure.dns);
    expect(unknown.failed).toEqual(['localConnectionFailure why']);
    expect(unknown.stats).toMatchObject({ cxConnectFail: 1, cxDestroyLocal: 1 });
    const tlsOf = (test: OnePool) => {
      const seen: string[] = [];
      test.stats.visit((name, value) => {
        if (name.startsWith('ssl.') && value > 0) seen.push(name);
      });
      return seen;
    };
    expect([ConnectFailure.refused, ConnectFailure.dns].map((f) => tlsOf(failing(f)))).toEqual([
      [],
      [],
    ]);
    expect(tlsOf(failing(ConnectFailure.tls))).toEqual(['ssl.connection_error']);
    expect(tlsOf(failing(ConnectFailure.certificatePin))).toEqual(['ssl.fail_verify_cert_hash']);
  });

  it('counts requests over their limit as overflows of the queue, where configured', () => {
    for (const countsActiveAsPending of [false, true]) {
      const test = new OnePool({ maxRequests: 1, countsActiveAsPending });
      for (let i = 0; i < 2; i++) test.request();
      // Two connections come up for two requests, of which one is over the limit.
      while (test.connect());
      expect(test.failed).toEqual(['overflow']);
      expect(test.request()).toBe(REQUESTS_OVERFLOW);
      expect(test.stats.rqActiveOverflow).toBe(2);
      expect(test.stats.rqPendingOverflow).toBe(countsActiveAsPending ? 2 : 0);
    }
  });

  it('refuses what its queue has no room for, and what an overloaded proxy sheds', () => {
    const full = new OnePool({ maxPendingRequests: 1 });
    expect([full.request(), full.request()]).toEqual([WAITS, PENDING_OVERFLOW]);
    expect(full.stats).toMatchObject({ rqPendingTotal: 1, rqPendingOverflow: 1 });
    const shedding = new OnePool({}, { sheds: (uid) => uid === 1_001 });
    expect([shedding.request(), shedding.request()]).toEqual([WAITS, REQUESTS_OVERFLOW]);
    expect(shedding.stats).toMatchObject({ rqPendingTotal: 1, rqPendingOverflow: 0 });
    shedding.cancel();
    expect(shedding.stats.rqCancelled).toBe(1);
  });
});

describe('a drained pool', () => {
  it('closes idle connections now, busy ones after their stream, and keeps those for who waits', () => {
    const test = new OnePool({ maxConnections: 3 });
    for (let i = 0; i < 2; i++) test.request();
    while (test.connect());
    test.end('well');
    test.request();
    test.request();
    test.pool.drain(false);
    expect(test.ports.closing.size).toBe(0);
    // The one that is being made is for somebody.
    expect(test.ports.dialling.size).toBe(1);
    const before = test.stats.cxDestroy;
    test.end('well');
    expect(test.stats.cxDestroy).toBe(before + 1);
    test.check();
  });

  it('gives up connections that nobody waits for', () => {
    const test = new OnePool();
    test.request();
    test.cancel();
    expect(test.ports.dialling.size).toBe(1);
    test.pool.drain(false);
    expect([test.ports.dialling.size, test.ports.closing.size]).toEqual([0, 1]);
    expect(test.stats).toMatchObject({ cxConnectFail: 1, cxDestroyLocal: 1 });
    expect(test.pool.isIdle).toBe(true);
  });

  it('makes others ahead in place of those it gives up, unless its host is gone', () => {
    const made = (isForGood: boolean) => {
      const test = new OnePool({}, { preconnectRatio: 3 });
      test.request();
      test.connect();
      const before = test.stats.cxTotal;
      expect([before, test.ports.dialling.size]).toEqual([3, 2]);
      test.pool.drain(isForGood);
      test.check();
      return test.stats.cxTotal - before;
    };
    expect([made(false), made(true)]).toEqual([2, 0]);
  });

  it('takes connections made afterwards as fresh', () => {
    const test = new OnePool();
    test.pool.drain(false);
    test.request();
    test.connect();
    test.end('well');
    expect([test.stats.cxDestroy, test.idle.size]).toEqual([0, 1]);
  });
});

describe('connections made ahead', () => {
  it('are as many as the ratio says, three at most at a time', () => {
    const made = (preconnectRatio: number, requests: number) => {
      const test = new OnePool({}, { preconnectRatio });
      for (let i = 0; i < requests; i++) test.request();
      return test.stats.cxTotal;
    };
    expect([made(1, 1), made(1.5, 1), made(2, 1), made(3, 1), made(9, 1)]).toEqual([1, 2, 2, 3, 3]);
    expect([made(1.5, 2), made(1.5, 3)]).toEqual([3, 5]);
  });

  it('are none beyond those who wait, at a host that is not healthy', () => {
    const test = new OnePool({}, { preconnectRatio: 3 });
    test.host.isEjected = true;
    test.request();
    expect(test.stats.cxTotal).toBe(1);
    test.connect();
    test.request();
    expect(test.stats.cxTotal).toBe(2);
  });

  it('are replaced when one fails, even if nobody waits', () => {
    const test = new OnePool({}, { preconnectRatio: 2 });
    test.request();
    test.connect();
    expect(test.stats.cxTotal).toBe(2);
    test.failConnect();
    expect(test.stats.cxTotal).toBe(3);
    const plain = new OnePool();
    plain.request();
    plain.failConnect();
    expect(plain.stats.cxTotal).toBe(1);
  });

  it('are made for a request that is expected, within the limits', () => {
    const test = new OnePool({ maxConnections: 2 });
    expect(test.pool.preconnect(1, 5)).toBe(true);
    expect(test.pool.preconnect(1, 5)).toBe(false);
    expect(test.pool.preconnect(2, 5)).toBe(true);
    expect(test.pool.preconnect(9, 5)).toBe(false);
    expect(test.stats).toMatchObject({ cxTotal: 2, cxOverflow: 1 });
  });
});

describe('the limit of connections', () => {
  it('holds for each host, too, but for a pool’s first one', () => {
    const test = new OnePool({ maxConnectionsPerHost: 1 });
    for (let i = 0; i < 3; i++) test.request();
    expect(test.stats).toMatchObject({ cxTotal: 1, cxOverflow: 2 });
    const none = new OnePool({ maxConnections: 0 });
    for (let i = 0; i < 2; i++) none.request();
    expect(none.stats).toMatchObject({ cxTotal: 1, cxOverflow: 2 });
    none.connect();
    none.request();
    expect(none.stats.cxTotal).toBe(1);
  });
});
