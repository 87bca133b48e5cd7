import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/core/engine.ts';
import type { MeshConfig } from '../../src/mesh/config/config.ts';
import { MonotonicClock } from '../../src/proxy/clock.ts';
import { Turns } from '../../src/proxy/turns.ts';

function attachedTurns(onFailure = (_error: unknown) => {}): Turns {
  const turns = new Turns(new MonotonicClock(), onFailure);
  turns.attach({} as Engine<MeshConfig>);
  return turns;
}

describe('turns', () => {
  it('never nest: what arises during an input follows it, in order', () => {
    const turns = attachedTurns();
    const seen: string[] = [];
    turns.run(() => {
      turns.run(() => {
        turns.run(() => seen.push('third'));
        seen.push('second');
      });
      turns.run(() => seen.push('after second'));
      seen.push('first');
    });
    expect(seen).toEqual(['first', 'second', 'after second', 'third']);
  });

  it('end with the first failure, which is told once', () => {
    const failures: unknown[] = [];
    const turns = attachedTurns((error) => failures.push(error));
    const seen: string[] = [];
    turns.run(() => {
      turns.run(() => seen.push('never'));
      throw new Error('contradiction');
    });
    turns.run(() => seen.push('never'));
    expect(failures).toEqual([new Error('contradiction')]);
    expect(seen).toEqual([]);
  });

  it('freeze the clock during an input', () => {
    const clock = new MonotonicClock();
    const turns = new Turns(clock, () => {});
    turns.attach({} as Engine<MeshConfig>);
    const seenNs: number[] = [];
    turns.run(() => {
      const startNs = clock.nowNs;
      while (clock.readNs() < startNs + 1_000);
      seenNs.push(startNs, clock.nowNs);
    });
    expect(seenNs[1]).toBe(seenNs[0]);
  });
});
