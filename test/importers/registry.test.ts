import { describe, expect, it } from 'vitest';
import { buildRegistry } from '../../src/importers/registry.ts';
import type { ServiceInfo } from '../../src/importers/service-info.ts';
import { aService, fullName, importText, istio } from './mesh-helpers.ts';

function registryOf(text: string, world: readonly ServiceInfo[] = []): ServiceInfo[] {
  const { resources, found } = importText(text);
  expect(found.filter((item) => item.startsWith('error'))).toEqual([]);
  return buildRegistry(resources, { services: world });
}

function kubernetes(kind: string, name: string, rest: string, apiVersion = 'v1'): string {
  return `---\napiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${name}, namespace: default}\n${rest}\n`;
}

const SERVICE = kubernetes(
  'Service',
  'a',
  'spec: {clusterIP: 10.96.0.1, selector: {app: a}, ports: [{name: http, port: 80, targetPort: web}]}',
);
const DEPLOYMENT = kubernetes(
  'Deployment',
  'a',
  'spec: {replicas: 3, template: {metadata: {labels: {app: a}}, spec: {serviceAccountName: sa, containers: [{name: c, ports: [{name: web, containerPort: 8080}]}]}}}',
  'apps/v1',
);

describe('Kubernetes services', () => {
  it('have full names, addresses and target ports by number', () => {
    expect(registryOf(SERVICE + DEPLOYMENT)).toEqual([
      {
        host: fullName('a'),
        namespace: 'default',
        location: 'mesh-internal',
        ports: [{ number: 80, name: 'http', protocol: 'http', targetPort: 8080 }],
        endpoints: [],
        addresses: ['10.96.0.1'],
        isHeadless: false,
        exportTo: ['*'],
      },
    ]);
  });

  it.each([
    ['http', '', 'http'],
    ['http-web', '', 'http'],
    ['HTTP2-x', '', 'http2'],
    ['grpc-web-x', '', 'grpc'],
    ['mongo', '', 'tcp'],
    ['https', '', 'https'],
    ['web', '', 'unknown'],
    ['web', 'kubernetes.io/h2c', 'http2'],
    ['tcp', 'http', 'http'],
    ['http', 'nonsense', 'unknown'],
  ])('6.4: a port named %s with appProtocol "%s" speaks %s', (name, app, protocol) => {
    const appProtocol = app === '' ? '' : `, appProtocol: ${app}`;
    const text = kubernetes(
      'Service',
      'a',
      `spec: {ports: [{name: ${name}, port: 80${appProtocol}}]}`,
    );
    expect(registryOf(text)[0]?.ports[0]?.protocol).toBe(protocol);
  });

  it('a nameless port of a well-known number is TCP', () => {
    const text = kubernetes(
      'Service',
      'a',
      'spec: {ports: [{port: 3306}, {name: x, port: 53, protocol: UDP}]}',
    );
    expect(registryOf(text)[0]?.ports.map((port) => port.protocol)).toEqual(['tcp', 'udp']);
  });

  it('get their endpoints from slices; those about to go are left out', () => {
    const slice = [
      'apiVersion: discovery.k8s.io/v1',
      'kind: EndpointSlice',
      'metadata: {name: a-1, namespace: default, labels: {kubernetes.io/service-name: a}}',
      'addressType: IPv4',
      'ports: [{name: http, port: 8081, protocol: TCP}]',
      'endpoints:',
      '- {addresses: [10.0.0.3], conditions: {ready: true}, zone: z1, targetRef: {kind: Pod, name: a-x}}',
      '- {addresses: [10.0.0.1], conditions: {ready: false, terminating: false}}',
      '- {addresses: [10.0.0.2], conditions: {ready: false}}',
      '- {addresses: [10.0.0.4], conditions: {ready: false, terminating: true}}',
      '- {addresses: [10.0.0.5], conditions: null}',
    ].join('\n');
    const pod = kubernetes(
      'Pod',
      'a-x',
      'spec: {serviceAccountName: sa}\nstatus: {podIP: 10.0.0.3}',
    ).replace('namespace: default', 'namespace: default, labels: {app: a, version: v1}');
    const [service] = registryOf(`${SERVICE}${pod}---\n${slice}`);
    expect(service?.endpoints.map((item) => [item.address, item.health, item.name])).toEqual([
      ['10.0.0.3', 'healthy', 'a-x'],
      ['10.0.0.1', 'unhealthy', '10.0.0.1'],
      ['10.0.0.5', 'healthy', '10.0.0.5'],
    ]);
    expect(service?.endpoints[0]).toMatchObject({
      ports: { http: 8081 },
      labels: { app: 'a', version: 'v1' },
      locality: '/z1',
      serviceAccount: 'sa',
    });
  });

  it('select WorkloadEntries, too', () => {
    const vm = istio('WorkloadEntry', '{address: 10.1.1.1, labels: {app: a}, weight: 2}', 'vm');
    expect(registryOf(SERVICE + vm)[0]?.endpoints).toMatchObject([
      { name: 'vm', address: '10.1.1.1', weight: 2 },
    ]);
  });

  it('headless ones and ExternalName aliases are told apart', () => {
    const text =
      kubernetes('Service', 'h', 'spec: {clusterIP: None, ports: [{name: http, port: 80}]}') +
      kubernetes(
        'Service',
        'x',
        `spec: {type: ExternalName, externalName: ${fullName('h')}, ports: [{name: http, port: 80}]}`,
      );
    expect(registryOf(text)).toMatchObject([
      {
        host: fullName('h'),
        isHeadless: true,
        addresses: [],
        aliases: [{ host: fullName('x'), ports: [80] }],
      },
    ]);
  });

  it('are exported as their annotation says', () => {
    const text = SERVICE.replace(
      'namespace: default}',
      'namespace: default, annotations: {networking.istio.io/exportTo: "., other"}}',
    );
    expect(registryOf(text)[0]?.exportTo).toEqual(['default', 'other']);
  });
});

describe('ServiceEntries', () => {
  const ports = 'ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8000}]';

  it('make one service per host', () => {
    const text = istio(
      'ServiceEntry',
      `{hosts: [x.com, y.com], resolution: STATIC, ${ports}, addresses: [10.9.9.9, 10.0.0.0/8], endpoints: [{address: 1.1.1.1, ports: {http: 81}, locality: eu/a}]}`,
    );
    const services = registryOf(text);
    expect(services.map((service) => service.host)).toEqual(['x.com', 'y.com']);
    expect(services[0]).toMatchObject({
      location: 'mesh-external',
      addresses: ['10.9.9.9'],
      endpoints: [{ address: '1.1.1.1', ports: { http: 81 }, locality: 'eu/a', weight: 1 }],
    });
  });

  it('with DNS and no endpoints lead to the host itself', () => {
    const [service] = registryOf(
      istio('ServiceEntry', `{hosts: [x.com], resolution: DNS, ${ports}}`),
    );
    expect(service?.endpoints.map((item) => item.address)).toEqual(['x.com']);
  });

  it('with a selector take WorkloadEntries of their namespace', () => {
    const text =
      istio(
        'ServiceEntry',
        `{hosts: [x.com], resolution: STATIC, ${ports}, workloadSelector: {labels: {app: vm}}}`,
      ) +
      istio('WorkloadEntry', '{address: 10.1.1.1, labels: {app: vm}}', 'one') +
      istio('WorkloadEntry', '{address: 10.1.1.2, labels: {app: vm}}', 'two', 'other');
    expect(registryOf(text)[0]?.endpoints.map((item) => item.name)).toEqual(['one']);
  });
});

it('a service that the scenario supplies replaces one of the files', () => {
  const services = registryOf(SERVICE, [aService('a', { on: [9999] })]);
  expect(services).toHaveLength(1);
  expect(services[0]?.ports[0]?.number).toBe(9999);
});
