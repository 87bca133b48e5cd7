import { describe, expect, test } from 'vitest';
import { Diagnostics } from '../../src/core/diagnostics.ts';
import { editResource } from '../../src/importers/edit-resource.ts';
import { importMesh } from '../../src/importers/index.ts';
import type { PathStep, Plain } from '../../src/importers/source-node.ts';

const RULES = `# who may queue
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: payments, namespace: default }
spec:
  host: payments
  trafficPolicy:
    connectionPool: { http: { http2MaxRequests: 10 } } # tight
  subsets:
    - { name: v1, labels: { version: v1 } }
    - { name: v2, labels: { version: v2 } }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: orders, namespace: shop }
spec: { host: orders.shop.svc.cluster.local }
`;
const FILES = [{ path: 'mesh/rules.yaml', text: RULES }];

function edited(target: string, path: readonly PathStep[], value: Plain) {
  const result = editResource(FILES, { target, path, value });
  if (!result.ok) throw new Error(result.problem);
  return result.files;
}

function problem(target: string, path: readonly PathStep[]): string {
  const result = editResource(FILES, { target, path, value: 1 });
  return result.ok ? 'none' : result.problem;
}

describe('a field of a resource', () => {
  test('that exists gets the value; comments and everything else stay', () => {
    const path = ['spec', 'trafficPolicy', 'connectionPool', 'http', 'http2MaxRequests'];
    const [file] = edited('DestinationRule/payments', path, 77);
    expect(file?.path).toBe('mesh/rules.yaml (edited)');
    expect(file?.text).toBe(RULES.replace('MaxRequests: 10', 'MaxRequests: 77'));
  });

  test('that does not exist is made, with the maps around it', () => {
    const path = ['spec', 'trafficPolicy', 'outlierDetection', 'consecutive5xxErrors'];
    const files = edited('DestinationRule/shop/orders', path, 3);
    const diagnostics = new Diagnostics();
    const { destinationRules } = importMesh(files, diagnostics);
    expect(diagnostics.sorted()).toEqual([]);
    const orders = destinationRules.find(({ meta }) => meta.name === 'orders');
    expect(JSON.stringify(orders)).toContain('"consecutive5xx":{"value":3');
  });

  test('is found in lists by index or by name', () => {
    for (const step of [1, 'v2']) {
      const path = ['spec', 'subsets', step, 'labels', 'version'];
      const [file] = edited('DestinationRule/payments', path, 'v3');
      expect(file?.text).toContain('- { name: v2, labels: { version: v3 } }');
    }
  });

  test('text that YAML 1.1 would take for something else is quoted', () => {
    const [file] = edited(
      'DestinationRule/payments',
      ['spec', 'subsets', 0, 'labels', 'version'],
      'on',
    );
    expect(file?.text).toContain('{ version: "on" }');
  });

  test('is changed in the last of several resources that replace each other', () => {
    const twice = [...FILES, { path: 'later.yaml', text: RULES }];
    const edit = { target: 'DestinationRule/payments', path: ['spec', 'host'], value: 'x' };
    const result = editResource(twice, edit);
    expect(result.ok && result.files.map((file) => file.path)).toEqual([
      'mesh/rules.yaml',
      'later.yaml (edited)',
    ]);
  });

  test('stands in a list of resources, or in JSON, as well', () => {
    const item = { kind: 'DestinationRule', metadata: { name: 'a' }, spec: { x: 1 } };
    const text = JSON.stringify({ kind: 'List', items: [item] });
    const edit = { target: 'DestinationRule/a', path: ['spec', 'x'], value: 2 };
    const result = editResource([{ path: 'a.json', text }], edit);
    expect(result.ok && JSON.parse(result.files[0]?.text ?? '')).toMatchObject({
      items: [{ spec: { x: 2 } }],
    });
  });
});

test.each([
  [
    'DestinationRule/payment',
    ['spec'],
    'there is no "DestinationRule/payment" among the policy files; did you mean "DestinationRule/payments"?',
  ],
  [
    'Sidecar/x',
    ['spec'],
    'there is no "Sidecar/x" among the policy files; there are DestinationRule/payments, DestinationRule/shop/orders',
  ],
  ['DestinationRule/payments', [], 'say which field'],
  [
    'DestinationRule/payments',
    ['spec', 'host', 'name'],
    'DestinationRule/payments.spec.host is not a map or list',
  ],
  [
    'DestinationRule/payments',
    ['spec', 'subsets', 2, 'name'],
    'DestinationRule/payments.spec.subsets has no item "2"',
  ],
])('%s %j is refused', (target, path, words) => {
  expect(problem(target, path)).toContain(words);
});

test('a name that two namespaces have needs the namespace', () => {
  const other = RULES.replaceAll('namespace: default', 'namespace: other');
  const files = [...FILES, { path: 'other.yaml', text: other }];
  const edit = { target: 'DestinationRule/payments', path: ['spec', 'host'], value: 'x' };
  expect(editResource(files, edit)).toMatchObject({ ok: false, problem: /name the namespace/ });
  expect(editResource(files, { ...edit, target: 'DestinationRule/other/payments' }).ok).toBe(true);
});
