import { describe, expect, it } from 'vitest';
import { InputError, UsageError } from '../../src/core/errors.ts';
import { examine } from '../../src/fast-check/examine.ts';
import {
  amplificationBelow,
  type Experiment,
  eventuallyRecovers,
  expectInvariants,
  holds,
  type Invariant,
  neverEjectsMoreThan,
  noRequestLost,
  successAtLeast,
} from '../../src/fast-check/index.ts';
import type { ScenarioDefinition } from '../../src/index.ts';

const WORLD = {
  meshquake: 1 as const,
  duration: '40s',
  dataPlane: 'sidecar' as const,
  services: {
    store: { instances: 4, workers: 8, serviceTime: '5ms' },
    shop: { calls: ['store'], serviceTime: '1ms' },
  },
  clients: { users: { to: 'shop', open: { constant: '20rps' } } },
} satisfies ScenarioDefinition;

const QUIET: Experiment = { scenario: WORLD, mesh: [], seed: '1' };

/** The same world with this changed. */
function world(changes: object, mesh: Experiment['mesh'] = []): Experiment {
  return { scenario: { ...WORLD, ...changes }, mesh, seed: '1' };
}

const failing = (ratio: string) => ({
  services: { ...WORLD.services, store: { instances: 4, errors: [{ status: 503, ratio }] } },
});

const window = { at: '10s', duration: '5s' };
const CUT = [{ id: 'cut', kind: 'net.partition', target: { service: 'store' }, window }];
const STORM = [{ id: 'slow', kind: 'proc.slow', target: { service: 'store' }, window, factor: 40 }];

const RETRIES = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'store' },
  spec: {
    hosts: ['store'],
    http: [
      {
        retries: { attempts: 5, perTryTimeout: '100ms', retryOn: '5xx' },
        route: [{ destination: { host: 'store' } }],
      },
    ],
  },
};
const EJECTION = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name: 'store' },
  spec: {
    host: 'store',
    trafficPolicy: {
      outlierDetection: { consecutive5xxErrors: 1, interval: '1s', maxEjectionPercent: 100 },
    },
  },
};

/** Worlds that break it. */
const BROKEN: readonly (readonly [Invariant, Experiment])[] = [
  [amplificationBelow(2), world(failing('90%'), [RETRIES])],
  [neverEjectsMoreThan(0.5), world(failing('90%'), [EJECTION])],
  [successAtLeast(0.9), world(failing('20%'), [{ ...RETRIES, spec: none() }])],
  [successAtLeast(0.9, { client: 'users' }), world(failing('90%'))],
  [
    eventuallyRecovers(),
    world(
      {
        services: { ...WORLD.services, store: { workers: 1, queue: 400, serviceTime: '40ms' } },
        faults: STORM,
      },
      [RETRIES],
    ),
  ],
  [noRequestLost(), world({ faults: [{ ...CUT[0], window: { at: '10s', duration: '10m' } }] })],
  [holds('clients.users.latencyMs.p50 < 1'), QUIET],
];

function none() {
  const route = [{ destination: { host: 'store' } }];
  return { hosts: ['store'], http: [{ retries: { attempts: 0 }, route }] };
}

const judged = (experiment: Experiment, invariant: Invariant) =>
  examine(experiment, [invariant]).findings.map(({ ok }) => ok);

describe('every invariant', () => {
  it.each(
    BROKEN.map(([invariant, bad]) => [invariant.name, invariant, bad] as const),
  )('is broken by a world made for it: %s', (_name, invariant, bad) =>
    expect(judged(bad, invariant)).toContain(false));

  it('holds where nothing goes wrong', () => {
    const all = BROKEN.map(([invariant]) => invariant).slice(0, -1);
    const { findings } = examine(QUIET, all);
    expect(findings.filter(({ ok }) => ok !== true)).toEqual([]);
    expect(findings.length).toBeGreaterThan(all.length);
  });

  it('refuses what it cannot mean', () => {
    expect(() => amplificationBelow(1)).toThrow(UsageError);
    expect(() => successAtLeast(99)).toThrow('99 is not a ratio from 0 to 1');
    expect(() => neverEjectsMoreThan(-1)).toThrow(UsageError);
    expect(() => examine(QUIET, [eventuallyRecovers(), eventuallyRecovers()])).toThrow(UsageError);
    expect(() => examine(QUIET, [successAtLeast(1, { client: 'usres' })])).toThrow(InputError);
    expect(() => examine(QUIET, [holds('clients.users.speed > 1')])).toThrow('speed');
  });

  it('that cannot be judged makes fast-check draw another experiment', () => {
    const silent = world({ clients: { users: { to: 'shop', closed: { users: 0 } } } });
    expect(judged(silent, successAtLeast(0.5))).toEqual([null]);
    expect(() => expectInvariants(silent, [successAtLeast(0.5)])).toThrow(
      expect.objectContaining({
        constructor: expect.objectContaining({ name: 'PreconditionFailure' }),
      }),
    );
  });
});
