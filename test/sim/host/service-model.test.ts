import { describe, expect, it } from 'vitest';
import { RecordKind } from '../../../src/core/records.ts';
import { MICROSECOND, MILLISECOND, SECOND } from '../../../src/core/time.ts';
import type { CallStep } from '../../../src/workload/call-step.ts';
import type { ServiceOptions } from '../../helpers/small-world.ts';
import {
  burst,
  callTo,
  constant,
  constantRate,
  exponential,
  poisson,
  SmallWorld,
} from '../../helpers/small-world.ts';

describe('an application', () => {
  it('serves its queue first in, first out', () => {
    const run = new SmallWorld({
      services: { one: { workers: 1, serviceTime: exponential(5 * MILLISECOND) } },
      clients: { load: { to: 'one', load: poisson(180) } },
      inbound: false,
    }).runAll(SECOND);
    expect(run.problems()).toEqual([]);
    // One worker and equal ways: requests are answered in the order in which they were started.
    const begun = run.observer.of(RecordKind.callStarted).map(({ a }) => a);
    const worked = run.observer.of(RecordKind.workStarted).map(({ a }) => a);
    expect(begun.length).toBeGreaterThan(100);
    expect(new Set(worked).size).toBe(begun.length);
    expect(run.observer.of(RecordKind.workDone).map(({ a }) => a)).toEqual(worked);
  });

  it('matches M/M/1: utilisation, queue and time in system', () => {
    const run = new SmallWorld({
      services: { one: { workers: 1, serviceTime: exponential(MILLISECOND) } },
      clients: { load: { to: 'one', load: poisson(700) } },
      inbound: false,
      latencyNs: 0,
    });
    const untilNs = 40 * SECOND;
    run.world.start(untilNs);
    run.world.run(untilNs);
    const host = run.host('one');
    host.settle(untilNs);
    expect(host.busyNs / untilNs).toBeCloseTo(0.7, 1);
    // Mean number waiting: rho^2 / (1 - rho) = 1.633; mean time in system: 1 / (mu - lambda) = 3.33 ms.
    expect(host.queueNs / untilNs).toBeGreaterThan(1.63 * 0.8);
    expect(host.queueNs / untilNs).toBeLessThan(1.63 * 1.2);
    const { done } = run.observer;
    const meanMs = done.reduce((sum, { latencyNs }) => sum + latencyNs, 0) / done.length / 1e6;
    expect(meanMs).toBeGreaterThan(3.33 * 0.85);
    expect(meanMs).toBeLessThan(3.33 * 1.15);
  });

  it('refuses with 503 what does not fit into the queue', () => {
    const run = new SmallWorld({
      services: { one: { workers: 2, queueLimit: 3, serviceTime: constant(10 * MILLISECOND) } },
      clients: { load: { to: 'one', load: burst(8, SECOND) } },
    }).runAll(SECOND);
    expect(run.problems()).toEqual([]);
    expect(run.observer.statuses()).toEqual({ 200: 5, 503: 3 });
    expect(run.host('one').rejected).toBe(3);
    expect(run.observer.count(RecordKind.workRejected)).toBe(3);
    expect(run.host('one').queueMax).toBe(3);
  });

  it('draws errors by their ratios', () => {
    const run = new SmallWorld({
      services: {
        one: {
          errors: [
            { status: 500, ratio: 0.1 },
            { status: 404, ratio: 0.2 },
          ],
        },
      },
      clients: { load: { to: 'one', load: poisson(2000) } },
    }).runAll(SECOND);
    const { 200: good = 0, 500: broken = 0, 404: missing = 0 } = run.observer.statuses();
    const all = good + broken + missing;
    expect(all).toBe(run.observer.started);
    expect(broken / all).toBeCloseTo(0.1, 1);
    expect(missing / all).toBeCloseTo(0.2, 1);
  });

  it('takes no time when its service time is zero', () => {
    const run = new SmallWorld({
      services: { one: { serviceTime: constant(0), workers: 1 } },
      clients: { load: { to: 'one', load: burst(5, SECOND) } },
      latencyNs: 0,
    }).runAll(SECOND);
    expect(run.problems()).toEqual([]);
    expect(run.observer.done.map(({ latencyNs }) => latencyNs)).toEqual([0, 0, 0, 0, 0]);
  });

  it('holds its worker while its calls wait', () => {
    const run = new SmallWorld({
      services: {
        front: { workers: 1, serviceTime: constant(0), calls: [callTo('back')] },
        back: { serviceTime: constant(10 * MILLISECOND) },
      },
      clients: { load: { to: 'front', load: burst(2, SECOND) } },
      inbound: false,
      latencyNs: 0,
    }).runAll(SECOND);
    expect(run.observer.done.map(({ latencyNs }) => latencyNs)).toEqual([
      10 * MILLISECOND,
      20 * MILLISECOND,
    ]);
  });
});

describe('calls', () => {
  function run(calls: readonly CallStep[], back: ServiceOptions = {}): SmallWorld {
    return new SmallWorld({
      services: {
        front: { serviceTime: constant(0), calls },
        back: { serviceTime: constant(10 * MILLISECOND), ...back },
      },
      clients: { load: { to: 'front', load: constantRate(1) } },
      latencyNs: 0,
      inbound: false,
    }).runAll(SECOND);
  }
  const latencyMs = (world: SmallWorld): number => world.observer.done[0]!.latencyNs / MILLISECOND;

  it('repeat one after another, or at once', () => {
    expect(latencyMs(run([callTo('back', { times: 3 })]))).toBe(30);
    expect(latencyMs(run([callTo('back', { times: 3, inParallel: true })]))).toBe(10);
  });

  it('of a parallel step begin together, those of the next step after it', () => {
    const steps = [callTo('back'), callTo('back', { times: 2 })];
    const world = run([{ kind: 'parallel', steps, wait: 'all' }, callTo('back')]);
    expect(latencyMs(world)).toBe(30);
    expect(world.problems()).toEqual([]);
    expect(world.observer.count(RecordKind.callStarted)).toBe(5);
  });

  it('that wait for any go on with the first success and give up the others', () => {
    const steps = [callTo('back'), callTo('back', { times: 2 })];
    const world = run([{ kind: 'parallel', steps, wait: 'any' }], {
      workers: 1,
      onAbandon: 'skip-queued',
    });
    expect(latencyMs(world)).toBe(10);
    expect(world.problems()).toEqual([]);
    // The worker takes the next one at the instant of the first answer, before it is given up.
    expect([world.host('back').served, world.host('back').wasted]).toEqual([2, 1]);
  });

  it('fail the service with 502, unless errors are ignored', () => {
    const broken = { errors: [{ status: 500, ratio: 1 }] };
    const failing = run([callTo('back'), callTo('back')], broken);
    expect(failing.observer.done[0]!.status).toBe(502);
    expect(failing.host('back').served).toBe(1);
    const ignoring = run([callTo('back', { onError: 'ignore', times: 2 })], broken);
    expect(ignoring.observer.done[0]!.status).toBe(200);
    expect(ignoring.host('back').served).toBe(2);
  });

  it('of a parallel step are given up when one fails', () => {
    const steps = [callTo('back', { timeoutNs: 5 * MILLISECOND }), callTo('back', { times: 9 })];
    const world = run([{ kind: 'parallel', steps, wait: 'all' }]);
    expect(world.observer.done[0]!.status).toBe(502);
    expect(latencyMs(world)).toBe(5);
    expect(world.problems()).toEqual([]);
    expect(world.host('back').wasted).toBe(2);
  });

  it('end by the timeout of the application', () => {
    const world = run([callTo('back', { timeoutNs: 4 * MILLISECOND, onError: 'ignore' })]);
    expect(latencyMs(world)).toBe(4);
    expect(world.observer.done[0]!.status).toBe(200);
    expect(world.problems()).toEqual([]);
    expect(world.host('back').wasted).toBe(1);
  });

  it('happen in their share of the requests, all repetitions or none', () => {
    const world = new SmallWorld({
      services: {
        front: { serviceTime: constant(0), calls: [callTo('back', { share: 0.25, times: 2 })] },
        back: {},
      },
      clients: { load: { to: 'front', load: poisson(2000) } },
    }).runAll(SECOND);
    const calls = world.host('back').served;
    expect(calls % 2).toBe(0);
    expect(calls / 2 / world.observer.started).toBeCloseTo(0.25, 1);
    const none = run([callTo('back', { share: 0 })]);
    expect(none.host('back').served).toBe(0);
  });
});

describe('when the caller gives up', () => {
  const abandoned = (onAbandon: 'keep-working' | 'skip-queued' | 'cancel') => {
    const world = new SmallWorld({
      services: { one: { workers: 1, serviceTime: constant(10 * MILLISECOND), onAbandon } },
      clients: { load: { to: 'one', load: burst(4, SECOND), deadlineNs: 13 * MILLISECOND } },
      latencyNs: MICROSECOND,
    }).runAll(SECOND);
    expect(world.problems()).toEqual([]);
    expect(world.observer.statuses()).toEqual({ 0: 3, 200: 1 });
    const done = world.observer.of(RecordKind.workDone);
    return { host: world.host('one'), endMs: Math.round(done.at(-1)!.atNs / MILLISECOND), done };
  };

  it('an application works on for nobody', () => {
    const { host, endMs } = abandoned('keep-working');
    expect([host.served, host.wasted, endMs]).toEqual([4, 3, 40]);
  });

  it('or skips what is still queued', () => {
    const { host, endMs } = abandoned('skip-queued');
    expect([host.served, host.wasted, endMs]).toEqual([2, 1, 20]);
  });

  it('or stops at once', () => {
    const { host, endMs, done } = abandoned('cancel');
    expect([host.served, host.wasted, endMs]).toEqual([1, 0, 13]);
    // Each one given up makes room for the next, which is given up at the same instant.
    expect(done.map(({ c }) => c)).toEqual([0, 1, 1, 1]);
  });

  it('cancelling reaches the calls of the cancelled work', () => {
    const world = new SmallWorld({
      services: {
        front: { serviceTime: constant(0), calls: [callTo('back')], onAbandon: 'cancel' },
        back: { serviceTime: constant(SECOND), onAbandon: 'cancel' },
      },
      clients: { load: { to: 'front', load: constantRate(1), deadlineNs: 10 * MILLISECOND } },
    }).runAll(SECOND);
    expect(world.problems()).toEqual([]);
    expect(world.observer.of(RecordKind.workDone).map(({ c }) => c)).toEqual([1, 1]);
    expect(world.host('back').served).toBe(0);
    // One trip from client to front, one from front to back.
    expect(world.observer.of(RecordKind.workDone).at(-1)!.atNs).toBe(512 * MILLISECOND);
  });

  it('the client sees its deadline, and the flag of its proxy', () => {
    const world = new SmallWorld({
      services: { one: { serviceTime: constant(SECOND) } },
      clients: { load: { to: 'one', load: constantRate(1), deadlineNs: 10 * MILLISECOND } },
    }).runAll(SECOND);
    expect(world.observer.done[0]).toMatchObject({
      status: 0,
      ok: false,
      latencyNs: 10 * MILLISECOND,
      flag: 21,
    });
  });
});

describe('too much work', () => {
  it('ends the run with an error that says what to do', () => {
    const world = new SmallWorld({
      services: { one: { workers: 1, serviceTime: constant(SECOND) } },
      clients: { load: { to: 'one', load: poisson(1000) } },
      world: { maxWork: 100 },
    });
    world.world.start(SECOND);
    expect(() => world.world.run(SECOND)).toThrow(/100 requests are at the applications at once/);
  });
});
