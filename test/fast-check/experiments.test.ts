import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/core/errors.ts';
import {
  breakerPolicy,
  type Experiment,
  ejectionPolicy,
  experiments,
  type FaultDefinition,
  faultPlan,
  load,
  policyOf,
  retryPolicy,
  timeoutPolicy,
  topology,
} from '../../src/fast-check/index.ts';
import { FAULT_KINDS } from '../../src/faults/index.ts';
import { buildWorld } from '../../src/harness/build.ts';
import { simulate } from '../../src/index.ts';
import { readScenarios } from '../../src/library/read-scenario.ts';
import { folderWith, TWO_VARIANTS } from '../cli/cli-under-test.ts';

/** @throws InputError when something in it is wrong, policy included */
function build({ scenario, mesh, seed }: Experiment): void {
  for (const read of readScenarios(scenario, { mesh })) buildWorld(read, seed);
}

/** What a property that always fails shrinks to. */
function smallest<T>(arbitrary: fc.Arbitrary<T>): T | undefined {
  const details = fc.check(
    fc.property(arbitrary, () => false),
    { seed: 20260101 },
  );
  return details.counterexample?.[0] as T | undefined;
}

/** What a property that fails for these shrinks to. */
function smallestWith<T>(arbitrary: fc.Arbitrary<T>, isBad: (value: T) => boolean): T | undefined {
  const details = fc.check(
    fc.property(arbitrary, (value) => !isBad(value)),
    { seed: 20260101, numRuns: 1000 },
  );
  return details.counterexample?.[0] as T | undefined;
}

describe('generated experiments', () => {
  it('are scenarios and policy without a mistake', () => {
    fc.assert(fc.property(experiments(), build), { numRuns: 100, seed: 20260101 });
  });

  it('strike with every kind of fault of the network, of processes and of load', () => {
    const kinds = new Set<string>();
    for (const { scenario } of fc.sample(experiments(), { numRuns: 200, seed: 20260101 })) {
      for (const fault of scenario.faults ?? []) kinds.add((fault as { kind: string }).kind);
    }
    const groups = ['network', 'process', 'load'];
    const wanted = FAULT_KINDS.filter(({ group }) => groups.includes(group));
    expect([...kinds].sort()).toEqual(wanted.map(({ kind }) => kind).sort());
  });

  it('shrink to one idle service, no faults, default policy, the least load', () => {
    expect(smallest(experiments())).toEqual({
      scenario: {
        meshquake: 1,
        duration: '40s',
        dataPlane: 'sidecar',
        services: { s0: { instances: 1, serviceTime: '1ms' } },
        clients: { users: { to: 's0', open: { constant: '5rps' } } },
        faults: [],
      },
      mesh: [],
      seed: '0',
    });
  });

  it('shrink to the one fault that matters, at its kind’s defaults', () => {
    const isBad = ({ scenario }: Experiment) =>
      (scenario.faults ?? []).some((fault) => (fault as { kind: string }).kind === 'net.loss');
    const found = smallestWith(experiments(), isBad);
    expect(found?.scenario.faults).toEqual([
      {
        id: 'f0',
        kind: 'net.loss',
        target: { from: 'users', to: 's0' },
        window: { at: '10s', duration: '1s' },
      },
    ]);
    expect(Object.keys(found?.scenario.services ?? {})).toEqual(['s0']);
  });

  it('shrink to the fewest services', () => {
    const isBad = ({ scenario }: Experiment) => Object.keys(scenario.services).length >= 3;
    const found = smallestWith(experiments(), isBad);
    expect(Object.keys(found?.scenario.services ?? {})).toHaveLength(3);
    expect(found?.mesh).toEqual([]);
  });

  it('print as one line', () => {
    const [first] = fc.sample(experiments({ faults: { max: 0 }, mesh: [] }), {
      numRuns: 1,
      seed: 1,
    });
    expect(fc.stringify(first)).toMatch(/^\d services?, 0 policy entries, 0 faults, seed \d+$/);
  });
});

describe('experiments over a scenario of one’s own', () => {
  it('keep its services and policy, and replace faults, expectations and variants', () => {
    const cwd = folderWith({
      's/scenario.yaml': `${TWO_VARIANTS}mesh: [policy/]\n`,
      's/policy/a.yaml':
        'apiVersion: v1\nkind: Service\nmetadata: { name: orders }\nspec: { ports: [{ name: http, port: 80 }] }\n',
    });
    const mine = experiments({ scenario: 's', cwd, faults: { max: 2, kinds: ['proc.crash'] } });
    for (const experiment of fc.sample(mine, { numRuns: 10, seed: 1 })) {
      const { scenario, mesh } = experiment;
      expect(Object.keys(scenario.services)).toEqual(['payments', 'orders']);
      expect(scenario).not.toHaveProperty('expect');
      expect(scenario).not.toHaveProperty('variants');
      expect(mesh).toEqual([`${cwd}/s/policy`]);
      expect(scenario.faults?.length).toBeLessThanOrEqual(2);
      build(experiment);
    }
  });

  it('run with policy that is given, and then with sidecars', () => {
    const scenario = {
      meshquake: 1,
      duration: '4s',
      services: { shop: { serviceTime: '5ms' } },
      clients: { users: { to: 'shop', open: { constant: '10rps' } } },
    } as const;
    const http = [{ timeout: '1ms', route: [{ destination: { host: 'shop' } }] }];
    const rule = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'shop' },
      spec: { hosts: ['shop'], http },
    };
    const [drawn] = fc.sample(experiments({ scenario, mesh: [rule], faults: { max: 0 } }), 1);
    const summary = simulate(drawn?.scenario ?? scenario, { mesh: drawn?.mesh ?? [] });
    expect(Object.keys(summary.clients[0]?.byCode ?? {})).toEqual(['504']);
  });

  it('strike only the services that they are told', () => {
    const scenario = {
      meshquake: 1,
      duration: '20s',
      services: { left: {}, right: {} },
      clients: { users: { to: 'left', open: { constant: '5rps' } } },
    } as const;
    const kinds = ['proc.crash', 'net.loss'];
    const mine = experiments({ scenario, faults: { services: ['right'], kinds } });
    const drawn = fc.sample(mine, { numRuns: 20, seed: 1 });
    const targets = drawn.flatMap((one) => (one.scenario.faults ?? []) as FaultDefinition[]);
    expect(targets.length).toBeGreaterThan(0);
    for (const { target } of targets) expect(target['service'] ?? target['to']).toBe('right');
    expect(() => experiments({ scenario, faults: { services: ['rihgt'] } })).toThrow(
      'there is no service "rihgt"',
    );
  });

  it('refuse what is wrong', () => {
    expect(() => experiments({ scenario: 'nowhere', cwd: folderWith({}) })).toThrow(
      'no such file or folder',
    );
    expect(() => experiments({ duration: '5' })).toThrow(UsageError);
    expect(() => experiments({ faults: { kinds: ['proc.slwo'] } })).toThrow(
      'there is no fault "proc.slwo"; did you mean "proc.slow"?',
    );
  });
});

describe('parts', () => {
  const RULE = { apiVersion: 'networking.istio.io/v1', metadata: { name: 's' } };
  const world = {
    meshquake: 1,
    duration: '2s',
    services: { s: { instances: 2, serviceTime: '1ms' } },
    clients: { c: { to: 's', open: { constant: '10rps' } } },
  } as const;
  const route = [{ destination: { host: 's' } }];
  const virtualService = (http: object) => ({
    ...RULE,
    kind: 'VirtualService',
    spec: { hosts: ['s'], http: [{ ...http, route }] },
  });
  const destinationRule = (trafficPolicy: object) => ({
    ...RULE,
    kind: 'DestinationRule',
    spec: { host: 's', trafficPolicy },
  });

  it.each([
    ['retries', retryPolicy().map((retries) => virtualService({ retries }))],
    ['timeouts', timeoutPolicy().map((timeout) => virtualService({ timeout }))],
    ['breakers', breakerPolicy().map((connectionPool) => destinationRule({ connectionPool }))],
    ['ejection', ejectionPolicy().map((found) => destinationRule({ outlierDetection: found }))],
  ])('of policy are accepted: %s', (_what, resources) => {
    fc.assert(
      fc.property(resources, (resource) => build({ scenario: world, mesh: [resource], seed: '1' })),
      { numRuns: 50, seed: 1 },
    );
  });

  it('shrink to the mildest policy', () => {
    expect(smallest(retryPolicy())).toEqual({ attempts: 0 });
    expect(smallest(timeoutPolicy())).toBe('3000ms');
    expect(smallest(breakerPolicy())).toEqual({ http: { http2MaxRequests: 128 } });
    expect(smallest(ejectionPolicy())).toEqual({ interval: '10s', baseEjectionTime: '1s' });
    expect(smallest(policyOf('s'))).toEqual([]);
    expect(smallest(load())).toEqual({ open: { constant: '5rps' } });
    expect(smallest(topology({ minServices: 2 }))).toEqual({
      s0: { instances: 1, serviceTime: '1ms', calls: ['s1'] },
      s1: { instances: 1, serviceTime: '1ms' },
    });
    expect(smallest(faultPlan({ services: ['s'], clients: [] }))).toEqual([]);
  });

  it('are drawn within their bounds', () => {
    fc.assert(
      fc.property(topology({ minServices: 2, maxServices: 5, maxInstances: 2 }), (services) => {
        const called = new Set(
          Object.values(services).flatMap(({ calls = [] }) =>
            calls.flatMap((step) => (typeof step === 'string' ? [step] : step.parallel)),
          ),
        );
        const names = Object.keys(services);
        expect(names.length).toBeGreaterThanOrEqual(2);
        expect(names.length).toBeLessThanOrEqual(5);
        expect([...called].sort()).toEqual(names.slice(1).sort());
      }),
    );
    for (const drawn of fc.sample(load({ maxRps: 20 }), { numRuns: 20, seed: 1 })) {
      const scenario = { ...world, clients: { c: { to: 's', ...drawn } } };
      expect(simulate(scenario).clients[0]?.offered).toBeLessThanOrEqual(60);
    }
  });
});
