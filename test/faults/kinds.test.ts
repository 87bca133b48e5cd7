import { describe, expect, it } from 'vitest';
import { RecordKind } from '../../src/core/records.ts';
import { MILLISECOND, SECOND } from '../../src/core/time.ts';
import type { FaultEnvelope } from '../../src/faults/envelope.ts';
import { FAULT_KINDS } from '../../src/faults/index.ts';
import { addedTime } from '../../src/faults/net-latency.ts';
import type { SmallWorldOptions } from '../helpers/small-world.ts';
import {
  callTo,
  constant,
  constantRate,
  exponential,
  poisson,
  SmallWorld,
  sampler,
} from '../helpers/small-world.ts';
import { defaultsOf, envelope, kindOf, runWith } from './world.ts';

const WORLD: SmallWorldOptions = {
  services: { one: { instances: 3, serviceTime: exponential(5 * MILLISECOND), workers: 8 } },
  clients: { load: { to: 'one', load: poisson(200), instances: 2 } },
};

const CACHED: SmallWorldOptions = {
  services: {
    one: {
      ...WORLD.services.one,
      calls: [callTo('two')],
      cache: {
        key: { kind: 'uniform', of: 50 },
        ttlNs: SECOND,
        scope: 'instance',
        coalesce: false,
        onError: 'keep',
        warm: 0.9,
      },
    },
    two: {},
  },
  clients: WORLD.clients,
};
/** With certificates that live 600 ms, and new connections as the load grows. */
const ID_WORLD: SmallWorldOptions = {
  ...WORLD,
  clients: {
    load: {
      to: 'one',
      load: { ...poisson(200), stages: [{ atNs: 1.2 * SECOND, value: 1500, overNs: 2 * SECOND }] },
      instances: 2,
    } as NonNullable<SmallWorldOptions['clients'][string]>,
  },
  outbound: { plan: { tls: { serverName: '', expectedSans: [], isAutomatic: false } } },
  world: {
    identity: {
      root: { lifetimeNs: 3600 * SECOND, ageNs: 0 },
      intermediate: null,
      leaf: {
        lifetimeNs: 600 * MILLISECOND,
        age: null,
        renewAt: 0.5,
        jitter: 0.01,
        backdateNs: 0,
      },
      issuerOffsetNs: 0,
    },
  },
};
const worldFor = (kind: string): SmallWorldOptions => {
  if (kind === 'dep.cache-flush') return CACHED;
  return /^(id|clock)\./.test(kind) ? ID_WORLD : WORLD;
};

/** Each kind, with what it needs, striking hard enough to be seen. */
const EXAMPLES: Record<string, FaultEnvelope> = {
  'net.latency': envelope('net.latency', { target: { service: 'one' } }),
  'net.loss': envelope('net.loss', { target: { from: 'load', to: 'one' } }),
  'net.partition': envelope('net.partition', { target: { service: 'one', mode: 'one' } }),
  'proc.slow': envelope('proc.slow', { target: { service: 'one' }, parameters: { factor: 5 } }),
  'proc.crash': envelope('proc.crash', { target: { service: 'one', mode: 'fixed', value: 2 } }),
  'dep.cache-flush': envelope('dep.cache-flush', {
    target: { service: 'one' },
    parameters: { share: 0.5 },
  }),
  'id.cert-expire': envelope('id.cert-expire', { target: { service: 'one' } }),
  'id.rotate-fail': envelope('id.rotate-fail', { target: { service: 'one' } }),
  'id.ca-outage': envelope('id.ca-outage'),
  'clock.skew': envelope('clock.skew', {
    target: { service: 'one' },
    parameters: { offset: SECOND },
  }),
  'load.spike': envelope('load.spike', { target: { client: 'load' }, parameters: { factor: 3 } }),
};

const latencies = (run: SmallWorld, fromS: number, toS: number): number[] =>
  run.observer.done
    .filter(({ atNs, latencyNs }) => {
      const startNs = atNs - latencyNs;
      return startNs >= fromS * SECOND && startNs < toS * SECOND;
    })
    .map(({ latencyNs }) => latencyNs / MILLISECOND);
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe.each(FAULT_KINDS.map((kind) => [kind.kind, kind] as const))('%s', (name, kind) => {
  it('says what it is, with complete parameters and an example', () => {
    expect(kind.summary).toMatch(/\.$/);
    expect(kind.example).toContain(`kind: ${name}`);
    const required = kind.parameters.filter((spec) => spec.default === undefined);
    for (const { name: parameter } of required) expect(kind.example).toContain(`${parameter}:`);
    for (const spec of kind.parameters) {
      expect([spec.summary, spec.source, spec.range].every((text) => text.length > 0)).toBe(true);
    }
    expect(Object.keys(defaultsOf(kind)).length).toBe(kind.parameters.length - required.length);
  });

  it('strikes, is taken back at the end, and loses nothing', () => {
    const calm = new SmallWorld(worldFor(name)).runAll(3 * SECOND);
    const { run, schedule } = runWith(worldFor(name), [EXAMPLES[name]!]);
    run.world.run(run.world.nowNs + 5 * SECOND);
    expect(run.problems()).toEqual([]);
    const [window] = schedule.windows();
    expect(window).toMatchObject({ id: 'it', kind: name, startNs: SECOND, endNs: 2 * SECOND });
    expect(window!.strikes).toBeGreaterThan(0);
    expect(run.observer.count(RecordKind.faultStarted)).toBe(1);
    expect(run.observer.count(RecordKind.faultEnded)).toBe(1);
    expect(run.observer.count(RecordKind.faultStruck)).toBeGreaterThan(0);
    // Before it begins nothing differs.
    const early = (world: SmallWorld) => world.observer.done.filter(({ atNs }) => atNs < SECOND);
    expect(early(run)).toEqual(early(calm));
    expect(run.observer.done).not.toEqual(calm.observer.done);
  });

  it('with probability 0 changes nothing at all', () => {
    const calm = new SmallWorld(worldFor(name)).runAll(3 * SECOND);
    const { run, schedule } = runWith(worldFor(name), [{ ...EXAMPLES[name]!, probability: 0 }]);
    expect(run.observer.records).toEqual(calm.observer.records);
    expect(schedule.windows()).toEqual([]);
  });
});

describe('net.latency', () => {
  it('delays messages both ways, and those under way', () => {
    const slow = { target: { service: 'one' }, parameters: { base: 50 * MILLISECOND, jitter: 0 } };
    const { run } = runWith(WORLD, [envelope('net.latency', slow)]);
    const { run: oneWay } = runWith(WORLD, [envelope('net.latency', { ...slow, direction: 'to' })]);
    const added = [run, oneWay].map(
      (world) => mean(latencies(world, 1.1, 1.8)) - mean(latencies(world, 0.1, 0.9)),
    );
    // A little more than 100 and 50: requests under way longer need more connections, dialled slowly.
    expect(added[0]).toBeGreaterThan(97);
    expect(added[0]).toBeLessThan(130);
    expect(added[1]).toBeGreaterThan(48);
    expect(added[1]).toBeLessThan(65);
  });

  it.each([
    'const',
    'uniform',
    'normal',
    'exponential',
    'lognormal',
    'bimodal',
  ])('adds its base on average: %s', (law) => {
    expect(sampler(addedTime(law, SECOND, 0.3)).meanNs / SECOND).toBeCloseTo(1, 2);
  });

  it('ramps up', () => {
    const ramp = envelope('net.latency', {
      target: { service: 'one' },
      window: { durationNs: 2 * SECOND, rampNs: SECOND },
      parameters: { base: 100 * MILLISECOND, jitter: 0 },
      direction: 'to',
    });
    const { run } = runWith(WORLD, [ramp]);
    const calm = mean(latencies(run, 0.1, 0.9));
    const added = [1.02, 1.32, 1.62, 2.1].map((s) => mean(latencies(run, s, s + 0.07)) - calm);
    expect(added[0]).toBeGreaterThan(5);
    expect(added[1]).toBeGreaterThan(added[0]! + 20);
    expect(added[2]).toBeGreaterThan(added[1]! + 20);
    expect(added[3]! - 100).toBeLessThan(5);
  });
});

describe('net.loss', () => {
  it('with ratio 0 changes nothing but its own records', () => {
    const calm = new SmallWorld(WORLD).runAll(3 * SECOND);
    const none = envelope('net.loss', { target: { from: '*', to: '*' }, parameters: { ratio: 0 } });
    const { run, schedule } = runWith(WORLD, [none]);
    const own = new Set<number>([
      RecordKind.faultStarted,
      RecordKind.faultEnded,
      RecordKind.faultStruck,
    ]);
    expect(run.observer.records.filter(({ kind }) => !own.has(kind))).toEqual(
      calm.observer.records,
    );
    expect(schedule.windows()[0]!.strikes).toBe(0);
  });
});

describe('net.partition', () => {
  /** Which of the four instances each of them can still reach. */
  const reached = (parameters: FaultEnvelope['parameters'], size = 5): number[][] => {
    const run = new SmallWorld({
      services: { one: { instances: size } },
      clients: { load: { to: 'one', load: constantRate(1) } },
    });
    const cuts: { from: number; to: number }[] = [];
    const kind = kindOf('net.partition');
    kind.apply(
      {
        ...run.world.faultTarget,
        links: {
          ...run.world.faultTarget.links,
          cut: (pairs: readonly { from: number; to: number }[]) => cuts.push(...pairs),
        },
        strike: () => {},
      } as never,
      { hosts: run.hosts('one'), links: [], clients: [], groups: [] },
      {
        id: 'it',
        occurrence: 0,
        strength: 1,
        parameters: { ...defaultsOf(kind), ...parameters },
        draws: run.world.draws,
        after: () => {},
        durationNs: SECOND,
        endNs: SECOND,
      },
    );
    const isCut = (from: number, to: number): boolean =>
      cuts.some((cut) => (cut.from === from || cut.from < 0) && (cut.to === to || cut.to < 0));
    return run
      .hosts('one')
      .map((from) => run.hosts('one').filter((to) => to === from || !isCut(from, to)));
  };
  const sizes = (all: number[][]): number[] => all.map((list) => list.length).sort();

  it('isolates one, or halves, or leaves a bridge between the halves', () => {
    expect(sizes(reached({ shape: 'isolate-one' }))).toEqual([1, 4, 4, 4, 4]);
    expect(sizes(reached({ shape: 'bisect' }))).toEqual([2, 2, 3, 3, 3]);
    expect(sizes(reached({ shape: 'bridge' }))).toEqual([3, 3, 3, 3, 5]);
  });

  it('gives everybody another majority on a ring', () => {
    const views = reached({ shape: 'majority-ring' });
    expect(sizes(views)).toEqual([3, 3, 3, 3, 3]);
    expect(new Set(views.map((view) => view.join())).size).toBe(5);
  });

  it('divides by coins, each side whole', () => {
    const views = reached({ shape: 'uniform' }, 12);
    expect(new Set(views.map((view) => view.join())).size).toBe(2);
  });

  it('separates named groups only', () => {
    const three: SmallWorldOptions = {
      services: {
        front: { calls: [callTo('back')], serviceTime: constant(0) },
        back: {},
      },
      clients: { load: { to: 'front', load: constantRate(10) } },
    };
    const groups = envelope('net.partition', { parameters: { groups: ['front+load', 'back'] } });
    const { run, schedule } = runWith(three, [groups]);
    expect(run.problems()).toEqual([]);
    expect(Math.max(...latencies(run, 1, 2))).toBeGreaterThan(100);
    expect(Math.max(...latencies(run, 0.1, 0.9))).toBeLessThan(20);
    expect(schedule.windows()[0]!.strikes).toBeGreaterThan(5);
    const wrong = envelope('net.partition', { parameters: { groups: ['front', 'nobody'] } });
    expect(() => runWith(three, [wrong])).toThrow('no service, client or zone is called "nobody"');
  });
});

describe('proc.slow', () => {
  it('stretches work in progress, and gives back the very instant', () => {
    const at = (factor: number, startMs: number, endMs: number): number => {
      const slow = envelope('proc.slow', {
        target: { service: 'one' },
        window: { atNs: startMs * MILLISECOND, durationNs: (endMs - startMs) * MILLISECOND },
        parameters: { factor },
      });
      const options: SmallWorldOptions = {
        services: { one: { serviceTime: constant(100 * MILLISECOND + 1) } },
        clients: { load: { to: 'one', load: constantRate(1) } },
        latencyNs: 0,
      };
      return (
        runWith(options, [slow], SECOND).run.observer.done[0]!.latencyNs - 100 * MILLISECOND - 1
      );
    };
    // Work runs from 500 to 600 ms. Slowed at 550, until 600: 50 ms at a fifth, 40 ms lost.
    expect(at(5, 550, 600)).toBe(40 * MILLISECOND);
    expect(Math.abs(at(0.5, 550, 560) + 10 * MILLISECOND)).toBeLessThanOrEqual(1);
    expect(at(5, 100, 490)).toBe(0);
  });

  it.each([1.1, 3, 7.3, 8, 1000.001])('by %d is exactly reversible', (factor) => {
    const calm = new SmallWorld(WORLD).runAll(SECOND);
    const run = new SmallWorld(WORLD);
    const { hosts } = run.world.faultTarget;
    for (let at = 50; at < 1000; at += 50) {
      run.world.at(at * MILLISECOND, () => {
        for (const host of run.hosts('one')) hosts.slow(host, factor);
        for (const host of run.hosts('one')) hosts.unslow(host, factor);
      });
    }
    run.runAll(SECOND);
    expect(run.observer.done).toEqual(calm.observer.done);
  });
});

describe('proc.crash', () => {
  it('restarts after the time given, or after 1 to 10 s, at the latest when the window ends', () => {
    const upAt = (restartAfter: number, durationNs: number): number[] => {
      const target = { service: 'one' };
      const crash = envelope('proc.crash', {
        target,
        window: { durationNs },
        parameters: { restartAfter },
      });
      const { run } = runWith(WORLD, [crash], 2 * SECOND);
      run.world.run(30 * SECOND);
      expect(run.problems()).toEqual([]);
      return run.observer.of(RecordKind.hostUp).map(({ atNs }) => (atNs - SECOND) / SECOND);
    };
    expect(upAt(2 * SECOND, 20 * SECOND)).toEqual([2, 2, 2]);
    expect(upAt(20 * SECOND, 3 * SECOND)).toEqual([3, 3, 3]);
    const drawn = upAt(0, 20 * SECOND);
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(10);
    expect(new Set(drawn).size).toBe(3);
  });

  it('kills at most maxDead', () => {
    const crash = envelope('proc.crash', {
      target: { service: 'one' },
      parameters: { maxDead: 2 },
    });
    const { run } = runWith(WORLD, [crash]);
    expect(run.observer.count(RecordKind.hostDown)).toBe(2);
  });
});
