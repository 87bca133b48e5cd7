import { describe, expect, it, test } from 'vitest';
import { HttpHead } from '../../../src/core/head.ts';
import {
  envoyForward,
  envoyRetryPolicy,
  envoyRoute,
  envoyVirtualHost,
} from '../../../src/mesh/config/complete.ts';
import type { RouteConfig, VirtualHostConfig } from '../../../src/mesh/config/config.ts';
import { RouteTable } from '../../../src/mesh/route/route-table.ts';

function tableOf(virtualHosts: VirtualHostConfig[], ignorePortInHostMatching = false): RouteTable {
  return new RouteTable({ name: 'routes', virtualHosts, ignorePortInHostMatching });
}

function hostFor(...domains: string[]): VirtualHostConfig {
  return envoyVirtualHost({ name: domains.join(' '), domains, routes: [envoyRoute()] });
}

function request(authority: string, path = '/'): HttpHead {
  return new HttpHead({ method: 'GET', authority, path });
}

function routeTo(name: string, prefix: string): RouteConfig {
  const path = { kind: 'prefix', value: prefix, ignoreCase: false } as const;
  return envoyRoute({ name, match: { path, headers: [], query: [] } });
}

describe('the virtual host of a request', () => {
  const table = tableOf([
    hostFor('*'),
    hostFor('shop.*'),
    hostFor('shop.example.*'),
    hostFor('*.com'),
    hostFor('*.example.com'),
    hostFor('*-eu.example.com'),
    hostFor('shop.example.com', 'Other.Example.com'),
  ]);

  test.each<[string, string]>([
    ['shop.example.com', 'shop.example.com Other.Example.com'],
    ['SHOP.Example.COM', 'shop.example.com Other.Example.com'],
    ['other.example.com', 'shop.example.com Other.Example.com'],
    ['cart.example.com', '*.example.com'],
    ['a.b.example.com', '*.example.com'],
    ['cart-eu.example.com', '*-eu.example.com'],
    ['example.com', '*.com'],
    ['.example.com', '*.com'],
    ['shop.example.org', 'shop.example.*'],
    ['shop.net', 'shop.*'],
    ['shop.', '*'],
    ['10.0.0.1', '*'],
    ['', '*'],
  ])('for %j is %s', (authority, name) => {
    expect(table.find(request(authority))?.virtualHost.name).toBe(name);
  });

  it('does not exist without a catch-all', () => {
    expect(tableOf([hostFor('a.example')]).find(request('b.example'))).toBeNull();
    expect(tableOf([]).find(request('b.example'))).toBeNull();
  });

  it('depends on the port unless that is ignored', () => {
    const hosts = [hostFor('shop.example'), hostFor('shop.example:8080'), hostFor('[::1]')];
    expect(tableOf(hosts).find(request('shop.example:80'))).toBeNull();
    expect(tableOf(hosts).find(request('shop.example:8080'))?.index).toBe(1);
    expect(tableOf(hosts, true).find(request('shop.example:80'))?.index).toBe(0);
    expect(tableOf(hosts, true).find(request('[::1]:80'))?.index).toBe(2);
    expect(tableOf(hosts, true).find(request('[::1]'))?.index).toBe(2);
  });

  it('takes a bare IPv6 address as it is', () => {
    expect(tableOf([hostFor('fe80::1')], true).find(request('fe80::1'))?.index).toBe(0);
  });

  it('is the first of two that claim one domain', () => {
    const table = tableOf([hostFor('a.example', '*.a'), hostFor('a.example', '*.a')]);
    expect(table.find(request('a.example'))?.index).toBe(0);
    expect(table.find(request('b.a'))?.index).toBe(0);
  });
});

describe('the route of a request', () => {
  const routes = [routeTo('cart', '/cart'), routeTo('c', '/c'), routeTo('cart again', '/cart')];
  const table = tableOf([
    envoyVirtualHost({ domains: ['a'], routes: [routeTo('a', '/')] }),
    envoyVirtualHost({ domains: ['*'], routes }),
  ]);

  it('is the first that matches', () => {
    expect(table.find(request('x', '/cart/1'))?.config.name).toBe('cart');
    expect(table.find(request('x', '/car'))?.config.name).toBe('c');
  });

  it('is none when no route of the virtual host matches, even if another one has a match', () => {
    expect(table.find(request('x', '/other'))).toBeNull();
  });

  it('is numbered over the whole table', () => {
    expect(table.routeCount).toBe(4);
    expect(table.find(request('a'))?.index).toBe(0);
    expect(table.find(request('x', '/cart'))?.index).toBe(1);
    expect(table.find(request('x', '/c'))?.index).toBe(2);
  });
});

describe('a compiled route', () => {
  function compiled(route: RouteConfig) {
    return tableOf([envoyVirtualHost({ routes: [route] })]).find(request('x'));
  }

  it('splits traffic only between several clusters', () => {
    expect(compiled(envoyRoute())?.split).toBeNull();
    const clusters = [
      { cluster: 'v1', weight: 90 },
      { cluster: 'v2', weight: 10 },
    ];
    const route = envoyRoute({ action: envoyForward({ clusters }) });
    expect(compiled(route)?.split?.totalWeight).toBe(100);
  });

  it('ignores the weight of a single cluster', () => {
    const clusters = [{ cluster: 'v1', weight: 0 }];
    expect(compiled(envoyRoute({ action: envoyForward({ clusters }) }))?.split).toBeNull();
  });

  it('has retry rules when its action has a policy', () => {
    expect(compiled(envoyRoute())?.retry).toBeNull();
    const retry = envoyRetryPolicy({ numRetries: 4 });
    const route = envoyRoute({ action: envoyForward({ retry }) });
    expect(compiled(route)?.retry?.numRetries).toBe(4);
  });

  it('that answers by itself has neither', () => {
    const action = { kind: 'direct-response', status: 200, body: 'ok' } as const;
    expect(compiled(envoyRoute({ action }))).toMatchObject({ split: null, retry: null });
  });
});
