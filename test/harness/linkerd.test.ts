/** Whole runs in the data plane `linkerd`. */
import { describe, expect, it } from 'vitest';
import { simulate } from '../../src/index.ts';

const DEFINITION = {
  meshquake: 1,
  duration: '40s',
  dataPlane: 'linkerd',
  services: {
    payments: {
      serviceTime: { constant: '5ms' },
      versions: {
        good: { instances: 3 },
        bad: { instances: 1, errors: [{ status: 503, ratio: '100%' }] },
      },
    },
  },
  clients: { shoppers: { to: 'payments', open: { constant: '100rps' } } },
} as const;

function service(annotations: Readonly<Record<string, string>>) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'payments', annotations },
    spec: { ports: [{ name: 'http', port: 80 }] },
  };
}

const ACCRUAL = {
  'balancer.linkerd.io/failure-accrual': 'consecutive',
  'balancer.linkerd.io/failure-accrual-consecutive-max-failures': '3',
};

describe('a run behind Linkerd', () => {
  it('sends most requests to whoever fails fastest, until a breaker is asked for', () => {
    const without = simulate(DEFINITION, { mesh: [service({})] });
    const withBreaker = simulate(DEFINITION, { mesh: [service(ACCRUAL)] });
    expect(without.ejections).toEqual([]);
    expect(without.clients[0]!.successRatio).toBeLessThan(0.85);
    expect(withBreaker.clients[0]!.successRatio).toBeGreaterThan(0.98);
    expect(withBreaker.ejections[0]).toMatchObject({ detector: 'failure_accrual' });
  });

  it('retries what annotations name, within the timeout of the whole', () => {
    const annotations = {
      'retry.linkerd.io/http': '503',
      'retry.linkerd.io/limit': '4',
      'timeout.linkerd.io/request': '1s',
    };
    const retried = simulate(DEFINITION, { mesh: [service(annotations)] });
    const plain = simulate(DEFINITION, { mesh: [service({})] });
    expect(retried.clients[0]!.successRatio).toBeGreaterThan(plain.clients[0]!.successRatio);
    expect(retried.edges[0]!.amplification).toBeGreaterThan(1.05);
  });

  it('fails fast when every gate is shut, and turns requests away after that', () => {
    const broken = {
      ...DEFINITION,
      services: { payments: { errors: [{ status: 500, ratio: '100%' }] } },
    };
    const slow = {
      ...ACCRUAL,
      'balancer.linkerd.io/failure-accrual-consecutive-min-penalty': '20s',
    };
    const summary = simulate(broken, { mesh: [service(slow)] });
    const { byCode } = summary.clients[0]!;
    expect(byCode['500']).toBeLessThan(20);
    expect(byCode['504']).toBeGreaterThan(200);
    expect(byCode['503']).toBeGreaterThan(1_000);
  });

  it('is the same for the same seed', () => {
    const digest = () => simulate(DEFINITION, { mesh: [service(ACCRUAL)] }).digest;
    expect(digest()).toBe(digest());
  });

  it('refuses policy of Istio, which Linkerd does not read', () => {
    const rule = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: { name: 'payments' },
      spec: { host: 'payments' },
    };
    expect(() => simulate(DEFINITION, { mesh: [rule] })).toThrow(/no meaning in the data plane/);
  });

  it('says what is not modelled', () => {
    const { limits } = simulate(DEFINITION, { mesh: [] });
    expect(limits.join('\n')).toContain('HTTPRoute, ServiceProfile');
  });
});
