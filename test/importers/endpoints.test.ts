import { describe, expect, it } from 'vitest';
import type { ServiceInfo } from '../../src/importers/service-info.ts';
import type { MeshConfig } from '../../src/mesh/config/config.ts';
import {
  anEndpoint,
  aService,
  cluster,
  destinationRule,
  fullName,
  istio,
  resolve,
} from './mesh-helpers.ts';

const NAME = `outbound|80||${fullName('a')}`;

function members(config: MeshConfig, name = NAME): string[] {
  return cluster(config, name).endpoints.members.map(
    (member) => `${member.address} p${member.priority}`,
  );
}

function withEndpoints(...endpoints: Parameters<typeof anEndpoint>[0][]): ServiceInfo {
  return aService('a', { endpoints: endpoints.map(anEndpoint) });
}

describe('members', () => {
  it('carry what the registry knows, and an id per address', () => {
    const service = withEndpoints(
      { address: '10.0.0.1', name: 'a-1', labels: { version: 'v1' }, weight: 3 },
      { address: '10.0.0.2' },
    );
    const { proxy, ids } = resolve('', [service]);
    const [first, second] = cluster(proxy(), NAME).endpoints.members;
    expect(first).toEqual({
      id: 0,
      address: '10.0.0.1:80',
      hostname: 'a-1',
      labels: { version: 'v1' },
      locality: '',
      weight: 3,
      priority: 0,
      health: 'healthy',
    });
    expect(second?.id).toBe(1);
    expect(ids.endpointNames).toEqual(['10.0.0.1:80', '10.0.0.2:80']);
  });

  it('listen on their own port where they name one', () => {
    const service = withEndpoints(
      { address: '10.0.0.1', ports: { http: 8080 } },
      { address: 'fd00::1' },
    );
    expect(members(resolve('', [service]).proxy())).toEqual([
      '10.0.0.1:8080 p0',
      '[fd00::1]:80 p0',
    ]);
  });

  it('of a subset have all its labels', () => {
    const rule = istio(
      'DestinationRule',
      '{host: a, subsets: [{name: v1, labels: {version: v1}}, {name: all}]}',
    );
    const service = withEndpoints(
      { address: '10.0.0.1', labels: { version: 'v1', x: 'y' } },
      { address: '10.0.0.2', labels: { version: 'v2' } },
    );
    const config = resolve(rule, [service]).proxy();
    expect(members(config, `outbound|80|v1|${fullName('a')}`)).toEqual(['10.0.0.1:80 p0']);
    expect(members(config, `outbound|80|all|${fullName('a')}`)).toHaveLength(2);
  });

  it('trap 25: not-ready ones are sent, unless minHealthPercent is set', () => {
    const service = withEndpoints(
      { address: '10.0.0.1' },
      { address: '10.0.0.2', health: 'unhealthy' },
    );
    expect(members(resolve('', [service]).proxy())).toHaveLength(2);
    const strict = destinationRule('{outlierDetection: {minHealthPercent: 30}}');
    expect(members(resolve(strict, [service]).proxy())).toEqual(['10.0.0.1:80 p0']);
  });
});

describe('trap 13: outlier detection turns on failover between localities', () => {
  const service = withEndpoints(
    { address: '10.0.0.1', locality: 'us/us-a/1' },
    { address: '10.0.0.2', locality: 'eu/eu-b' },
    { address: '10.0.0.3', locality: 'eu/eu-a' },
    { address: '10.0.0.4' },
    { address: '10.0.0.5', locality: 'eu/eu-a' },
    { address: '10.0.0.6', locality: 'eu/eu-a/x' },
  );
  const watched = destinationRule('{outlierDetection: {}}');

  it('without it all are equal, in the order of localities', () => {
    expect(members(resolve('', [service]).proxy({ locality: 'eu/eu-a' }))).toEqual([
      '10.0.0.4:80 p0',
      '10.0.0.3:80 p0',
      '10.0.0.5:80 p0',
      '10.0.0.6:80 p0',
      '10.0.0.2:80 p0',
      '10.0.0.1:80 p0',
    ]);
  });

  it('with it the nearest come first: subzone, zone, region, elsewhere', () => {
    expect(members(resolve(watched, [service]).proxy({ locality: 'eu/eu-a' }))).toEqual([
      '10.0.0.3:80 p0',
      '10.0.0.5:80 p0',
      '10.0.0.6:80 p1',
      '10.0.0.2:80 p2',
      '10.0.0.4:80 p3',
      '10.0.0.1:80 p3',
    ]);
  });

  it('priorities have no gaps', () => {
    const config = resolve(watched, [service]).proxy({ locality: 'asia/a' });
    expect(
      new Set(cluster(config, NAME).endpoints.members.map((member) => member.priority)),
    ).toEqual(new Set([0]));
  });

  it('proxies of different localities do not share such clusters', () => {
    const { proxy } = resolve(watched, [service]);
    const here = cluster(proxy({ locality: 'eu/eu-a' }), NAME);
    const there = cluster(proxy({ locality: 'us/us-a/1' }), NAME);
    expect(here).not.toBe(there);
    expect(here.id).toBe(there.id);
  });
});

describe('changes', () => {
  it('members are worked out again for a new state of the service', () => {
    const service = withEndpoints({ address: '10.0.0.1' }, { address: '10.0.0.2' });
    const { mesh, proxy } = resolve('', [service]);
    const made = cluster(proxy(), NAME);
    const grown = withEndpoints({ address: '10.0.0.2' }, { address: '10.0.0.3' });
    const set = mesh.members(made, grown, 5);
    expect(set?.version).toBe(5);
    expect(set?.members.map((member) => [member.id, member.address])).toEqual([
      [1, '10.0.0.2:80'],
      [2, '10.0.0.3:80'],
    ]);
  });

  it('inbound clusters have no members to work out', () => {
    const service = withEndpoints({ address: '10.0.0.1' });
    const { mesh, proxy } = resolve('', [service]);
    const config = proxy({ ip: '10.0.0.1', serves: [fullName('a')] });
    expect(mesh.members(cluster(config, 'inbound|80||'), service, 1)).toBeNull();
  });
});

describe('the inbound side', () => {
  const served = { ip: '10.0.0.1', serves: [fullName('a')] };
  const service = aService('a', {
    ports: [{ number: 80, name: 'http', protocol: 'http', targetPort: 8080 }],
    endpoints: [anEndpoint({ address: '10.0.0.1' })],
  });

  it('has a listener and a cluster per port of the workload', () => {
    const config = resolve('', [service]).proxy(served);
    const inbound = config.listeners.find((listener) => listener.direction === 'inbound');
    expect(inbound).toMatchObject({ port: 8080, filters: [], statPrefix: 'inbound_0.0.0.0_8080' });
    expect(inbound?.routes.virtualHosts[0]).toMatchObject({
      name: 'inbound|http|80',
      domains: ['*'],
      includeRequestAttemptCount: false,
    });
    expect(members(config, 'inbound|8080||')).toEqual(['10.0.0.1:8080 p0']);
  });

  it('retries only what was never sent', () => {
    const config = resolve('', [service]).proxy(served);
    const inbound = config.listeners.find((listener) => listener.direction === 'inbound');
    const action = inbound?.routes.virtualHosts[0]?.routes[0]?.action;
    expect(action).toMatchObject({
      kind: 'forward',
      timeoutMs: 0,
      retry: { numRetries: 2, retryOn: ['reset-before-request'], hostPredicates: [] },
    });
  });

  it('trap 14: connection limits hold at the server, too; nothing else does', () => {
    const policy =
      '{loadBalancer: {simple: RANDOM}, outlierDetection: {}, connectionPool: {http: {http2MaxRequests: 10}}}';
    const made = cluster(
      resolve(destinationRule(policy), [service]).proxy(served),
      'inbound|8080||',
    );
    expect(made.circuitBreakers.default.maxRequests).toBe(10);
    expect(made.outlier).toBeNull();
    expect(made.lb.kind).toBe('round-robin');
  });

  it('of two services on one port the first decides', () => {
    const other = { ...service, host: fullName('b') };
    const config = resolve('', [service, other]).proxy({
      ...served,
      serves: [fullName('b'), fullName('a')],
    });
    expect(cluster(config, 'inbound|8080||').service.host).toBe(fullName('b'));
  });
});

describe('sharing', () => {
  it('proxies of a kind share listeners and clusters', () => {
    const service = withEndpoints({ address: '10.0.0.1' });
    const { proxy } = resolve('', [service]);
    const one = proxy({ name: 'one' });
    const two = proxy({ name: 'two', labels: { app: 'two' } });
    expect(two.listeners).toBe(one.listeners);
    expect(two.clusters).toBe(one.clusters);
    expect([one.proxyName, two.proxyName]).toEqual(['sidecar~one.default', 'sidecar~two.default']);
  });

  it('labels matter only where some VirtualService asks for them', () => {
    const http =
      'http: [{match: [{sourceLabels: {team: red}}], route: [{destination: {host: a}}]}]';
    const { proxy } = resolve(istio('VirtualService', `{hosts: [a], ${http}}`), [withEndpoints()]);
    const red = proxy({ labels: { team: 'red' } });
    expect(proxy({ labels: { team: 'red', app: 'x' } }).listeners).toBe(red.listeners);
    expect(proxy({ labels: { team: 'blue' } }).listeners).not.toBe(red.listeners);
    expect(proxy({ labels: { team: 'blue' } }).clusters[0]).toBe(red.clusters[0]);
  });

  it('clusters are shared across namespaces under the same rule', () => {
    const { proxy } = resolve('', [withEndpoints({ address: '10.0.0.1' })]);
    expect(proxy({ namespace: 'x' }).clusters[0]).toBe(proxy({ namespace: 'y' }).clusters[0]);
  });

  it('a thousand sidecars cost next to nothing', () => {
    const services = Array.from({ length: 50 }, (_, index) => aService(`s${index}`));
    const { proxy } = resolve('', services);
    const start = performance.now();
    for (let index = 0; index < 1000; index += 1) {
      proxy({ name: `p${index}`, ip: '10.0.0.9', serves: [fullName('s1')] });
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
