import { describe, expect, it } from 'vitest';
import type { TimerId } from '../../../src/core/engine.ts';
import { MILLISECOND } from '../../../src/core/time.ts';
import {
  FailureAccrual,
  type GateKeeper,
  type HostGate,
} from '../../../src/mesh/cluster/failure-accrual.ts';
import type { Host } from '../../../src/mesh/cluster/host.ts';
import type { FailureAccrualConfig } from '../../../src/mesh/config/linkerd.ts';
import { ResponseClass } from '../../../src/mesh/policy/response-class.ts';
import { equalHosts } from '../../helpers/hosts.ts';

const { failure, rateLimited, success } = ResponseClass;

const CONFIG: FailureAccrualConfig = {
  maxFailures: 3,
  minPenaltyMs: 1_000,
  maxPenaltyMs: 60_000,
  jitterRatio: 0.5,
};

/** Notes what gates do, and lets time pass for them. */
class NotingKeeper implements GateKeeper {
  readonly events: string[] = [];
  readonly clock = { nowNs: 0 };
  /** How often each draw of a host was asked for, by its number. */
  readonly drawn: number[] = [];
  draw = 0;
  private armed: { readonly id: TimerId; readonly gate: HostGate; readonly atNs: number }[] = [];
  private nextTimer = 0;

  armGate(gate: HostGate, delayNs: number): TimerId {
    this.events.push(`wait ${delayNs / MILLISECOND}`);
    const id = this.nextTimer++;
    this.armed.push({ id, gate, atNs: this.clock.nowNs + delayNs });
    return id;
  }

  disarmGate(timer: TimerId): void {
    expect(this.armed.some(({ id }) => id === timer)).toBe(true);
    this.armed = this.armed.filter(({ id }) => id !== timer);
    this.events.push('disarm');
  }

  backoffDraw(_host: Host, shutCount: number): number {
    this.drawn.push(shutCount);
    return this.draw;
  }

  tripped(host: Host): void {
    this.events.push(`tripped ${host.index}`);
  }

  reopened(host: Host): void {
    this.events.push(`open ${host.index}`);
  }

  readinessChanged(): void {
    this.events.push('readiness');
  }

  advance(ms: number): void {
    this.clock.nowNs += ms * MILLISECOND;
    const due = this.armed.filter(({ atNs }) => atNs <= this.clock.nowNs);
    this.armed = this.armed.filter(({ atNs }) => atNs > this.clock.nowNs);
    for (const { gate } of due) gate.onBackoffOver();
  }

  take(): string[] {
    return this.events.splice(0);
  }
}

function setUp(config: Partial<FailureAccrualConfig> = {}) {
  const keeper = new NotingKeeper();
  const accrual = new FailureAccrual({ ...CONFIG, ...config }, keeper);
  const [host, other] = equalHosts(2) as [Host, Host];
  const results = (...what: number[]) => {
    for (const one of what) accrual.onResult(host, one);
  };
  return { keeper, accrual, host, other, results };
}

const TRIP = [failure, failure, failure];

describe('the gate of a host', () => {
  it('shuts after so many failures in a row', () => {
    const { keeper, host, other, accrual, results } = setUp();
    results(failure, failure, success, failure, failure, rateLimited, failure, failure);
    accrual.onResult(other, failure);
    expect([keeper.take(), host.isShut]).toEqual([[], false]);
    results(failure);
    expect(keeper.take()).toEqual(['tripped 0', 'wait 1000', 'readiness']);
    expect([host.isShut, other.isShut]).toEqual([true, false]);
    // Results of requests that were under way change nothing any more.
    results(failure, success, failure);
    expect(keeper.take()).toEqual([]);
  });

  it('lets one request try after the backoff, and opens when it succeeds', () => {
    const { keeper, accrual, host, results } = setUp();
    results(...TRIP);
    keeper.take();
    keeper.advance(999);
    expect(host.isShut).toBe(true);
    keeper.advance(1);
    expect([keeper.take(), host.isShut]).toEqual([['readiness'], false]);
    accrual.onDispatch(host);
    expect([keeper.take(), host.isShut]).toEqual([['readiness'], true]);
    accrual.onDispatch(host);
    expect(keeper.take()).toEqual([]);
    results(success);
    expect([keeper.take(), host.isShut]).toEqual([['open 0', 'readiness'], false]);
    accrual.onDispatch(host);
    results(failure, failure);
    expect(keeper.take()).toEqual([]);
    results(failure);
    expect(keeper.take()).toContain('tripped 0');
  });

  it('opens by a result that comes before anybody was let through', () => {
    const { keeper, host, results } = setUp();
    results(...TRIP);
    keeper.advance(1_000);
    keeper.take();
    results(success);
    expect([keeper.take(), host.isShut]).toEqual([['open 0'], false]);
  });

  it('shuts again when the try fails, for twice as long, and is no new trip', () => {
    const { keeper, accrual, host, results } = setUp();
    results(...TRIP);
    for (const wait of [2_000, 4_000]) {
      keeper.advance(10_000);
      accrual.onDispatch(host);
      keeper.take();
      results(failure);
      expect(keeper.take()).toEqual([`wait ${wait}`]);
    }
    keeper.advance(10_000);
    keeper.take();
    // Nobody was let through yet, so that it shuts is news.
    results(failure);
    expect(keeper.take()).toEqual(['wait 8000', 'readiness']);
    expect(keeper.drawn).toEqual([0, 1, 2, 3]);
  });

  it('begins with the first backoff at each new trip, with draws of its own', () => {
    const { keeper, results } = setUp();
    keeper.draw = 0.5;
    for (let round = 0; round < 2; round++) {
      results(...TRIP);
      expect(keeper.take()).toContain('wait 1250');
      keeper.advance(10_000);
      results(success);
      keeper.take();
    }
    expect(keeper.drawn).toEqual([0, 1]);
  });

  it('takes being rate limited for no failure of the try', () => {
    const { keeper, results } = setUp();
    results(...TRIP);
    keeper.advance(1_000);
    keeper.take();
    results(rateLimited);
    expect(keeper.take()).toEqual(['open 0']);
  });

  it('never shuts for failures in a row where that is off', () => {
    const { keeper, results } = setUp({ maxFailures: 0 });
    results(...Array<number>(50).fill(failure));
    expect(keeper.take()).toEqual([]);
  });
});

describe('a gate that counts rates', () => {
  const successRate = { threshold: 0.5, windowMs: 10_000, minRequests: 4 };
  const rates = { maxFailures: 0, successRate };

  it('shuts below the threshold, not at it, once there are enough results', () => {
    const { keeper, results } = setUp(rates);
    results(failure, failure, failure);
    expect(keeper.take()).toEqual([]);
    results(failure);
    expect(keeper.take()).toContain('tripped 0');
    const half = setUp(rates);
    half.results(success, success, success, failure, failure, failure);
    expect(half.keeper.take()).toEqual([]);
    half.results(rateLimited);
    expect(half.keeper.take()).toContain('tripped 0');
  });

  it('does not when the threshold is 0, or nothing is needed and nothing was there', () => {
    const off = setUp({ maxFailures: 0, successRate: { ...successRate, threshold: 0 } });
    off.results(...Array<number>(9).fill(failure));
    expect(off.keeper.take()).toEqual([]);
  });

  it('forgets what is older than its window', () => {
    const { keeper, results } = setUp(rates);
    results(failure, failure, failure);
    keeper.advance(10_000);
    results(failure);
    expect(keeper.take()).toEqual([]);
    keeper.advance(8_999);
    results(failure, failure);
    expect(keeper.take()).toEqual([]);
    results(failure);
    expect(keeper.take()).toContain('tripped 0');
  });

  it('takes being rate limited for a failed try, and begins anew when it opens', () => {
    const { keeper, results } = setUp(rates);
    results(...Array<number>(4).fill(failure));
    keeper.advance(1_000);
    keeper.take();
    results(rateLimited);
    expect(keeper.take()).toEqual(['wait 2000', 'readiness']);
    keeper.advance(2_000);
    results(success);
    keeper.take();
    results(failure, failure, failure);
    expect(keeper.take()).toEqual([]);
  });
});

describe('a host that leaves', () => {
  it('takes its gate with it: what waits is disarmed, and it counts as open', () => {
    const { keeper, accrual, host, results } = setUp();
    results(...TRIP);
    keeper.take();
    accrual.onHostRemoved(host);
    expect(keeper.take()).toEqual(['disarm', 'open 0']);
    accrual.onHostRemoved(host);
    expect(keeper.take()).toEqual([]);
  });

  it('in probation has nothing that waits', () => {
    const { keeper, accrual, host, results } = setUp();
    results(...TRIP);
    keeper.advance(1_000);
    keeper.take();
    accrual.onHostRemoved(host);
    expect(keeper.take()).toEqual(['open 0']);
  });

  it('with an open gate is not mentioned, nor is one without', () => {
    const { keeper, accrual, host, other, results } = setUp();
    results(failure);
    accrual.onHostRemoved(host);
    accrual.onHostRemoved(other);
    expect(keeper.take()).toEqual([]);
  });
});
