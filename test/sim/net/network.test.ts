import { describe, expect, it } from 'vitest';
import { Draws } from '../../../src/core/draws.ts';
import type { LinkPair } from '../../../src/core/fault-target.ts';
import { MILLISECOND, NEVER, SECOND } from '../../../src/core/time.ts';
import type { LatencyOverlay, LossOverlay } from '../../../src/sim/net/link.ts';
import { PairSet } from '../../../src/sim/net/link.ts';
import {
  giveUpOffset,
  HANDSHAKE_PERSISTENCE,
  MESSAGE_PERSISTENCE,
  Network,
  retransmissionOffset,
} from '../../../src/sim/net/network.ts';
import { constant, exponential } from '../../helpers/small-world.ts';

const ONE_MS = { latency: constant(MILLISECOND), loss: 0 };

function delays(network: Network, from: number, to: number, count = 500): number[] {
  const link = network.linkBetween(from, to);
  return Array.from({ length: count }, (_, uid) => {
    network.measure(link, uid, 0);
    return network.delayNs;
  });
}

const CLOCK = { nowNs: 0 };

function lossOn(
  pairs: readonly LinkPair[],
  ratio: number,
  draws: Draws,
  label = 'fault/loss',
): LossOverlay & { strikes: number } {
  const overlay = {
    kind: 'loss' as const,
    pairs: new PairSet(pairs),
    ratio,
    untilNs: NEVER,
    stream: draws.stream(label),
    strikes: 0,
    onStrike: (count: number) => {
      overlay.strikes += count;
    },
  };
  return overlay;
}

describe('the law of a link', () => {
  it('is the last rule that matches, or the default', () => {
    const network = new Network(new Draws('s'), CLOCK);
    network.setDefault(ONE_MS);
    network.addRule([1], null, { latency: constant(2), loss: 0 });
    network.addRule(null, [3], { latency: constant(3), loss: 0 });
    expect(delays(network, 0, 2, 1)).toEqual([MILLISECOND]);
    expect(delays(network, 1, 2, 1)).toEqual([2]);
    expect(delays(network, 1, 3, 1)).toEqual([3]);
  });

  it('is no time at all to oneself', () => {
    const network = new Network(new Draws('s'), CLOCK);
    network.setDefault(ONE_MS);
    expect(delays(network, 5, 5, 1)).toEqual([0]);
  });
});

describe('retransmissions', () => {
  it('double from 200 ms to 120 s, of handshakes from 1 s', () => {
    const offsets = [0, 1, 2, 3].map((n) => retransmissionOffset(MESSAGE_PERSISTENCE, n) / SECOND);
    expect(offsets).toEqual([0, 0.2, 0.6, 1.4]);
    expect(retransmissionOffset(HANDSHAKE_PERSISTENCE, 6) / SECOND).toBe(63);
    expect(giveUpOffset(HANDSHAKE_PERSISTENCE) / SECOND).toBe(127);
    expect(giveUpOffset(MESSAGE_PERSISTENCE) / SECOND).toBeCloseTo(924.6, 1);
  });

  it('delay the share of messages that loses transmissions', () => {
    const network = new Network(new Draws('s'), CLOCK);
    network.setDefault({ latency: constant(MILLISECOND), loss: 0.1 });
    const all = delays(network, 0, 1, 20_000);
    const share = (ns: number): number => all.filter((delay) => delay === ns).length / all.length;
    expect(share(MILLISECOND)).toBeCloseTo(0.9, 1.5);
    expect(share(201 * MILLISECOND)).toBeCloseTo(0.09, 1.5);
    expect(share(601 * MILLISECOND)).toBeCloseTo(0.009, 2);
  });

  it('end: a link that loses everything gives up', () => {
    const network = new Network(new Draws('s'), CLOCK);
    network.setDefault({ latency: constant(MILLISECOND), loss: 1 });
    network.measure(network.linkBetween(0, 1), 7, 0);
    expect(network.isLost).toBe(true);
    expect(network.delayNs).toBe(giveUpOffset(MESSAGE_PERSISTENCE));
    network.measureHandshake(network.linkBetween(0, 1), 7, 1);
    expect(network.isLost).toBe(true);
  });
});

describe('faults on links', () => {
  const world = (): { network: Network; draws: Draws } => {
    const draws = new Draws('s');
    const network = new Network(draws, CLOCK);
    network.setDefault({ latency: exponential(MILLISECOND), loss: 0.05 });
    return { network, draws };
  };

  it('change no draw of another link, and none of their own after they end', () => {
    const calm = world();
    const before = [delays(calm.network, 0, 1), delays(calm.network, 0, 2)];
    const { network, draws } = world();
    const overlay = lossOn([{ from: 0, to: 1 }], 0.5, draws);
    network.addOverlay(overlay);
    const during = [delays(network, 0, 1), delays(network, 0, 2)];
    network.removeOverlay(overlay);
    expect(during[1]).toEqual(before[1]);
    expect(during[0]).not.toEqual(before[0]);
    // What it did not strike is as before: the fault draws for itself.
    expect(during[0]!.filter((delay, at) => delay === before[0]![at]).length).toBeGreaterThan(200);
    expect([delays(network, 0, 1), delays(network, 0, 2)]).toEqual(before);
    expect(overlay.strikes).toBeGreaterThan(200);
  });

  it('reach links that are first used later', () => {
    const { network, draws } = world();
    network.addOverlay(lossOn([{ from: -1, to: 4 }], 1, draws));
    network.measure(network.linkBetween(2, 4), 1, 0);
    expect(network.isLost).toBe(true);
    network.measure(network.linkBetween(4, 2), 1, 0);
    expect(network.isLost).toBe(false);
  });

  it('add latency by draws of their own', () => {
    const { network, draws } = world();
    const calm = delays(network, 0, 1);
    const overlay: LatencyOverlay = {
      kind: 'latency',
      pairs: new PairSet([{ from: -1, to: -1 }]),
      delay: constant(50 * MILLISECOND),
      stream: draws.stream('fault/slow/delay'),
      onStrike: () => {},
      share: 1,
    };
    network.addOverlay(overlay);
    expect(delays(network, 0, 1)).toEqual(calm.map((delay) => delay + 50 * MILLISECOND));
    overlay.share = 0.1;
    expect(delays(network, 0, 1)).toEqual(calm.map((delay) => delay + 5 * MILLISECOND));
    network.removeOverlay(overlay);
    expect(delays(network, 0, 1)).toEqual(calm);
  });

  it('strike no transmission after their window', () => {
    const draws = new Draws('s');
    const network = new Network(draws, { nowNs: 5 * SECOND });
    network.setDefault(ONE_MS);
    // Sent at 5 s, and again 0.2 s, 0.6 s and 1.4 s later.
    network.addOverlay({
      ...lossOn([{ from: 0, to: 1 }], 1, draws),
      untilNs: 6 * SECOND,
    });
    network.measure(network.linkBetween(0, 1), 7, 0);
    expect(network.isLost).toBe(false);
    expect(network.retransmissions).toBe(3);
    expect(network.delayNs).toBe(1_401 * MILLISECOND);
  });

  it('combine: two losses strike what either strikes', () => {
    const draws = new Draws('s');
    const network = new Network(draws, CLOCK);
    network.setDefault(ONE_MS);
    const struckBy = (labels: readonly string[]): Set<number> => {
      const overlays = labels.map((label) => lossOn([{ from: 0, to: 1 }], 0.2, draws, label));
      for (const overlay of overlays) network.addOverlay(overlay);
      const struck = delays(network, 0, 1).flatMap((ns, at) => (ns > MILLISECOND ? [at] : []));
      for (const overlay of overlays) network.removeOverlay(overlay);
      return new Set(struck);
    };
    const both = struckBy(['a', 'b']);
    expect([...both].sort()).toEqual([...new Set([...struckBy(['a']), ...struckBy(['b'])])].sort());
  });
});
