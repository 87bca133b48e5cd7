import { describe, expect, it } from 'vitest';
import { ConnectFailure } from '../../../src/core/engine.ts';
import { RecordKind, RenewalFailure } from '../../../src/core/records.ts';
import { HOUR, MINUTE, SECOND } from '../../../src/core/time.ts';
import type { IdentitySpec } from '../../../src/sim/world-spec.ts';
import { constant, constantRate, SmallWorld } from '../../helpers/small-world.ts';

const DAY = 24 * HOUR;

type Changes = Partial<Omit<IdentitySpec, 'leaf'>> & {
  readonly leaf?: Partial<IdentitySpec['leaf']>;
};

function spec(changes: Changes = {}): IdentitySpec {
  return {
    root: { lifetimeNs: 3650 * DAY, ageNs: 0 },
    intermediate: null,
    issuerOffsetNs: 0,
    ...changes,
    leaf: {
      lifetimeNs: DAY,
      age: constant(0),
      renewAt: 0.5,
      jitter: 0,
      backdateNs: 2 * MINUTE,
      ...changes.leaf,
    },
  };
}

/** Callers and servers, a request a minute; idle connections close each minute. */
function worldWith(
  changes: Changes = {},
  instances = 10,
  callers = 1,
  rateRps = 1 / 60,
): SmallWorld {
  const run = new SmallWorld({
    services: { one: { instances } },
    clients: { load: { to: 'one', load: constantRate(rateRps), instances: callers } },
    outbound: { plan: { tls: { serverName: '', expectedSans: [], isAutomatic: false } } },
    world: { identity: spec(changes) },
  });
  return run;
}

/** Runs, closing idle connections so often that each request dials. */
function runFor(run: SmallWorld, untilNs: number): SmallWorld {
  for (let at = 30 * SECOND; at < untilNs; at += MINUTE) {
    run.world.at(at, () => {
      for (const engine of run.engines) engine.closeIdle();
    });
  }
  return run.runAll(untilNs, MINUTE);
}

function stopIssuer({ world }: SmallWorld): number {
  const hosts = world.hosts.map(({ id }) => id);
  return world.faultTarget.identity.blockRenewal(hosts, RenewalFailure.issuerOut);
}

const failedAt = (run: SmallWorld) =>
  run.observer.done.filter(({ ok }) => !ok).map(({ atNs }) => atNs / HOUR);

describe('renewal', () => {
  it('comes at its share of the lifetime, again and again', () => {
    const run = runFor(worldWith({}, 1), 40 * HOUR);
    const hosts = [...run.hosts('one'), ...run.hosts('load')];
    const times = run.observer.of(RecordKind.certificateIssued).map(({ atNs }) => atNs / HOUR);
    expect(times).toEqual([12, 12, 24, 24, 36, 36]);
    expect(hosts).toHaveLength(2);
    expect(failedAt(run)).toEqual([]);
  });

  it('is spread by jitter, and in a fleet of all ages', () => {
    const spread = (changes: Changes) => {
      const issued = runFor(worldWith(changes, 50), 13 * HOUR).observer.of(
        RecordKind.certificateIssued,
      );
      const hours = issued.map(({ atNs }) => atNs / HOUR);
      return { first: Math.min(...hours), last: Math.max(...hours) };
    };
    const jittered = spread({ leaf: { jitter: 0.01 } });
    expect(jittered.first).toBeGreaterThan(11.75);
    expect(jittered.first).toBeLessThan(11.9);
    expect(jittered.last).toBeGreaterThan(12.1);
    const rolling = spread({ leaf: { age: null } });
    expect(rolling.first).toBeLessThan(1.5);
    expect(rolling.last).toBeGreaterThan(10.5);
  });

  it('that fails is tried again after 500 ms, then doubling up to 150 s', () => {
    const run = worldWith({}, 1);
    run.world.at(11 * HOUR, () => stopIssuer(run));
    runFor(run, 13 * HOUR);
    const failed = run.observer
      .of(RecordKind.renewalFailed)
      .filter(({ a }) => a === run.hosts('one')[0]);
    const waits = failed.slice(1).map(({ atNs }, i) => (atNs - failed[i]!.atNs) / SECOND);
    expect(waits.slice(0, 11)).toEqual([0.5, 1, 2, 4, 8, 16, 32, 64, 128, 150, 150]);
    expect(failed[0]).toMatchObject({ atNs: 12 * HOUR, b: RenewalFailure.issuerOut, c: 0 });
  });
});

describe('an issuer that is out', () => {
  it('is not felt for half a lifetime, then certificates run out one after the other', () => {
    const run = worldWith({ leaf: { age: null } }, 60, 60, 1 / 12);
    run.world.at(1, () => stopIssuer(run));
    runFor(run, 24 * HOUR);
    const failures = failedAt(run);
    expect(Math.min(...failures)).toBeGreaterThan(12);
    const share = (from: number, to: number) => {
      const within = (hour: number) => hour >= from && hour < to;
      const all = run.observer.done.filter(({ atNs }) => within(atNs / HOUR)).length;
      return failures.filter(within).length / all;
    };
    // At hour h a certificate is dead with probability (h - 12) / 12, and a handshake needs two.
    const expected = (h: number) => 1 - (1 - (h - 12) / 12) ** 2;
    for (const hour of [12, 14, 16, 18, 20, 22]) {
      const middle = (expected(hour) + expected(hour + 2)) / 2;
      expect(Math.abs(share(hour, hour + 2) - middle)).toBeLessThan(0.2);
    }
    expect(share(23.5, 24)).toBe(1);
    expect(run.world.strikes).toBeGreaterThan(40);
  });

  it('that comes back is found at the next try', () => {
    const run = worldWith({ leaf: { age: null } });
    run.world.at(1, () => {
      const handle = stopIssuer(run);
      run.world.at(20 * HOUR, () => run.world.faultTarget.identity.unblockRenewal(handle));
    });
    runFor(run, 22 * HOUR);
    expect(Math.max(...failedAt(run))).toBeGreaterThan(15);
    expect(Math.max(...failedAt(run))).toBeLessThan(20.1);
  });
});

describe('connections', () => {
  it('that are open outlive the certificates behind them', () => {
    const run = worldWith({}, 1);
    run.world.at(1, () => stopIssuer(run));
    run.runAll(30 * HOUR, MINUTE);
    expect(failedAt(run)).toEqual([]);
  });

  it('fail at the caller who sees the server’s certificate, and at the server who sees the caller’s', () => {
    const logOf = (who: 'one' | 'load') => {
      const run = worldWith({}, 1);
      run.world.at(90 * SECOND, () => {
        for (const host of run.hosts(who)) run.world.faultTarget.identity.expire(host);
      });
      runFor(run, 3 * MINUTE);
      return run.engines.flatMap(({ log }) => log).filter((line) => /connect|reset/.test(line));
    };
    expect(logOf('one')).toContain(`connect-failed:${ConnectFailure.certificateExpired}`);
    expect(logOf('load')).toContain('reset:3');
  });

  it('fail where nobody trusts the root any more, or the authority has expired', () => {
    const root = { lifetimeNs: HOUR, ageNs: 0 };
    const first = Math.min(...failedAt(runFor(worldWith({ root }), 2 * HOUR)));
    expect(first).toBeGreaterThan(1);
    expect(first).toBeLessThan(1.05);
    const intermediate = { lifetimeNs: 13 * HOUR, ageNs: 12 * HOUR };
    const run = runFor(worldWith({ intermediate, leaf: { age: constant(11.9 * HOUR) } }), 2 * HOUR);
    expect(Math.min(...failedAt(run))).toBeGreaterThan(1);
  });
});

describe('clocks that differ', () => {
  it('an issuer ahead makes fresh certificates invalid for what the backdating does not cover', () => {
    const run = worldWith({ issuerOffsetNs: 10 * MINUTE, leaf: { age: constant(11 * HOUR) } }, 1);
    runFor(run, 2 * HOUR);
    const failures = failedAt(run);
    // Renewed at hour 1, valid from 10 - 2 minutes later.
    expect(failures.length).toBe(8);
    expect(Math.min(...failures)).toBeGreaterThan(1);
    expect(Math.max(...failures)).toBeLessThan(1 + 8.1 / 60);
  });

  it('a machine far ahead sees everybody else expired', () => {
    const run = worldWith({}, 1);
    const [host] = run.hosts('one');
    run.world.at(HOUR, () => run.world.faultTarget.clock.skew(host!, 24 * HOUR));
    run.world.at(1.5 * HOUR, () => run.world.faultTarget.clock.skew(host!, -24 * HOUR));
    runFor(run, 2 * HOUR);
    expect(Math.min(...failedAt(run))).toBeGreaterThanOrEqual(1);
    expect(Math.max(...failedAt(run))).toBeLessThan(1.5);
    expect(failedAt(run)).toHaveLength(30);
  });
});
