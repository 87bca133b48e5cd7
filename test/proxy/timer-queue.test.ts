import { afterEach, describe, expect, it } from 'vitest';
import { TimerKind } from '../../src/core/engine.ts';
import { MILLISECOND } from '../../src/core/time.ts';
import { MonotonicClock } from '../../src/proxy/clock.ts';
import { TimerQueue } from '../../src/proxy/timer-queue.ts';

const { routeTimeout, filter } = TimerKind;
const queues: TimerQueue[] = [];

afterEach(() => {
  for (const queue of queues.splice(0)) queue.close();
});

function queueOf(clock: MonotonicClock, fire: (slot: number) => void): TimerQueue {
  const queue = new TimerQueue(clock, (_, slot) => fire(slot));
  queues.push(queue);
  return queue;
}

/** Arms `delaysMs[slot]` for each slot and waits for all of them. */
function firedOrder(delaysMs: readonly number[]): Promise<number[]> {
  return new Promise((resolve) => {
    const fired: number[] = [];
    const clock = new MonotonicClock();
    const queue = queueOf(clock, (slot) => {
      fired.push(slot);
      if (fired.length === delaysMs.length) resolve(fired);
    });
    const startNs = clock.readNs();
    delaysMs.forEach((delay, slot) => {
      queue.arm(startNs + delay * MILLISECOND, routeTimeout, slot);
    });
  });
}

describe('the timer queue', () => {
  it('never fires early', async () => {
    const clock = new MonotonicClock();
    const earlyNs: number[] = [];
    await new Promise<void>((resolve) => {
      const dueNs = [0.4, 1, 1.5, 2.2, 3, 5.7, 8].map((ms) => clock.readNs() + ms * MILLISECOND);
      let left = dueNs.length;
      const queue = queueOf(clock, (slot) => {
        earlyNs.push(Math.max(0, dueNs[slot]! - clock.readNs()));
        if (--left === 0) resolve();
      });
      for (const [slot, atNs] of dueNs.entries()) queue.arm(atNs, filter, slot);
    });
    expect(earlyNs).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  it('fires in the order of times, and of arming among equal ones', async () => {
    expect(await firedOrder([5, 1, 3, 1, 5, 0])).toEqual([5, 1, 3, 2, 0, 4]);
  });

  it('never fires what was disarmed, not even by a timer due at the same moment', async () => {
    const clock = new MonotonicClock();
    const fired: number[] = [];
    await new Promise<void>((resolve) => {
      const queue: TimerQueue = queueOf(clock, (slot) => {
        fired.push(slot);
        if (slot === 0) queue.disarm(second);
        if (slot === 2) resolve();
      });
      const atNs = clock.readNs() + MILLISECOND;
      queue.arm(atNs, filter, 0);
      const second = queue.arm(atNs, filter, 1);
      queue.arm(atNs, filter, 2);
    });
    expect(fired).toEqual([0, 2]);
  });

  it('keeps the order of any mixture of arming and disarming', async () => {
    const clock = new MonotonicClock();
    const startNs = clock.readNs();
    const dueNs = Array.from({ length: 200 }, (_, slot) => startNs + ((slot * 7919) % 97) * 50_000);
    const kept = dueNs.map((_, slot) => slot).filter((slot) => slot % 3 !== 0);
    const expected = [...kept].sort((a, b) => dueNs[a]! - dueNs[b]! || a - b);
    const fired: number[] = [];
    await new Promise<void>((resolve) => {
      const queue = queueOf(clock, (slot) => {
        fired.push(slot);
        if (fired.length === expected.length) resolve();
      });
      const ids = dueNs.map((atNs, slot) => queue.arm(atNs, filter, slot));
      for (const [slot, id] of ids.entries()) if (slot % 3 === 0) queue.disarm(id);
      expect(queue.size).toBe(kept.length);
    });
    expect(fired).toEqual(expected);
  });
});
