import { describe, expect, it } from 'vitest';
import { DEFAULT_IDENTITY } from '../../src/harness/normalise/identity.ts';
import { simulate } from '../../src/index.ts';
import { readText, SMALL, scenarioOf } from './scenario-texts.ts';

describe('the keys of identity', () => {
  it('have Istio’s defaults', () => {
    expect(scenarioOf(`${SMALL}identity: {}\n`).identity).toEqual(DEFAULT_IDENTITY);
    expect(DEFAULT_IDENTITY.leaf).toMatchObject({
      lifetimeNs: 86_400e9,
      renewAt: 0.5,
      jitter: 0.01,
    });
    expect(scenarioOf(SMALL).identity).toBeUndefined();
  });

  it('are read with their units, clocks behind with a minus', () => {
    const text = `${SMALL}identity:
  root: { lifetime: 365d, age: 364d }
  intermediate: { age: 1h }
  leaf: { lifetime: 1h, age: { exponential: 10m }, renewAt: 70%, jitter: 0, backdate: 30s }
  clockOffset: { payments: -30s, issuer: 1m }
`;
    expect(scenarioOf(text).identity).toMatchObject({
      root: { lifetimeNs: 365 * 86_400e9, ageNs: 364 * 86_400e9 },
      intermediate: { lifetimeNs: 365 * 86_400e9, ageNs: 3_600e9 },
      leaf: { age: { kind: 'exponential' }, renewAt: 0.7, backdateNs: 30e9 },
      clockOffsetsNs: { payments: -30e9, issuer: 60e9 },
    });
  });

  it.each([
    ['identity: { leaf: { life: 1h } }', '8:21 MQ-FIELD-002'],
    ['identity: { root: { renewAt: 50% } }', '8:21 MQ-SCENARIO-001'],
    ['identity: { clockOffset: { paymens: 1s } }', '8:37 MQ-SCENARIO-002'],
    ['identity: { clockOffset: { payments: 1 } }', '8:38 MQ-FIELD-001'],
    ['identity: { clockOffset: { payments: soon } }', '8:38 MQ-FIELD-006'],
    ['dataPlane: none\nidentity: {}', '9:11 MQ-SCENARIO-016'],
  ])('are refused where they are wrong: %s', (line, problem) => {
    expect(readText(`${SMALL}${line}\n`).problems.join()).toContain(problem);
  });

  it('are missed by faults that need certificates', () => {
    const fault = 'faults: [{ id: x, kind: id.ca-outage, window: { at: 1s } }]\n';
    expect(readText(SMALL + fault).problems.join()).toContain('MQ-SCENARIO-017');
    expect(readText(`${SMALL + fault}identity: {}\n`).problems).toEqual([]);
  });
});

const WORLD = {
  meshquake: 1,
  duration: '20s',
  dataPlane: { kind: 'sidecar', overhead: 'none' },
  services: { store: { instances: 2, serviceAccount: 'store' } },
  clients: {
    users: { to: 'store', open: { constant: '20rps' }, source: { serviceAccount: 'web' } },
    others: { to: 'store', path: '/admin', open: { constant: '20rps' } },
  },
  network: { default: { latency: '1ms' } },
} as const;

function security(kind: string, spec: object, namespace = 'default') {
  return { apiVersion: 'security.istio.io/v1', kind, metadata: { name: 'p', namespace }, spec };
}

function rule(tls: object) {
  const metadata = { name: 'store' };
  const spec = { host: 'store', trafficPolicy: { tls } };
  return { apiVersion: 'networking.istio.io/v1', kind: 'DestinationRule', metadata, spec };
}

const STRICT = security('PeerAuthentication', { mtls: { mode: 'STRICT' } });

describe('mTLS', () => {
  it('costs a round trip per connection, and is off where nothing asks for it', () => {
    const first = (extra: object) => simulate({ ...WORLD, ...extra }).clients[0]!.latencyMs.max;
    expect(first({ identity: {} }) - first({})).toBeCloseTo(2, 1);
    expect(simulate(WORLD).limits.join()).toContain('plain text');
    expect(simulate({ ...WORLD, identity: {} }).limits.join()).not.toContain('plain text');
  });

  it('comes by itself where a policy demands it', () => {
    const summary = simulate(WORLD, { mesh: [STRICT] });
    expect(summary.clients.map(({ successRatio }) => successRatio)).toEqual([1, 1]);
    expect(summary.identity).toBeUndefined();
  });

  it('STRICT closes what comes in plain text: UC', () => {
    const summary = simulate(WORLD, { mesh: [STRICT, rule({ mode: 'DISABLE' })] });
    expect(summary.clients[0]).toMatchObject({ succeeded: 0, byFlag: { UC: 400 } });
    expect(summary.identity?.failures[0]).toMatchObject({
      from: '',
      to: 'store',
      seenBy: 'server',
      reason: 'plain-text-client',
    });
  });

  it('DISABLE for a workload is unknown to its callers: UF', () => {
    const selector = { matchLabels: { app: 'store' } };
    const disabled = security('PeerAuthentication', { selector, mtls: { mode: 'DISABLE' } });
    const summary = simulate({ ...WORLD, identity: {} }, { mesh: [disabled] });
    expect(summary.clients[0]).toMatchObject({ succeeded: 0, byFlag: { URX: 400 } });
    const [failure] = summary.identity!.failures;
    expect(failure).toMatchObject({ to: 'store', seenBy: 'caller', reason: 'plain-text-peer' });
  });

  it('fails for whoever is somebody else than expected', () => {
    const mutual = rule({ mode: 'ISTIO_MUTUAL', subjectAltNames: ['spiffe://other'] });
    const summary = simulate(WORLD, { mesh: [mutual] });
    expect(summary.clients[0]?.succeeded).toBe(0);
    expect(summary.identity?.failures[0]?.reason).toBe('wrong-san');
    expect(simulate(WORLD, { mesh: [rule({ mode: 'ISTIO_MUTUAL' })] }).clients[0]?.failed).toBe(0);
  });
});

describe('access policy', () => {
  const allow = (...rules: object[]) => security('AuthorizationPolicy', { rules });

  it('knows callers by their service account', () => {
    const principal = 'cluster.local/ns/default/sa/web';
    const policy = allow({ from: [{ source: { principals: [principal] } }] });
    const [users, others] = simulate(WORLD, { mesh: [policy] }).clients;
    expect([users?.successRatio, others?.byCode]).toEqual([1, { 403: 400 }]);
  });

  it('knows what TLS clients asked for', () => {
    const ruleOf = (value: string) => allow({ when: [{ key: 'connection.sni', values: [value] }] });
    const ratio = (value: string) => simulate(WORLD, { mesh: [ruleOf(value)] }).clients[0]?.failed;
    expect(ratio('outbound_.80_._.store.*')).toBe(0);
    expect(ratio('other')).toBe(400);
  });

  it('knows paths, and nobody’s identity without mTLS', () => {
    const paths = allow({ to: [{ operation: { paths: ['/admin'] } }] });
    const summary = simulate(WORLD, { mesh: [paths] });
    expect(summary.clients.map(({ successRatio }) => successRatio)).toEqual([0, 1]);
    expect(summary.identity).toMatchObject({ requestsDenied: 400, handshakesFailed: 0 });
    const anybody = allow({ from: [{ source: { principals: ['*'] } }] });
    const plain = simulate(WORLD, { mesh: [anybody, rule({ mode: 'DISABLE' })] });
    expect(plain.clients[0]?.byCode).toEqual({ 403: 400 });
  });

  it('costs nothing where there is none: the digest of a plain run is what it was', () => {
    expect(simulate({ ...WORLD, meshDefaults: { trustDomain: 'td' } }).digest).toBe(
      simulate(WORLD).digest,
    );
  });
});

describe('a fault of certificates', () => {
  const expired = {
    id: 'expired',
    kind: 'id.cert-expire',
    target: { service: 'store', mode: 'one' },
    window: { at: '5s', duration: '10s' },
  };
  const churn = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'store' },
    spec: {
      host: 'store',
      trafficPolicy: { connectionPool: { http: { maxRequestsPerConnection: 1 } } },
    },
  };

  it('is told from others in the summary: where, why, when', () => {
    const scenario = { ...WORLD, identity: {}, faults: [expired] };
    const summary = simulate(scenario, { mesh: [churn] });
    expect(summary.faults[0]).toMatchObject({ kind: 'id.cert-expire', strikes: 1 });
    const rows = summary.identity?.failures ?? [];
    expect(new Set(rows.map(({ reason }) => reason))).toEqual(new Set(['expired']));
    expect(rows.map(({ from }) => from).sort()).toEqual(['others', 'users']);
    for (const { firstS, lastS } of rows) {
      expect(firstS).toBeGreaterThan(5);
      expect(lastS).toBeLessThan(15.1);
    }
    // Istio's default retries find the other endpoint.
    expect(summary.clients[0]?.successRatio).toBe(1);
  });

  it('can be asked for in expectations', () => {
    const expect_: (string | { that: string; during: string | [string, string] })[] = [
      { that: 'identity.handshakesFailed > 0', during: 'expired' },
      { that: 'identity.handshakesFailed == 0', during: ['0s', 'expired.start'] },
      "identity.failures.all(row, row.reason == 'expired')",
    ];
    const scenario = { ...WORLD, identity: {}, faults: [expired], expect: expect_ };
    const summary = simulate(scenario, { mesh: [churn] });
    expect(summary.expect.map(({ ok, text }) => [ok, text])).toEqual(
      summary.expect.map(({ text }) => [true, text]),
    );
    expect(summary.expect).toHaveLength(3);
  });
});
