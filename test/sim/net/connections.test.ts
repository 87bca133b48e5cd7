import { describe, expect, it } from 'vitest';
import { RecordKind } from '../../../src/core/records.ts';
import { MILLISECOND, SECOND } from '../../../src/core/time.ts';
import {
  callTo,
  constant,
  constantRate,
  exponential,
  poisson,
  SmallWorld,
} from '../../helpers/small-world.ts';

describe('a connection', () => {
  it('takes one round trip, with TLS two', () => {
    const times = [null, { serverName: 'one', expectedSans: [], isAutomatic: false }].map((tls) => {
      const run = new SmallWorld({
        services: { one: { serviceTime: constant(0) } },
        clients: { load: { to: 'one', load: constantRate(1) } },
        outbound: { plan: { tls } },
      }).runAll(SECOND);
      expect(run.problems()).toEqual([]);
      const inbound = run.engines[0]!;
      expect([...inbound.downstreams.values()].map((peer) => peer.tls)).toEqual([tls !== null]);
      return run.observer.done[0]!.latencyNs / MILLISECOND;
    });
    expect(times).toEqual([4, 6]);
  });

  it('is refused where nobody has the address, or where TLS meets an application', () => {
    const nowhere = new SmallWorld({
      services: { one: {} },
      clients: { load: { to: 'one', load: constantRate(1) } },
      outbound: {
        endpoints: [
          {
            id: 9,
            address: '192.0.2.1:80',
            hostname: 'nobody',
            labels: {},
            locality: '',
            weight: 1,
            priority: 0,
            health: 'healthy',
          },
        ],
      },
    }).runAll(SECOND);
    expect(nowhere.observer.statuses()).toEqual({ 503: 1 });
    const plain = new SmallWorld({
      services: { one: {} },
      clients: { load: { to: 'one', load: constantRate(1) } },
      outbound: { plan: { tls: { serverName: 'one', expectedSans: [], isAutomatic: false } } },
      inbound: false,
    }).runAll(SECOND);
    expect(plain.observer.statuses()).toEqual({ 503: 1 });
    expect(plain.engines[0]!.log).toEqual(['connect-failed:3']);
  });

  it('that the engine closes is closed on the far side one trip later', () => {
    const run = new SmallWorld({
      services: { one: {} },
      clients: { load: { to: 'one', load: constantRate(1) } },
    });
    const [inbound, outbound] = run.engines;
    run.world.at(700 * MILLISECOND, () => outbound!.closeIdle());
    run.world.at(700.9 * MILLISECOND, () => {
      expect([inbound!.downstreams.size, outbound!.connections.size]).toEqual([1, 1]);
    });
    run.world.at(701 * MILLISECOND + 1, () => {
      expect([inbound!.downstreams.size, outbound!.connections.size]).toEqual([0, 0]);
    });
    run.runAll(SECOND);
    expect(run.world.nowNs).toBe(SECOND);
    expect(run.problems()).toEqual([]);
  });

  it('adds the overhead of both proxies, half of it each way, folded or not', () => {
    const done = [true, false].map((foldDelays) => {
      const run = new SmallWorld({
        services: { one: { serviceTime: exponential(MILLISECOND) } },
        clients: { load: { to: 'one', load: poisson(200) } },
        overhead: exponential(400_000),
        latencyNs: 3 * MILLISECOND,
        world: { foldDelays },
      }).runAll(SECOND);
      expect(run.problems()).toEqual([]);
      return run;
    });
    expect(done[1]!.observer.done).toEqual(done[0]!.observer.done);
    expect(done[1]!.world.kernel.eventCount).toBeGreaterThan(done[0]!.world.kernel.eventCount);
    const fixed = new SmallWorld({
      services: { one: { serviceTime: constant(0) } },
      clients: { load: { to: 'one', load: constantRate(1) } },
      overhead: constant(2 * MILLISECOND),
    }).runAll(SECOND);
    // Handshake 2, then 1 + 1 + 1 each way.
    expect(fixed.observer.done[0]!.latencyNs).toBe(8 * MILLISECOND);
  });
});

describe('a crash', () => {
  const crashed = (startMs: number, endMs: number, inbound = true) => {
    const run = new SmallWorld({
      services: {
        front: { serviceTime: constant(0), calls: [callTo('back')] },
        back: { workers: 1, serviceTime: constant(100 * MILLISECOND) },
      },
      clients: { load: { to: 'front', load: constantRate(10) } },
      inbound,
    });
    const [back] = run.hosts('back');
    run.world.at(startMs * MILLISECOND, () => run.world.faultTarget.hosts.crash(back!));
    run.world.at(endMs * MILLISECOND, () => run.world.faultTarget.hosts.restart(back!));
    run.runAll(SECOND);
    expect(run.problems()).toEqual([]);
    return run;
  };

  it.each([
    true,
    false,
  ])('resets connections one trip later and refuses (inbound: %s)', (inbound) => {
    const run = crashed(400, 700, inbound);
    const failed = run.observer.done.filter(({ ok }) => !ok);
    // 350 was under way; 450, 550 and 650 are refused; 750 is the first that succeeds again.
    expect(failed.map(({ status }) => status)).toEqual([502, 502, 502, 502]);
    expect(failed[0]!.atNs).toBe(402 * MILLISECOND);
    expect(failed[1]!.atNs).toBe(454 * MILLISECOND);
    const log = run.engines.flatMap((engine) => engine.log);
    expect(log.filter((entry) => entry === 'connect-failed:0').length).toBe(3);
    expect(log.filter((entry) => entry.startsWith('reset')).length).toBeGreaterThanOrEqual(1);
    expect(run.observer.count(RecordKind.hostDown)).toBe(1);
    expect(run.observer.count(RecordKind.hostUp)).toBe(1);
  });

  it('loses the work in progress and in the queue', () => {
    const run = crashed(400, 401);
    const begun = run.observer
      .of(RecordKind.workStarted)
      .filter(({ b }) => run.world.hosts[b]!.name === 'back-0');
    expect(begun.length - run.host('back').served).toBe(1);
    expect(run.host('back').isUp).toBe(true);
  });

  it('of a caller ends its own calls and those of its application', () => {
    const run = new SmallWorld({
      services: {
        front: { serviceTime: constant(MILLISECOND), calls: [callTo('back')] },
        back: { serviceTime: constant(50 * MILLISECOND) },
      },
      clients: { load: { to: 'front', load: poisson(200), instances: 2 } },
    });
    const { hosts } = run.world.faultTarget;
    const [front] = run.hosts('front');
    const [, second] = run.hosts('load');
    for (let at = 100; at < 900; at += 200) {
      run.world.at(at * MILLISECOND, () => hosts.crash(front!));
      run.world.at((at + 30) * MILLISECOND, () => hosts.crash(second!));
      run.world.at((at + 50) * MILLISECOND, () => hosts.restart(front!));
      run.world.at((at + 80) * MILLISECOND, () => hosts.restart(second!));
    }
    run.runAll(SECOND);
    expect(run.problems()).toEqual([]);
    expect(run.observer.statuses()[0]).toBeGreaterThan(10);
    expect(run.observer.statuses()[200]).toBeGreaterThan(50);
    expect(run.host('back').wasted).toBeGreaterThan(0);
  });
});
