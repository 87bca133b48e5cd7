import { describe, expect, it, test } from 'vitest';
import { HttpHead } from '../../../src/core/head.ts';
import {
  envoyForward,
  envoyRetryPolicy,
  envoyRoute,
  envoyVirtualHost,
} from '../../../src/mesh/config/complete.ts';
import type {
  RouteConfig,
  RouteTableConfig,
  VirtualHostConfig,
  WeightedCluster,
} from '../../../src/mesh/config/config.ts';
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

function exactly(value: string): RouteConfig {
  const path = { kind: 'exact', value, ignoreCase: false } as const;
  return envoyRoute({ match: { path, headers: [], query: [] } });
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

  it('passes parameters of paths over, where that is configured', () => {
    const virtualHosts = [envoyVirtualHost({ routes: [exactly('/a')] })];
    const found = (ignoresPathParameters: boolean) =>
      new RouteTable({
        name: 'routes',
        virtualHosts,
        ignorePortInHostMatching: false,
        ignoresPathParameters,
      }).find(request('x', '/a;v=1'));
    expect(found(true)).not.toBeNull();
    expect(found(false)).toBeNull();
    expect(tableOf(virtualHosts).find(request('x', '/a;v=1'))).toBeNull();
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

describe('a virtual host that wants TLS', () => {
  const table = (requiresTls?: 'all' | 'external') =>
    tableOf([
      envoyVirtualHost({ domains: ['plain'], routes: [envoyRoute()] }),
      envoyVirtualHost({
        routes: [envoyRoute()],
        ...(requiresTls === undefined ? {} : { requiresTls }),
      }),
      envoyVirtualHost({ domains: ['last'], routes: [envoyRoute()] }),
    ]);
  const over = (scheme: string, internal?: string) =>
    new HttpHead({
      authority: 'x',
      path: '/',
      headers: [
        ['x-forwarded-proto', scheme],
        ...(internal === undefined ? [] : [['x-envoy-internal', internal] as const]),
      ],
    });

  it('sends plain requests to https, permanently', () => {
    expect(table('all').find(over('http'))?.config.action).toEqual({
      kind: 'redirect',
      status: 301,
      scheme: 'https',
      host: '',
      port: 0,
      path: null,
      stripsQuery: false,
    });
    expect(table('all').find(over('https'))?.config.action.kind).toBe('forward');
    expect(table().find(over('http'))?.config.action.kind).toBe('forward');
  });

  it('may let requests from inside through', () => {
    expect(table('external').find(over('http', 'true'))?.config.action.kind).toBe('forward');
    expect(table('external').find(over('http', 'yes'))?.config.action.kind).toBe('redirect');
    expect(table('external').find(over('http'))?.config.action.kind).toBe('redirect');
    expect(table('all').find(over('http', 'true'))?.config.action.kind).toBe('redirect');
  });

  it('has one route more, behind its own', () => {
    expect(table().routeCount).toBe(3);
    expect(table('all').routeCount).toBe(4);
    expect(table('all').find(over('http'))?.index).toBe(2);
    expect(table('all').find(request('last'))?.index).toBe(3);
  });

  it('asks nothing of other virtual hosts', () => {
    expect(table('all').find(request('plain'))?.index).toBe(0);
  });
});

describe('what chooses a virtual host', () => {
  const hosts = [hostFor('a.example'), hostFor('b.example')];

  it('may be another header than the request’s host', () => {
    const table = new RouteTable({
      name: 'routes',
      virtualHosts: hosts,
      ignorePortInHostMatching: false,
      hostHeader: 'x-host',
    });
    const asking = (headers: readonly (readonly [string, string])[]) =>
      table.find(new HttpHead({ authority: 'a.example', path: '/', headers }))?.index;
    expect(asking([['x-host', 'b.example']])).toBe(1);
    expect(asking([['x-host', 'c.example']])).toBeUndefined();
    expect(asking([])).toBeUndefined();
  });

  it('is compared with its port, however many digits that has', () => {
    const table = tableOf([hostFor('shop'), hostFor('shop:1')], true);
    for (const authority of ['shop', 'shop:1', 'shop:65535']) {
      expect(table.find(request(authority))?.index).toBe(0);
    }
    expect(table.find(request('shop:x'))).toBeNull();
    expect(table.find(request('shop:1:'))).toBeNull();
  });
});

describe('routes that take a share of their requests', () => {
  const share = (numerator: number, denominator: 100 | 10_000) =>
    envoyRoute({
      name: 'some',
      match: { ...envoyRoute().match, fraction: { numerator, denominator } },
    });
  const withShare = (route: RouteConfig) =>
    tableOf([
      envoyVirtualHost({ routes: [route, envoyRoute({ name: 'rest' })] }),
      hostFor('plain'),
    ]);

  it('are passed over when the draw lies outside of it', () => {
    const table = withShare(share(30, 100));
    const named = (draw: number) => table.find(request('x'), draw)?.config.name;
    expect([0, 29, 30, 99, 100, 129, 130].map(named)).toEqual([
      'some',
      'some',
      'rest',
      'rest',
      'some',
      'some',
      'rest',
    ]);
    expect(withShare(share(0, 100)).find(request('x'), 0)?.config.name).toBe('rest');
    expect(withShare(share(9_999, 10_000)).find(request('x'), 9_998)?.config.name).toBe('some');
  });

  it('make the table want a draw, and to be asked for each request', () => {
    const table = withShare(share(30, 100));
    expect([table.hasFractions, table.isPerRequest]).toEqual([true, true]);
    const plain = tableOf([hostFor('*')]);
    expect([plain.hasFractions, plain.isPerRequest]).toEqual([false, false]);
  });
});

describe('a table is asked for each request', () => {
  const adds = (value: string) => ({
    remove: [],
    add: [{ name: 'x', value, action: 'append-if-exists-or-add', keepsEmpty: false } as const],
  });
  const about = adds('%DOWNSTREAM_REMOTE_PORT%');
  const isPerRequest = (partial: Partial<RouteTableConfig>) =>
    new RouteTable({
      name: 'routes',
      virtualHosts: [hostFor('*')],
      ignorePortInHostMatching: false,
      ...partial,
    }).isPerRequest;
  const routed = (route: Partial<RouteConfig>) => ({
    virtualHosts: [
      hostFor('plain'),
      envoyVirtualHost({ routes: [envoyRoute(), envoyRoute(route)] }),
    ],
  });

  it('when changes on any level speak of the connection', () => {
    expect(isPerRequest({ requestHeaders: about })).toBe(true);
    expect(isPerRequest({ responseHeaders: about })).toBe(true);
    expect(isPerRequest({ requestHeaders: adds('%REQ(x-a)%') })).toBe(false);
    expect(isPerRequest({ virtualHosts: [{ ...hostFor('*'), responseHeaders: about }] })).toBe(
      true,
    );
    expect(isPerRequest(routed({ requestHeaders: about }))).toBe(true);
    const clusters = [{ cluster: 'a', weight: 1, responseHeaders: about }];
    expect(isPerRequest(routed({ action: envoyForward({ clusters }) }))).toBe(true);
    const direct = { kind: 'direct-response', status: 200, body: '' } as const;
    expect(isPerRequest(routed({ action: direct, responseHeaders: about }))).toBe(true);
    expect(isPerRequest(routed({ action: direct }))).toBe(false);
  });

  it('when one of its routes asks about certificates', () => {
    const match = { ...envoyRoute().match, tls: { presented: true } };
    expect(isPerRequest(routed({ match }))).toBe(true);
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

  it('has variants where clusters of a split differ in more than their weight', () => {
    const requestHeaders = { remove: ['x-a'], add: [] };
    const splitInto = (...clusters: WeightedCluster[]) =>
      compiled(envoyRoute({ action: envoyForward({ clusters }) }));
    const one = { cluster: 'v1', weight: 9 };
    const two = { cluster: 'v2', weight: 1 };
    expect(splitInto(one, two)).toMatchObject({ variants: null, edits: null });
    const differing = splitInto(one, { ...two, requestHeaders });
    expect(differing?.edits).toBeNull();
    expect(differing?.variants?.map(({ cluster, edits }) => [cluster.cluster, edits])).toEqual([
      ['v1', null],
      ['v2', expect.anything()],
    ]);
    expect(splitInto({ ...one, requestHeaders }, two)?.edits).toBeNull();
    const alone = splitInto({ ...one, requestHeaders });
    expect(alone?.variants).toBeNull();
    expect(alone?.edits).not.toBeNull();
  });

  it('has a hash, descriptors and changes only where they are configured', () => {
    expect(compiled(envoyRoute())).toMatchObject({ hash: null, descriptors: null, edits: null });
    expect(compiled(envoyRoute({ action: envoyForward({ hashPolicy: [] }) }))?.hash).toBeNull();
    expect(
      compiled(envoyRoute({ action: envoyForward({ rateLimits: [] }) }))?.descriptors,
    ).toBeNull();
    const action = envoyForward({
      hashPolicy: [{ kind: 'source-ip', isTerminal: false }],
      rateLimits: [{ stage: 0, actions: [{ kind: 'remote-address' }] }],
      hostRewrite: { kind: 'literal', value: 'other' },
    });
    const made = compiled(envoyRoute({ action }));
    expect(made?.hash?.readsConnection).toBe(true);
    expect(made?.descriptors).not.toBeNull();
    expect(made?.edits).not.toBeNull();
  });

  it('that answers by itself has neither', () => {
    const action = { kind: 'direct-response', status: 200, body: 'ok' } as const;
    expect(compiled(envoyRoute({ action }))).toMatchObject({ split: null, retry: null });
  });
});

describe('routes behind guards', () => {
  const header = (value: string) => {
    const match = { kind: 'exact', value } as const;
    const item = { name: 'x-m', value: match, invert: false, treatMissingAsEmpty: false };
    return { kind: 'header', match: item } as const;
  };
  const guarded = (name: string, prefix: string, guard: RouteConfig['match']['guard']) => {
    const route = routeTo(name, prefix);
    return { ...route, match: { ...route.match, ...(guard === undefined ? {} : { guard }) } };
  };
  const table = tableOf([
    envoyVirtualHost({
      domains: ['*'],
      routes: [
        guarded('deep', '/deep', header('a')),
        guarded('b', '/', { kind: 'or', of: [header('b'), { kind: 'not', of: header('c') }] }),
        guarded('rest', '/', { kind: 'any' }),
      ],
    }),
  ]);
  const find = (path: string, value: string) => {
    const head = new HttpHead({ method: 'GET', authority: 'x', path, headers: [['x-m', value]] });
    return table.find(head)?.config.name;
  };

  it('are tried in order, and the first whose guard holds is the only one', () => {
    expect(find('/deep', 'a')).toBe('deep');
    expect(find('/', 'a')).toBeUndefined();
    expect(find('/', 'b')).toBe('b');
    expect(find('/', 'c')).toBe('rest');
  });
});
