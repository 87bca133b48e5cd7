import { describe, expect, it } from 'vitest';
import { RecordKind } from '../../../src/core/records.ts';
import { MILLISECOND, SECOND } from '../../../src/core/time.ts';
import type { SmallWorldOptions } from '../../helpers/small-world.ts';
import { constant, constantRate, poisson, SmallWorld } from '../../helpers/small-world.ts';

/** One request at 500 ms on a connection that is open since 100 ms; 1 ms there, 10 ms work, 1 ms back. */
function warm(more: Partial<SmallWorldOptions> = {}): SmallWorld {
  return new SmallWorld({
    services: { one: { serviceTime: constant(10 * MILLISECOND) } },
    clients: { load: { to: 'one', load: constantRate(5) } },
    ...more,
  });
}

const BOTH = (run: SmallWorld): { from: number; to: number }[] => {
  const [client] = run.hosts('load');
  const [one] = run.hosts('one');
  return [
    { from: client!, to: one! },
    { from: one!, to: client! },
  ];
};

function cutBetween(run: SmallWorld, startMs: number, endMs: number, pairs = BOTH(run)): void {
  const target = run.world.faultTarget;
  run.world.at(startMs * MILLISECOND, () => {
    const handle = target.links.cut(pairs);
    run.world.at(endMs * MILLISECOND, () => target.links.heal(handle));
  });
}

const latenciesMs = (run: SmallWorld): number[] =>
  run.observer.done.map(({ latencyNs }) => latencyNs / MILLISECOND);

describe('a partition', () => {
  it('holds what is sent, which arrives one trip after the next retransmission', () => {
    const run = warm();
    cutBetween(run, 250, 400);
    run.runAll(450 * MILLISECOND);
    // Sent at 300, again at 500: 501 there, 511 done, 512 back.
    expect(latenciesMs(run)).toEqual([14, 212]);
    expect(run.problems()).toEqual([]);
    expect(run.world.strikes).toBe(1);
    expect(run.observer.of(RecordKind.messageDelayed).map(({ b }) => b)).toEqual([1]);
  });

  it('holds what is under way', () => {
    const run = warm();
    cutBetween(run, 300.5, 310);
    run.runAll(350 * MILLISECOND);
    // The request counts as sent at 300.5 and is sent again at 500.5.
    expect(latenciesMs(run)).toEqual([14, 212.5]);
    expect(run.problems()).toEqual([]);
  });

  it('holds responses too, and only in the directions that are cut', () => {
    const run = warm();
    cutBetween(run, 305, 400, BOTH(run).slice(1));
    run.runAll(350 * MILLISECOND);
    // Answered at 311 ms, sent again at 511 ms.
    expect(latenciesMs(run)).toEqual([14, 212]);
    const other = warm();
    cutBetween(other, 305, 400, BOTH(other).slice(0, 1));
    other.runAll(350 * MILLISECOND);
    expect(latenciesMs(other)).toEqual([14, 12]);
  });

  it('holds handshakes: 1 s, 2 s, 4 s', () => {
    const run = warm();
    cutBetween(run, 50, 2000);
    run.runAll(150 * MILLISECOND);
    // Dialled at 100: again at 1100 and 3100. Open 2 ms later, answered 12 ms after that.
    expect(latenciesMs(run)).toEqual([3014]);
    expect(run.problems()).toEqual([]);
  });

  it('that never heals resets connections after about 15 minutes, and dials after 127 s', () => {
    const run = warm();
    cutBetween(run, 250, 10_000_000);
    run.runAll(350 * MILLISECOND, 2000 * SECOND);
    const [first, second] = run.observer.done;
    expect(first!.status).toBe(200);
    expect(second!.status).toBe(503);
    expect(second!.latencyNs / SECOND).toBeCloseTo(924.6, 1);
    expect(run.problems()).toEqual([]);
    const fresh = warm();
    cutBetween(fresh, 50, 10_000_000);
    fresh.runAll(150 * MILLISECOND, 2000 * SECOND);
    expect(fresh.observer.done[0]!.latencyNs / SECOND).toBe(127);
    expect(fresh.engines.flatMap(({ log }) => log)).toEqual(['connect-failed:1']);
  });

  it('overlaps with another: nothing passes until both have healed', () => {
    const run = warm();
    cutBetween(run, 250, 450);
    cutBetween(run, 260, 1000);
    run.runAll(350 * MILLISECOND);
    // Sent at 300, 500, 900, 1700.
    expect(latenciesMs(run)).toEqual([14, 1412]);
    expect(run.problems()).toEqual([]);
  });

  it('keeps a reset behind the request that it follows', () => {
    const run = warm({ outbound: { timeoutNs: 60 * MILLISECOND } });
    // The request, of 300, is sent again at 900; the close, of 360, would be at 560.
    cutBetween(run, 250, 550);
    run.runAll(350 * MILLISECOND);
    expect(run.observer.done.map(({ status }) => status)).toEqual([200, 504]);
    run.world.run(2 * SECOND);
    expect(run.problems()).toEqual([]);
    // The service did the work, for nobody: the close came behind the request.
    expect([run.host('one').served, run.host('one').wasted]).toEqual([2, 1]);
  });

  it.each([true, false])('loses nothing under load (folded: %s)', (foldDelays) => {
    const run = new SmallWorld({
      services: { one: { instances: 3, serviceTime: constant(5 * MILLISECOND), workers: 8 } },
      clients: {
        load: { to: 'one', load: poisson(400), instances: 2, deadlineNs: 300 * MILLISECOND },
      },
      overhead: constant(400_000),
      outbound: { timeoutNs: 50 * MILLISECOND, retries: 2 },
      world: { foldDelays },
    });
    for (let at = 100; at < 900; at += 100) cutBetween(run, at, at + 40 + at / 20);
    run.runAll(SECOND);
    run.world.run(run.world.nowNs + 10 * SECOND);
    expect(run.problems()).toEqual([]);
    expect(run.world.strikes).toBeGreaterThan(10);
  });
});
