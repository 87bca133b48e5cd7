import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { MILLISECOND } from '../../../src/core/time.ts';
import type { Host } from '../../../src/mesh/cluster/host.ts';
import { LatencyEstimate } from '../../../src/mesh/cluster/latency-estimate.ts';
import type { LoadBalancerConfig } from '../../../src/mesh/config/config.ts';
import { ENVOY } from '../../../src/mesh/config/defaults.ts';
import { HashingBalancer } from '../../../src/mesh/lb/hashing.ts';
import { BALANCERS, createBalancer } from '../../../src/mesh/lb/index.ts';
import { LeastRequest } from '../../../src/mesh/lb/least-request.ts';
import type { LoadBalancer } from '../../../src/mesh/lb/load-balancer.ts';
import { RandomBalancer } from '../../../src/mesh/lb/random.ts';
import { RoundRobin } from '../../../src/mesh/lb/round-robin.ts';
import { aMaglev, aRing, startOf } from '../../helpers/balancers.ts';
import { equalHosts, hostsOfWeights, TestChoice } from '../../helpers/hosts.ts';

const CONFIGS: readonly LoadBalancerConfig[] = [
  { kind: 'round-robin' },
  { kind: 'random' },
  ENVOY.cluster.leastRequest.value,
  { kind: 'least-request', choiceCount: 5, activeRequestBias: 0, fullScan: false },
  { kind: 'least-request', choiceCount: 2, activeRequestBias: 0.5, fullScan: true },
  aRing(),
  aRing({ hashFunction: 'murmur-hash-2', balanceFactorPercent: 120 }),
  aMaglev(),
  aMaglev({ balanceFactorPercent: 150 }),
  {
    kind: 'client-side-weighted-round-robin',
    blackoutPeriodMs: 10_000,
    weightExpirationPeriodMs: 180_000,
    weightUpdatePeriodMs: 1_000,
    errorUtilizationPenalty: 0,
    metricNames: [],
  },
  { kind: 'peak-ewma', defaultRttMs: 30, decayMs: 10_000 },
];

function leastRequest(
  change: Partial<ConstructorParameters<typeof LeastRequest>[0]> = {},
  seed = 0,
) {
  const config = {
    kind: 'least-request',
    choiceCount: 2,
    activeRequestBias: 1,
    fullScan: false,
  } as const;
  return new LeastRequest({ ...config, ...change }, seed);
}

function picksOf(balancer: LoadBalancer, choice: TestChoice, count: number): number[] {
  return Array.from({ length: count }, () => balancer.pick(choice));
}

function countOf(picks: readonly number[], index: number): number {
  return picks.filter((picked) => picked === index).length;
}

describe('every balancer', () => {
  it('is made from its configuration', () => {
    expect(Object.keys(BALANCERS)).toEqual([
      'round-robin',
      'random',
      'least-request',
      'client-side-weighted-round-robin',
      'ring-hash',
      'maglev',
      'peak-ewma',
    ]);
    expect(createBalancer({ kind: 'round-robin' }, startOf(1))).toBeInstanceOf(RoundRobin);
    expect(createBalancer(aRing(), startOf(1))).toBeInstanceOf(HashingBalancer);
    expect(createBalancer(aMaglev(), startOf(1))).toBeInstanceOf(HashingBalancer);
    expect(createBalancer({ kind: 'random' }, startOf(1))).toBeInstanceOf(RandomBalancer);
    expect(createBalancer(ENVOY.cluster.leastRequest.value, startOf(1))).toBeInstanceOf(
      LeastRequest,
    );
  });

  test.each(CONFIGS)('picks one of the candidates, whatever they are: %j', (config) => {
    const weights = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 8 });
    const seed = fc.nat({ max: 4_294_967_295 });
    fc.assert(
      fc.property(seed, fc.array(weights, { minLength: 1 }), (seedDraw, sets) => {
        const balancer = createBalancer(config, startOf(seedDraw));
        for (const [round, set] of sets.entries()) {
          const choice = new TestChoice(hostsOfWeights(...set));
          choice.generation = round;
          for (const index of picksOf(balancer, choice, 5)) {
            const host = choice.candidates[index];
            expect(host).toBeDefined();
            if (host) host.rqActive += 1;
          }
        }
      }),
    );
  });

  test.each(CONFIGS)('repeats its picks for the same seed and draws: %j', (config) => {
    const picks = () =>
      picksOf(createBalancer(config, startOf(77)), new TestChoice(hostsOfWeights(1, 3, 2)), 50);
    expect(picks()).toEqual(picks());
  });
});

describe('round robin', () => {
  it('takes hosts in turn, from where its seed says', () => {
    expect(picksOf(new RoundRobin(0), new TestChoice(equalHosts(3)), 5)).toEqual([0, 1, 2, 0, 1]);
    expect(picksOf(new RoundRobin(8), new TestChoice(equalHosts(3)), 4)).toEqual([2, 0, 1, 2]);
  });

  it('goes on with its cursor when hosts change', () => {
    const balancer = new RoundRobin(0);
    const choice = new TestChoice(equalHosts(3));
    picksOf(balancer, choice, 4);
    choice.candidates = equalHosts(2);
    choice.generation = 2;
    expect(picksOf(balancer, choice, 3)).toEqual([0, 1, 0]);
  });

  it('follows different weights, spread evenly', () => {
    const choice = new TestChoice(hostsOfWeights(2, 1));
    expect(picksOf(new RoundRobin(0), choice, 6)).toEqual([0, 1, 0, 0, 1, 0]);
  });

  it('restarts a weighted sequence at the same place whenever hosts change', () => {
    const balancer = new RoundRobin(1_234_567);
    const choice = new TestChoice(hostsOfWeights(5, 3, 1));
    const before = picksOf(balancer, choice, 20);
    choice.generation += 1;
    expect(picksOf(balancer, choice, 20)).toEqual(before);
  });

  it('treats equal weights of any size as none', () => {
    const choice = new TestChoice(hostsOfWeights(7, 7, 7));
    expect(picksOf(new RoundRobin(0), choice, 4)).toEqual([0, 1, 2, 0]);
  });

  it('foretells its picks, one further with each peek', () => {
    const balancer = new RoundRobin(4);
    const choice = new TestChoice(equalHosts(3));
    expect([balancer.peek(choice), balancer.peek(choice)]).toEqual([1, 2]);
    expect(balancer.pick(choice)).toBe(1);
    // A pick begins the count of peeks anew.
    expect([balancer.peek(choice), balancer.peek(choice)]).toEqual([2, 0]);
    expect(picksOf(balancer, choice, 3)).toEqual([2, 0, 1]);
  });

  it('by weights foretells its picks, too, as long as the hosts stay', () => {
    const balancer = new RoundRobin(0);
    const choice = new TestChoice(hostsOfWeights(2, 1));
    expect([balancer.peek(choice), balancer.peek(choice)]).toEqual([0, 1]);
    expect(picksOf(balancer, choice, 2)).toEqual([0, 1]);
    expect(balancer.peek(choice)).toBe(0);
    expect(picksOf(balancer, choice, 3)).toEqual([0, 0, 1]);
    balancer.peek(choice);
    choice.generation += 1;
    choice.candidates = hostsOfWeights(1, 5);
    expect(picksOf(balancer, choice, 2)).toEqual([1, 1]);
    choice.generation += 1;
    choice.candidates = hostsOfWeights(5, 1);
    expect(balancer.peek(choice)).toBe(0);
  });

  it('draws nothing', () => {
    const choice = new TestChoice(hostsOfWeights(1, 2));
    picksOf(new RoundRobin(3), choice, 10);
    expect(choice.asked).toEqual([]);
  });
});

describe('random', () => {
  it('makes one draw among all candidates and ignores weights', () => {
    const choice = new TestChoice(hostsOfWeights(1, 100, 1), [2, 0]);
    expect(picksOf(new RandomBalancer(), choice, 2)).toEqual([2, 0]);
    expect(choice.asked).toEqual([
      [0, 3],
      [0, 3],
    ]);
  });
});

describe('least request', () => {
  it('takes the less busy one of two drawn hosts', () => {
    const hosts = equalHosts(4);
    [5, 2, 7, 0].forEach((active, i) => {
      hosts[i]!.rqActive = active;
    });
    expect(leastRequest().pick(new TestChoice(hosts, [0, 1]))).toBe(1);
    expect(leastRequest().pick(new TestChoice(hosts, [1, 0]))).toBe(1);
    expect(leastRequest().pick(new TestChoice(hosts, [2, 0]))).toBe(0);
    expect(leastRequest().pick(new TestChoice(hosts, [2, 2]))).toBe(2);
  });

  it('keeps the first one drawn when both are equally busy', () => {
    expect(leastRequest().pick(new TestChoice(equalHosts(4), [3, 1]))).toBe(3);
  });

  it('makes as many draws as it has choices, each with its own index', () => {
    const choice = new TestChoice(equalHosts(9));
    leastRequest({ choiceCount: 3 }).pick(choice);
    expect(choice.asked).toEqual([
      [0, 9],
      [1, 9],
      [2, 9],
    ]);
  });

  it('does not see requests that wait for a connection', () => {
    const hosts = equalHosts(2);
    hosts[0]!.rqPendingActive = 50;
    hosts[1]!.rqActive = 1;
    expect(leastRequest().pick(new TestChoice(hosts, [1, 0]))).toBe(0);
  });

  it('sends a slow host less the more choices it has', () => {
    const share = (choiceCount: number): number => {
      const hosts = equalHosts(10);
      hosts[4]!.rqActive = 100;
      const choice = new TestChoice(hosts);
      return countOf(picksOf(leastRequest({ choiceCount }), choice, 20_000), 4) / 20_000;
    };
    // Only if all choices are the slow host does it get the request: with replacement, 10^-choices.
    expect(share(1)).toBeCloseTo(0.1, 1.5);
    expect(share(2)).toBeCloseTo(0.01, 2);
    expect(share(3)).toBeLessThan(0.004);
  });

  it('scans all hosts for the least busy one, where configured', () => {
    const hosts = equalHosts(4);
    [3, 1, 2, 4].forEach((active, i) => {
      hosts[i]!.rqActive = active;
    });
    const choice = new TestChoice(hosts);
    expect(leastRequest({ fullScan: true }).pick(choice)).toBe(1);
    expect(choice.asked).toEqual([]);
  });

  it('chooses among equally busy hosts of a scan with equal probability', () => {
    const hosts = equalHosts(5);
    hosts[2]!.rqActive = 1;
    const picks = picksOf(leastRequest({ fullScan: true }), new TestChoice(hosts), 20_000);
    expect(countOf(picks, 2)).toBe(0);
    for (const i of [0, 1, 3, 4]) expect(countOf(picks, i) / 20_000).toBeCloseTo(0.25, 1.5);
  });

  it('draws one in two, then one in three, for each further tie of a scan', () => {
    const choice = new TestChoice(equalHosts(3), [1, 0]);
    expect(leastRequest({ fullScan: true }).pick(choice)).toBe(2);
    expect(choice.asked).toEqual([
      [0, 2],
      [1, 3],
    ]);
  });

  it('counts the ties of a scan anew after a less busy host', () => {
    const hosts = equalHosts(4);
    [1, 1, 0, 0].forEach((active, i) => {
      hosts[i]!.rqActive = active;
    });
    const choice = new TestChoice(hosts, [1, 0]);
    expect(leastRequest({ fullScan: true }).pick(choice)).toBe(3);
    expect(choice.asked).toEqual([
      [0, 2],
      [1, 2],
    ]);
  });

  it('takes a root of the requests in flight as its bias says', () => {
    const hosts = hostsOfWeights(3, 1);
    hosts[0]!.rqActive = 8;
    hosts[1]!.rqActive = 3;
    const picks = picksOf(leastRequest({ activeRequestBias: 0.5 }), new TestChoice(hosts), 900);
    expect(countOf(picks, 0)).toBe(600);
  });

  it('with different weights follows them while all are equally busy, without a draw', () => {
    const choice = new TestChoice(hostsOfWeights(3, 1));
    const picks = picksOf(leastRequest(), choice, 400);
    expect(countOf(picks, 0)).toBe(300);
    expect(choice.asked).toEqual([]);
  });

  test.each<[number, number]>([
    [1, 0.25],
    [0, 0.75],
    [0.5, 0.5],
    [-1, 0.25],
  ])('with bias %d gives a host of weight 3 with 8 more in flight a share of %d', (bias, share) => {
    const hosts = hostsOfWeights(3, 1);
    hosts[0]!.rqActive = 8;
    const balancer = leastRequest({ activeRequestBias: bias });
    const picks = picksOf(balancer, new TestChoice(hosts), 1_000);
    expect(countOf(picks, 0) / 1_000).toBeCloseTo(share, 2);
  });

  it('weighs a busy host again only when its turn comes', () => {
    const hosts = hostsOfWeights(2, 1);
    const balancer = leastRequest();
    const choice = new TestChoice(hosts);
    expect(picksOf(balancer, choice, 2)).toEqual([0, 1]);
    hosts[1]!.rqActive = 1_000;
    expect(picksOf(balancer, choice, 3)).toEqual([0, 0, 1]);
    expect(picksOf(balancer, choice, 500)).not.toContain(1);
  });
});

describe('peak EWMA', () => {
  function hostsThatTook(...ms: readonly number[]): Host[] {
    return equalHosts(ms.length).map((host, i) => {
      host.latency = new LatencyEstimate(ms[i]! * MILLISECOND, 10_000 * MILLISECOND, 0);
      return host;
    });
  }
  const config = { kind: 'peak-ewma', defaultRttMs: 30, decayMs: 10_000 } as const;

  it('takes the faster of two different hosts, the first drawn when they are equal', () => {
    const balancer = createBalancer(config, startOf(1));
    const choice = new TestChoice(hostsThatTook(40, 20, 20), [0, 0, 1, 1, 2, 0]);
    // Second draws are below n - 1 and step over the first: (0, 1), (1, 2), (2, 0).
    expect(picksOf(balancer, choice, 3)).toEqual([1, 1, 2]);
  });

  it('counts requests under way', () => {
    const balancer = createBalancer(config, startOf(1));
    const hosts = hostsThatTook(40, 20);
    hosts[1]!.latency!.pending = 2;
    expect(balancer.pick(new TestChoice(hosts, [0, 0]))).toBe(0);
  });

  it('needs no draw for one host', () => {
    expect(createBalancer(config, startOf(1)).pick(new TestChoice(hostsThatTook(40), []))).toBe(0);
  });
});
