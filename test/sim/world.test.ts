import { describe, expect, it } from 'vitest';
import { MICROSECOND, MILLISECOND, SECOND } from '../../src/core/time.ts';
import { callTo, constantRate, exponential, poisson, SmallWorld } from '../helpers/small-world.ts';

describe('a world', () => {
  it('takes a request through both proxies and back', () => {
    const run = new SmallWorld({
      services: { payments: {} },
      clients: { shop: { to: 'payments', load: constantRate(1) } },
    }).runAll(SECOND);
    expect(run.problems()).toEqual([]);
    // Dial: 2 ms; request: 1 ms there, 1 ms of work, 1 ms back.
    expect(run.observer.done).toEqual([
      {
        client: 0,
        status: 200,
        ok: true,
        latencyNs: 5 * MILLISECOND,
        flag: 0,
        atNs: 505 * MILLISECOND,
      },
    ]);
  });

  it('ends everything that begins in a chain of three services', () => {
    const run = new SmallWorld({
      services: {
        front: { instances: 2, calls: [callTo('orders')] },
        orders: { instances: 3, calls: [callTo('payments')], workers: 16 },
        payments: { instances: 3, workers: 4, serviceTime: exponential(2 * MILLISECOND) },
      },
      clients: { shop: { to: 'front', load: poisson(600), instances: 2 } },
      overhead: exponential(300 * MICROSECOND),
    }).runAll(SECOND);
    expect(run.problems()).toEqual([]);
    expect(run.observer.statuses()[200]).toBe(run.observer.started);
  });
});
