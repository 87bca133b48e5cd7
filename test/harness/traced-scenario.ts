/** A small scenario with retries, for tests that follow its requests. */
import type { Scenario } from '../../src/harness/scenario.ts';
import { readText } from './scenario-texts.ts';

/** The policy of `scenarioText`. */
export const RETRIES = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: payments }
spec:
  hosts: [payments]
  http:
    - route: [{ destination: { host: payments } }]
      timeout: 2s
      retries: { attempts: 2, perTryTimeout: 100ms, retryOn: 5xx }
`;

/** payments is slowed down from 2 s to 5 s. */
export const SLOW =
  '{ id: slow, kind: proc.slow, target: { service: payments }, window: { at: 2s, duration: 3s }, factor: 30 }';

/** @param faults YAML, in place of the slow-down */
export function scenarioText(faults: readonly string[] = [SLOW]): string {
  return `meshquake: 1
title: Traced
duration: 8s
mesh: [retries.yaml]
network: { default: { latency: { constant: 1ms } } }
services:
  payments: { instances: 2, workers: 2, serviceTime: { exponential: 5ms } }
  orders: { instances: 2, serviceTime: { constant: 1ms }, calls: [payments] }
clients:
  shoppers: { to: orders, open: { poisson: 40rps } }
faults: [${faults.join(', ')}]
`;
}

/** @param set as `--set` */
export function tracedScenario(faults?: readonly string[], set: readonly string[] = []): Scenario {
  const { scenarios, problems } = readText(scenarioText(faults), { set }, (path) => ({
    ok: true,
    files: [{ path, text: RETRIES }],
  }));
  const [scenario] = scenarios;
  if (scenario === undefined) throw new Error(problems.join('\n'));
  return scenario;
}
