import { describe, expect, it } from 'vitest';
import { Draws } from '../../src/core/draws.ts';
import { RecordKind } from '../../src/core/records.ts';
import { MILLISECOND, SECOND } from '../../src/core/time.ts';
import type { FaultEnvelope, FaultTargetSpec } from '../../src/faults/envelope.ts';
import { planFault } from '../../src/faults/fault-plan.ts';
import { FaultSchedule } from '../../src/faults/fault-schedule.ts';
import { selectTargets } from '../../src/faults/fault-targets.ts';
import {
  constant,
  constantRate,
  exponential,
  poisson,
  SmallWorld,
} from '../helpers/small-world.ts';
import type { EnvelopeParts } from './world.ts';
import { envelope, kindOf, runWith } from './world.ts';

const plan = (parts: EnvelopeParts, untilNs = 1000 * SECOND, seed = 's') =>
  planFault(envelope('proc.slow', parts), new Draws(seed), untilNs);
const spans = (parts: EnvelopeParts, untilNs?: number): number[][] =>
  plan(parts, untilNs).map(({ startNs, endNs }) => [startNs / SECOND, endNs / SECOND]);

describe('the windows of a fault', () => {
  it('are one, periodic, or a burst', () => {
    expect(spans({})).toEqual([[1, 2]]);
    const every = { kind: 'every', periodNs: 10 * SECOND, firstNs: 5 * SECOND } as const;
    expect(spans({ schedule: every }, 30 * SECOND)).toEqual([
      [5, 6],
      [15, 16],
      [25, 26],
    ]);
    const burst = { kind: 'burst', atNs: 7 * SECOND, count: 2, gapNs: 3 * SECOND } as const;
    expect(spans({ schedule: burst })).toEqual([
      [7, 8],
      [10, 11],
    ]);
  });

  it('of a Poisson schedule alternate between up and down times', () => {
    const schedule = { kind: 'poisson', meanBetweenNs: 9 * SECOND, meanLengthNs: SECOND } as const;
    const windows = plan({ schedule }, 100_000 * SECOND);
    expect(windows.length / 10_000).toBeCloseTo(1, 1);
    const down = windows.reduce((sum, { startNs, endNs }) => sum + endNs - startNs, 0);
    expect(down / (100_000 * SECOND)).toBeCloseTo(0.1, 1);
    expect(
      windows.every((window, at) => at === 0 || window.startNs >= windows[at - 1]!.endNs),
    ).toBe(true);
  });

  const often = { kind: 'every', periodNs: SECOND, firstNs: 0 } as const;
  const short = { durationNs: 500 * MILLISECOND };

  it('happen with their probability, and repeat with their correlation', () => {
    const happens = (probability: number, correlation: number): boolean[] => {
      const parts = { schedule: often, window: short, probability, correlation };
      const starts = new Set(plan(parts, 4000 * SECOND).map(({ startNs }) => startNs / SECOND));
      return Array.from({ length: 4000 }, (_, at) => starts.has(at));
    };
    const share = (all: readonly boolean[]): number => all.filter(Boolean).length / all.length;
    const changes = (all: readonly boolean[]): number =>
      all.filter((value, at) => at > 0 && value !== all[at - 1]).length / all.length;
    expect(share(happens(0.3, 0))).toBeCloseTo(0.3, 1.5);
    expect(changes(happens(0.3, 0))).toBeCloseTo(0.42, 1.5);
    expect(share(happens(0.3, 0.8))).toBeCloseTo(0.3, 1);
    expect(changes(happens(0.3, 0.8))).toBeCloseTo(0.084, 1.5);
    expect(share(happens(0, 1))).toBe(0);
    expect(share(happens(1, 0))).toBe(1);
  });

  it('that overlap wait, are dropped, or run together up to maxActive', () => {
    const long = { schedule: { ...often, firstNs: 0 }, window: { durationNs: 2.5 * SECOND } };
    const starts = (parts: EnvelopeParts): number[] =>
      spans({ ...long, ...parts }, 6 * SECOND).map(([start]) => start!);
    expect(starts({ overlap: 'queue' })).toEqual([0, 2.5, 5]);
    expect(starts({ overlap: 'forbid' })).toEqual([0, 3]);
    expect(starts({ overlap: 'allow', maxActive: 2 })).toEqual([0, 1, 3, 4]);
    expect(starts({ overlap: 'queue', maxActive: 2 })).toEqual([0, 1, 2.5, 3.5, 5]);
    expect(starts({ overlap: 'allow', maxActive: 99 })).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('do not depend on other faults', () => {
    const parts = { schedule: often, window: short, probability: 0.5 };
    const draws = new Draws('s');
    planFault(envelope('proc.slow', { ...parts, id: 'other' }), draws, 100 * SECOND);
    expect(planFault(envelope('proc.slow', parts), draws, 100 * SECOND)).toEqual(
      plan(parts, 100 * SECOND),
    );
  });
});

describe('the targets of a fault', () => {
  const run = new SmallWorld({
    services: { front: { instances: 2 }, back: { instances: 10 } },
    clients: { load: { to: 'front', load: constantRate(1), instances: 2 } },
  });
  const select = (
    kind: string,
    target: Partial<FaultTargetSpec>,
    more: Partial<FaultEnvelope> = {},
    occurrence = 0,
  ) =>
    selectTargets(run.world, { ...envelope(kind, { target }), ...more }, kindOf(kind), occurrence);
  const names = (ids: readonly number[]): string[] => ids.map((id) => run.world.hosts[id]!.name);

  it('are the hosts named', () => {
    expect(names(select('proc.crash', { service: 'front' }).hosts)).toEqual(['front-0', 'front-1']);
    expect(names(select('proc.crash', { instance: 'back-7' }).hosts)).toEqual(['back-7']);
    expect(select('load.spike', { client: 'load' }).clients).toEqual([0]);
    expect(select('load.spike', {}).clients).toEqual([0]);
  });

  it('are chosen anew for each window, and reproducibly', () => {
    const chosen = Array.from({ length: 40 }, (_, occurrence) =>
      names(select('proc.crash', { service: 'back', mode: 'one' }, {}, occurrence).hosts).join(),
    );
    expect(new Set(chosen).size).toBeGreaterThan(6);
    expect(names(select('proc.crash', { service: 'back', mode: 'one' }, {}, 3).hosts)).toEqual([
      chosen[3],
    ]);
  });

  it('are as many as the mode says', () => {
    const count = (mode: FaultTargetSpec['mode'], value: number, occurrence = 0): number =>
      select('proc.crash', { service: 'back', mode, value }, {}, occurrence).hosts.length;
    expect([
      count('fixed', 3),
      count('fixed', 30),
      count('share', 0.25),
      count('share', 0.01),
    ]).toEqual([3, 10, 3, 1]);
    const counts = Array.from({ length: 200 }, (_, at) => count('max-share', 0.5, at));
    expect([...new Set(counts)].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('of links are pairs in the direction given', () => {
    const links = (
      direction: FaultEnvelope['direction'],
      target: Partial<FaultTargetSpec>,
    ): string[] =>
      select('net.loss', target, { direction }).links.map(({ from, to }) =>
        [from, to].map((id) => (id < 0 ? '*' : run.world.hosts[id]!.name)).join('>'),
      );
    expect(links('to', { instance: 'front-0' })).toEqual(['*>front-0']);
    expect(links('from', { instance: 'front-0' })).toEqual(['front-0>*']);
    expect(links('both', { instance: 'front-0' })).toEqual(['*>front-0', 'front-0>*']);
    expect(links('to', { from: 'load', to: 'front' })).toEqual([
      'load-0>front-0',
      'load-0>front-1',
      'load-1>front-0',
      'load-1>front-1',
    ]);
    expect(links('to', { from: '*', to: '*' })).toEqual(['*>*']);
    expect(links('to', { from: '*', to: 'load' })).toEqual(['*>load-0', '*>load-1']);
  });
});

describe('a schedule', () => {
  const world = {
    services: { one: { instances: 2, serviceTime: exponential(5 * MILLISECOND) } },
    clients: { load: { to: 'one', load: poisson(100) } },
  };

  it('knows its windows before the run and their strikes afterwards', () => {
    const run = new SmallWorld(world);
    const faults = [
      envelope('proc.slow', { id: 'b', target: { service: 'one' }, parameters: { factor: 2 } }),
      envelope('load.spike', {
        id: 'a',
        window: { atNs: 500 * MILLISECOND },
        parameters: { factor: 2 },
      }),
    ];
    const schedule = new FaultSchedule(run.world, faults, 3 * SECOND);
    expect(schedule.planned.map(({ fault, startNs }) => [fault, startNs / SECOND])).toEqual([
      [1, 0.5],
      [0, 1],
    ]);
    expect(schedule.windows()).toEqual([]);
    schedule.arm();
    run.runAll(3 * SECOND);
    expect(schedule.windows().map(({ id, strikes }) => [id, strikes])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
  });

  it('refuses a kind that does not exist', () => {
    const run = new SmallWorld(world);
    const wrong = { ...envelope('proc.slow'), kind: 'proc.quick' };
    expect(() => new FaultSchedule(run.world, [wrong], SECOND)).toThrow(
      'no fault kind "proc.quick"',
    );
  });

  it('lets a waiting window begin when the one before it has ended', () => {
    const parts = {
      target: { service: 'one' },
      schedule: { kind: 'burst', atNs: SECOND, count: 3, gapNs: 100 * MILLISECOND } as const,
      window: { durationNs: 200 * MILLISECOND },
    };
    const { run } = runWith(world, [
      envelope('proc.slow', { ...parts, parameters: { factor: 3 } }),
    ]);
    const edges = run.observer.records
      .filter(({ kind }) => kind === RecordKind.faultStarted || kind === RecordKind.faultEnded)
      .map(({ kind, atNs }) =>
        [kind === RecordKind.faultStarted ? '+' : '-', atNs / SECOND].join(''),
      );
    expect(edges).toEqual(['+1', '-1.2', '+1.2', '-1.4', '+1.4', '-1.6']);
  });

  it('changes nothing of what another fault does', () => {
    const loss = envelope('net.loss', {
      id: 'loss',
      target: { from: 'load', to: 'one' },
      parameters: { ratio: 0.3 },
    });
    const other = envelope('net.loss', {
      id: 'other',
      target: { instance: 'nobody-0' },
      parameters: { ratio: 0.9 },
    });
    const alone = runWith(world, [loss]).run;
    const both = runWith(world, [loss, other]).run;
    const first = both.observer.of(RecordKind.messageDelayed).map(({ a, b, atNs }) => [a, b, atNs]);
    const second = alone.observer
      .of(RecordKind.messageDelayed)
      .map(({ a, b, atNs }) => [a, b, atNs]);
    expect(second.length).toBeGreaterThan(5);
    expect(first).toEqual(second);
  });

  it('ramps in steps, and what ends inside the ramp is taken back all the same', () => {
    const slow = envelope('proc.slow', {
      target: { service: 'one' },
      window: { durationNs: 400 * MILLISECOND, rampNs: 800 * MILLISECOND },
      parameters: { factor: 11 },
    });
    const options = {
      services: { one: { serviceTime: constant(MILLISECOND) } },
      clients: { load: { to: 'one', load: constantRate(20) } },
      latencyNs: 0,
    };
    const { run } = runWith(options, [slow], 2 * SECOND);
    const ms = run.observer.done.map(({ latencyNs }) => latencyNs / MILLISECOND);
    // A request each 50 ms from 25 ms on; from 1000 ms on one step more each 80 ms.
    expect(ms.slice(18, 32)).toEqual([1, 1, 2, 2, 3, 4, 4, 5, 6, 6, 1, 1, 1, 1]);
  });
});
