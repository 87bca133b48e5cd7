import { describe, expect, it } from 'vitest';
import type { MeshConfig } from '../../src/mesh/config/config.ts';
import { aService, fullName, istio, resolve, routesTo, virtualHosts } from './mesh-helpers.ts';

const A = fullName('a');

function named(name: string, hosts: string, more = '', namespace = 'default'): string {
  const http = `http: [{name: ${name}, route: [{destination: {host: ${A}}}]}]`;
  return istio('VirtualService', `{hosts: ${hosts}, ${more} ${http}}`, name, namespace);
}

function routeName(config: MeshConfig, domain: string, port = 80): string | undefined {
  return routesTo(config, domain, port)[0]?.name;
}

describe('domains', () => {
  it('has short names in the service’s own namespace only', () => {
    const { proxy } = resolve('', [aService('a')]);
    const long = [A, `${A}.`, 'a.default.svc', 'a.default'];
    expect(virtualHosts(proxy())[0]?.domains).toEqual([
      A,
      `${A}.`,
      'a',
      'a.default.svc',
      'a.default',
    ]);
    expect(virtualHosts(proxy({ namespace: 'other' }))[0]?.domains).toEqual(long);
  });

  it('adds virtual addresses, and names of Pods for headless services', () => {
    const services = [
      aService('a', { addresses: ['10.96.0.1', 'fd00::1'] }),
      aService('h', { isHeadless: true }),
    ];
    const [a, h] = virtualHosts(resolve('', services).proxy());
    expect(a?.domains.slice(-2)).toEqual(['10.96.0.1', '[fd00::1]']);
    expect(h?.domains).toContain(`*.${fullName('h')}`);
  });

  it('adds the names of ExternalName services', () => {
    const text =
      'apiVersion: v1\nkind: Service\nmetadata: {name: alias, namespace: default}\nspec: {type: ExternalName, externalName: a.default.svc.cluster.local, ports: [{name: http, port: 80}]}';
    const [host] = virtualHosts(resolve(text, [aService('a')]).proxy());
    expect(host?.domains).toContain('alias');
    expect(host?.domains).toContain(fullName('alias'));
  });

  it('ignores the port in the host', () => {
    const [listener] = resolve('', [aService('a')]).proxy().listeners;
    expect(listener?.routes.ignorePortInHostMatching).toBe(true);
  });
});

describe('which VirtualService a service gets', () => {
  it('trap 10: the oldest one, the others never', () => {
    const text = named('young', '[a]') + named('older', '[a]');
    const { proxy, found } = resolve(text, [aService('a')]);
    expect(routeName(proxy(), 'a')).toBe('older');
    expect(found).toEqual([
      `warning MQ-ROUTE-016 host "${A}" already has VirtualService default/older`,
    ]);
  });

  it('goes by the time of creation where that is known', () => {
    const stamped = named('a-young', '[a]').replace(
      '{name: a-young,',
      '{name: a-young, creationTimestamp: "2024-05-06T07:08:09Z",',
    );
    const older = named('z-old', '[a]').replace(
      '{name: z-old,',
      '{name: z-old, creationTimestamp: "2023-05-06T07:08:09Z",',
    );
    expect(routeName(resolve(stamped + older, [aService('a')]).proxy(), 'a')).toBe('z-old');
  });

  it('an exact host before a wildcard, a longer wildcard before a shorter one', () => {
    const wide = named('a-wide', '["*.cluster.local"]');
    const narrow = named('b-narrow', '["*.default.svc.cluster.local"]');
    const exact = named('c-exact', '[a]');
    const services = [aService('a')];
    expect(routeName(resolve(wide + narrow + exact, services).proxy(), 'a')).toBe('c-exact');
    expect(routeName(resolve(wide + narrow, services).proxy(), 'a')).toBe('b-narrow');
    expect(routeName(resolve(wide, services).proxy(), 'a')).toBe('a-wide');
  });

  it('one that is private to the client’s namespace before public ones', () => {
    const text =
      named('a-public', '[a]') + named('z-private', `[${A}]`, 'exportTo: ["."],', 'other');
    const { proxy } = resolve(text, [aService('a')]);
    expect(routeName(proxy({ namespace: 'other' }), A)).toBe('z-private');
    expect(routeName(proxy(), A)).toBe('a-public');
  });

  it('exportTo hides it from other namespaces', () => {
    const { proxy } = resolve(named('x', '[a]', 'exportTo: [team],'), [aService('a')]);
    expect(routeName(proxy({ namespace: 'team' }), A)).toBe('x');
    expect(routeName(proxy(), A)).toBe('default');
  });

  it('the next one when the first says nothing about this port', () => {
    const first = istio(
      'VirtualService',
      '{hosts: [a], http: [{match: [{port: 1}], route: [{destination: {host: a}}]}]}',
      'a1',
    );
    expect(routeName(resolve(first + named('b2', '[a]'), [aService('a')]).proxy(), 'a')).toBe('b2');
  });
});

describe('hosts without a service on the port', () => {
  it('trap 24: on port 80 they get a virtual host with the full name only', () => {
    const text = named('x', '[nowhere.example.com, only8080]');
    const config = resolve(text, [aService('a'), aService('only8080', { on: [8080] })]).proxy();
    expect(virtualHosts(config, 80).map((host) => host.domains)).toEqual([
      [A, `${A}.`, 'a', 'a.default.svc', 'a.default'],
      ['nowhere.example.com'],
      [fullName('only8080')],
    ]);
    expect(routeName(config, fullName('only8080'), 8080)).toBe('x');
  });

  it('without any service on port 80 there is no such listener', () => {
    const config = resolve(named('x', '[nowhere.example.com]'), [
      aService('a', { on: [8080] }),
    ]).proxy();
    expect(config.listeners.map((listener) => listener.port)).toEqual([8080]);
  });

  it('whatever is left is answered with 502, and the limits say so', () => {
    const { proxy, mesh } = resolve('', [aService('a')]);
    const hosts = proxy().listeners[0]?.routes.virtualHosts ?? [];
    expect(hosts.at(-1)).toMatchObject({ name: 'allow_any', domains: ['*'] });
    expect(hosts.at(-1)?.routes[0]?.action).toEqual({
      kind: 'direct-response',
      status: 502,
      body: '',
    });
    expect(mesh.limits[0]).toContain('answered with 502');
  });
});

describe('which services a proxy sees', () => {
  it('hides what is not exported to its namespace', () => {
    const services = [aService('a'), aService('b', { namespace: 'other', exportTo: ['other'] })];
    const { proxy } = resolve('', services);
    expect(virtualHosts(proxy()).map((host) => host.name)).toEqual([`${A}:80`]);
    expect(virtualHosts(proxy({ namespace: 'other' }))).toHaveLength(2);
  });

  it('makes no listener for ports that are not HTTP, and says so', () => {
    const port = { number: 5432, name: 'tcp', protocol: 'tcp', targetPort: 5432 } as const;
    const { proxy, mesh } = resolve('', [aService('a'), aService('db', { ports: [port] })]);
    expect(proxy().listeners.map((listener) => listener.port)).toEqual([80]);
    expect(mesh.limits).toContain(
      `port 5432 of ${fullName('db')} speaks tcp, which is not modelled: it has no listener`,
    );
  });
});
