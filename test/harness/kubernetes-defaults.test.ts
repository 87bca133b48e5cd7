/** What Kubernetes objects among the mesh files say about services of a scenario. */
import { describe, expect, it } from 'vitest';
import { Diagnostics } from '../../src/core/diagnostics.ts';
import type { Scenario } from '../../src/harness/scenario.ts';
import { readScenarioFile } from '../../src/harness/scenario-file.ts';

const CLUSTER = `
apiVersion: v1
kind: Service
metadata: { name: store, namespace: default }
spec: { selector: { app: shop-store }, ports: [{ name: http, port: 8080 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: store-v1, namespace: default }
spec:
  replicas: 3
  selector: { matchLabels: { app: shop-store } }
  template:
    metadata: { labels: { app: shop-store, version: v1 } }
    spec: { serviceAccountName: keeper, containers: [{ name: app, image: store }] }
`;

function scenarioWith(store: string): Scenario {
  const text = `
meshquake: 1
duration: 10s
mesh: [cluster.yaml]
services: { store: ${store} }
clients: { users: { to: store, open: { constant: 1rps } } }
`;
  const diagnostics = new Diagnostics();
  const files = [{ path: 'cluster.yaml', text: CLUSTER }];
  const source = { name: 's', path: 's.yaml', text };
  const { scenarios } = readScenarioFile(source, () => ({ ok: true, files }), diagnostics);
  expect(diagnostics.sorted()).toEqual([]);
  return scenarios[0]!;
}

describe('Kubernetes objects beside a scenario', () => {
  it('give ports, labels, instances and the service account that it leaves unsaid', () => {
    const scenario = scenarioWith('{}');
    const service = scenario.services[0]!;
    expect(service.ports).toEqual([{ name: 'http', number: 8080 }]);
    expect(service.serviceAccount).toBe('keeper');
    expect(service.versions[0]).toMatchObject({
      instances: 3,
      labels: { app: 'shop-store', version: 'v1' },
    });
    expect(scenario.clients[0]!.port).toBe(8080);
  });

  it('do not change what it says', () => {
    const service = scenarioWith('{ instances: 1, ports: { http: 80 } }').services[0]!;
    expect(service.ports).toEqual([{ name: 'http', number: 80 }]);
    expect(service.versions[0]!.instances).toBe(1);
  });

  it('fill the version that the label of the workload names', () => {
    const [v1, v2] = scenarioWith('{ versions: { v1: {}, v2: {} } }').services[0]!.versions;
    expect([v1!.instances, v2!.instances]).toEqual([3, 1]);
    expect(v1!.labels).toMatchObject({ app: 'shop-store', version: 'v1' });
  });
});
