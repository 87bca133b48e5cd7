/** What a scenario can know from mesh files. */
import { describe, expect, test } from 'vitest';
import { makeSkeleton } from '../../src/harness/skeleton/skeleton.ts';
import { skeletonText } from '../../src/harness/skeleton/skeleton-text.ts';
import { importText, istio } from '../importers/mesh-helpers.ts';

function skeletonOf(...texts: readonly string[]) {
  return makeSkeleton(importText(texts.join('')).resources);
}

function service(name: string, more = 'ports: [{name: http, port: 80}]', namespace = 'default') {
  return `---\napiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {selector: {app: ${name}}, ${more}}\n`;
}

function deployment(name: string, labels: string, replicas = 1) {
  return `---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${name}}\nspec: {replicas: ${replicas}, template: {metadata: {labels: ${labels}}}}\n`;
}

describe('services', () => {
  test('have the replicas of their only workload', () => {
    const { services } = skeletonOf(service('a'), deployment('a-1', '{app: a}', 5));
    expect(services).toMatchObject([{ name: 'a', instances: 5, versions: [] }]);
  });

  test('have a version for each workload that has its own label', () => {
    const { services } = skeletonOf(
      service('a'),
      deployment('a-old', '{app: a, version: v1}', 5),
      deployment('a-new', '{app: a, version: v2}'),
    );
    expect(services[0]?.versions).toEqual([
      { name: 'v2', instances: 1, labels: {} },
      { name: 'v1', instances: 5, labels: {} },
    ]);
  });

  test('name versions after workloads whose labels do not tell them apart', () => {
    const { services } = skeletonOf(
      service('a'),
      deployment('blue', '{app: a, tier: left}'),
      deployment('green', '{app: a, tier: right}'),
    );
    expect(services[0]?.versions).toEqual([
      { name: 'blue', instances: 1, labels: { app: 'a', tier: 'left' } },
      { name: 'green', instances: 1, labels: { app: 'a', tier: 'right' } },
    ]);
  });

  test('count endpoints where there are no workloads', () => {
    const slice = `---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s, labels: {kubernetes.io/service-name: a}}\naddressType: IPv4\nports: [{name: http, port: 80}]\nendpoints: [{addresses: [10.0.0.1]}, {addresses: [10.0.0.2]}, {addresses: [10.0.0.3]}]\n`;
    expect(skeletonOf(service('a'), slice).services[0]?.instances).toBe(3);
  });

  test('come from rules and routes alone, with subsets as versions', () => {
    const { services } = skeletonOf(
      istio(
        'VirtualService',
        '{hosts: [a], http: [{route: [{destination: {host: b, port: {number: 8080}}}]}]}',
      ),
      istio('DestinationRule', '{host: b, subsets: [{name: v1, labels: {version: one, tier: x}}]}'),
    );
    expect(services).toEqual([
      {
        name: 'a',
        namespace: 'default',
        ports: [{ name: 'http', number: 80 }],
        instances: null,
        versions: [],
        from: 'rules and routes only',
      },
      {
        name: 'b',
        namespace: 'default',
        ports: [{ name: 'http', number: 8080 }],
        instances: null,
        versions: [{ name: 'one', instances: null, labels: { tier: 'x' } }],
        from: 'rules and routes only',
      },
    ]);
  });

  test('say what is not among them', () => {
    const { services, leftOut } = skeletonOf(
      service('a'),
      service('a', 'ports: [{name: http, port: 80}]', 'other'),
      service('redis', 'ports: [{name: tcp, port: 6379}]'),
      service('alias', 'type: ExternalName, externalName: api.example.com'),
      istio(
        'ServiceEntry',
        '{hosts: [api.example.com], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}]}',
        'api',
      ),
    );
    expect(services.map((item) => item.name)).toEqual(['a']);
    const about = ['service alias', 'service a of namespace other', 'port 6379 of redis'];
    for (const start of [...about, 'service redis', 'ServiceEntry api (api.example.com)']) {
      expect(leftOut.filter((line) => line.startsWith(start))).toHaveLength(1);
    }
    expect(leftOut).toHaveLength(5);
  });
});

describe('the entrance', () => {
  test('is where gateways lead', () => {
    const { entrance } = skeletonOf(
      service('a'),
      service('front'),
      istio(
        'VirtualService',
        '{hosts: ["*"], gateways: [edge], http: [{route: [{destination: {host: front}}]}]}',
      ),
    );
    expect(entrance).toBe('front');
  });

  test('else is the first service', () => {
    expect(skeletonOf(service('b'), service('a')).entrance).toBe('a');
  });
});

test('names that YAML would read as something else are quoted', () => {
  const source = { command: 'c', name: 'k8s: all', mesh: '../k8s', omitted: [] };
  const text = skeletonText(skeletonOf(service('"on"'), service('"1"')), source);
  expect(text).toContain('\n  "on": # Service, 0 workloads\n');
  expect(text).toContain('\n  "1": #');
  expect(text).toContain('title: "Imported from k8s: all"');
});
