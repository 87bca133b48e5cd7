import { describe, expect, it } from 'vitest';
import type { EdgePolicy } from '../../src/core/policy-table.ts';
import { RETRIES, scenarioText } from '../harness/traced-scenario.ts';
import { cli, folderWith } from './cli-under-test.ts';

const LIMITS = `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: payments }
spec:
  host: payments
  trafficPolicy:
    connectionPool: { tcp: { maxConnections: 100 } }
`;
const SERVICE = `apiVersion: v1
kind: Service
metadata: { name: payments, namespace: default }
spec: { ports: [{ name: http, port: 80 }], selector: { app: payments } }
`;

function scenarioFolder(): string {
  const text = scenarioText([]).replace('[retries.yaml]', '[retries.yaml, limits.yaml]');
  return folderWith({ 'scenario.yaml': text, 'retries.yaml': RETRIES, 'limits.yaml': LIMITS });
}

describe('describe config', () => {
  it('prints each value with its origin, and limits in fleet-wide terms, at 80 columns', async () => {
    const { exitCode, stdout } = await cli(
      ['describe', 'config', 'scenario.yaml'],
      scenarioFolder(),
    );
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^orders → payments \(2 proxies\)$/m);
    expect(stdout).toMatch(/^ {2}per-try timeout +100ms +retries\.yaml:9$/m);
    expect(stdout).toMatch(/^ {2}max connections +100 +limits\.yaml:7$/m);
    expect(stdout).toMatch(/^ {4}100 per proxy × 2 proxies = 200 in all$/m);
    expect(stdout).toMatch(/^ {2}load balancer +least-request +default of istio-/m);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('with --all leaves no default out', async () => {
    const folder = scenarioFolder();
    const short = await cli(['describe', 'config', '.'], folder);
    const long = await cli(['describe', 'config', '.', '--all'], folder);
    expect(short.stdout).toMatch(/and \d+ more defaults: --all/);
    expect(long.stdout).not.toMatch(/more defaults/);
    expect(long.stdout).toMatch(/backoff base +25ms +default of envoy-/);
  });

  it('reads policy files without a scenario, as one proxy is told them', async () => {
    const folder = folderWith({
      'mesh/a.yaml': SERVICE,
      'mesh/b.yaml': RETRIES,
      'mesh/c.yaml': LIMITS,
    });
    const { stdout } = await cli(['describe', 'config', 'mesh', '-o', 'json'], folder);
    const { edges } = JSON.parse(stdout) as { edges: readonly EdgePolicy[] };
    expect(edges).toHaveLength(1);
    expect(edges[0]).toMatchObject({ from: 'client', to: 'payments.default.svc.cluster.local' });
    expect(edges[0]?.settings).toContainEqual({
      path: 'cluster.circuitBreakers.default.maxConnections',
      name: 'max connections',
      value: '100',
      isExplicit: true,
      origin: 'mesh/c.yaml:7',
      inAll: '100 per proxy',
    });
  });

  it('tells what one machine of a scenario is told', async () => {
    const folder = scenarioFolder();
    const { stdout } = await cli(['describe', 'config', '.', '--proxy', 'orders-1'], folder);
    expect(stdout).toMatch(/^orders-1 → payments/m);
  });

  it.each([
    [['.', '--proxy', 'order-1'], 64, 'did you mean "orders-1"?'],
    [['.', '--variant', 'x'], 64, 'no variant "x"'],
    [['retries.yaml'], 65, 'MQ-REF-001'],
    [['.', 'retries.yaml'], 64, 'give one scenario, or policy files only'],
  ])('%j ends with %i: %s', async (args, code, message) => {
    const { exitCode, stderr } = await cli(['describe', 'config', ...args], scenarioFolder());
    expect(stderr).toContain(message);
    expect(exitCode).toBe(code);
  });
});
