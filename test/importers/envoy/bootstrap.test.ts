import { describe, expect, it } from 'vitest';
import { Diagnostics } from '../../../src/core/diagnostics.ts';
import { isBootstrap, readBootstrap } from '../../../src/importers/envoy/bootstrap.ts';
import { NameIds } from '../../../src/importers/name-ids.ts';

const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

function bootstrap(change: { route?: string; cluster?: string; filter?: string } = {}): string {
  const {
    route = '{ cluster: a }',
    cluster = 'connect_timeout: 0.25s',
    filter = 'envoy.extensions.filters.http.router.v3.Router',
  } = change;
  return `
admin: { address: { socket_address: { address: 127.0.0.1, port_value: 9901 } } }
static_resources:
  listeners:
  - name: l
    address: { socket_address: { address: 127.0.0.1, port_value: 10000 } }
    filter_chains:
      filters:
        name: hcm
        typed_config:
          "@type": type.googleapis.com/${HCM}
          stat_prefix: in
          http_filters:
          - name: f
            typed_config: { "@type": type.googleapis.com/${filter} }
          routeConfig:
            virtualHosts:
            - { name: v, domains: ['*'], routes: [{ match: { prefix: / }, route: ${route} }] }
  clusters:
  - name: a
    ${cluster}
`;
}

function read(text: string) {
  const diagnostics = new Diagnostics();
  const found = readBootstrap({ path: 'b.yaml', text }, new NameIds(), diagnostics);
  const told = diagnostics.sorted().map(({ code, line, column, message }) => {
    return `${line}:${column} ${code} ${message}`;
  });
  return { found, told };
}

describe('a bootstrap', () => {
  it('is told from mesh resources', () => {
    expect(isBootstrap(bootstrap())).toBe(true);
    expect(isBootstrap('{"staticResources": {}}')).toBe(true);
    expect(isBootstrap('apiVersion: v1\nkind: Service\n')).toBe(false);
  });

  it('says which fields it reads over', () => {
    const { found, told } = read(bootstrap({ cluster: 'respect_dns_ttl: true' }));
    expect(found).toBeDefined();
    expect(told).toEqual([
      '21:22 MQ-ENVOY-006 Cluster field "respect_dns_ttl" has no effect here: it is not modelled',
    ]);
    expect(read(bootstrap({ cluster: 'respect_dns_ttl: false' })).told).toEqual([]);
    expect(read(bootstrap({ cluster: 'alt_stat_name: other' })).told).toHaveLength(1);
  });

  it('is read in both spellings, with single items for lists and Envoy’s defaults', () => {
    const { found, told } = read(bootstrap());
    expect(told).toEqual([]);
    expect(found?.admin).toEqual({ host: '127.0.0.1', port: 9901 });
    const [listener] = found?.config.listeners ?? [];
    expect([listener?.port, listener?.streamIdleTimeoutMs]).toEqual([10_000, 300_000]);
    const action = listener?.routes.virtualHosts[0]?.routes[0]?.action;
    expect(action).toMatchObject({ kind: 'forward', timeoutMs: 15_000 });
    expect(found?.config.clusters[0]?.connectTimeoutMs).toBe(250);
  });

  it('refuses a field that is not modelled, with its place', () => {
    const { told } = read(bootstrap({ cluster: 'dns_resolvers: []' }));
    expect(told).toEqual([
      '21:5 MQ-ENVOY-001 Cluster field "dns_resolvers" is unknown or not modelled',
    ]);
  });

  it('refuses an extension by its name, and a chain without the router', () => {
    const { told } = read(bootstrap({ filter: 'envoy.extensions.filters.http.lua.v3.Lua' }));
    expect(told.join('\n')).toContain(
      'MQ-ENVOY-002 the HTTP filter "envoy.extensions.filters.http.lua.v3.Lua" is not modelled',
    );
    expect(told.join('\n')).toContain('http_filters do not end with the router');
  });

  it('refuses what Envoy refuses', () => {
    const backoff = 'retry_back_off: { base_interval: 1s, max_interval: 0.5s }';
    const route = `{ cluster: a, retry_policy: { retry_on: 5xx, ${backoff} } }`;
    expect(read(bootstrap({ route })).told.join('\n')).toContain('shorter than base_interval');
    const maglev = 'lb_policy: MAGLEV\n    maglev_lb_config: { table_size: 1000 }';
    expect(read(bootstrap({ cluster: maglev })).told.join('\n')).toContain('is no prime');
  });

  it('says what is wrong with a duration', () => {
    const { told } = read(bootstrap({ cluster: 'connect_timeout: 250ms' }));
    expect(told).toEqual(['21:22 MQ-FIELD-006 connect_timeout is "250ms", which is no duration']);
  });

  it('follows redirects as a policy, or as an action before there were policies, says', () => {
    const prefix = 'type.googleapis.com/envoy.extensions.internal_redirect';
    const known = `{ name: p, typed_config: { "@type": ${prefix}.previous_routes.v3.PreviousRoutesConfig } }`;
    const policy = `internal_redirect_policy: { redirect_response_codes: [301, 304], predicates: [${known}] }`;
    const redirectOf = (route: string) => {
      const { found, told } = read(bootstrap({ route: `{ cluster: a, ${route} }` }));
      const action = found?.config.listeners[0]?.routes.virtualHosts[0]?.routes[0]?.action;
      return { told, redirect: action?.kind === 'forward' ? action.internalRedirect : undefined };
    };
    expect(redirectOf(policy).redirect).toMatchObject({
      maxRedirects: 1,
      statuses: [301],
      predicates: [{ kind: 'previous-routes' }],
    });
    const old = 'internal_redirect_action: HANDLE_INTERNAL_REDIRECT, max_internal_redirects: 2';
    expect(redirectOf(old).redirect?.maxRedirects).toBe(2);
    expect(redirectOf('max_internal_redirects: 2').redirect).toBeUndefined();
    const unknown = known.replace('previous_routes.v3.PreviousRoutesConfig', 'x.v3.X');
    expect(redirectOf(policy.replace(known, unknown)).told.join('\n')).toContain(
      'MQ-ENVOY-002 the redirect predicate',
    );
  });

  it('lets the runtime set limits', () => {
    const layer = `
layered_runtime:
  layers:
  - name: s
    static_layer:
      circuit_breakers: { a: { default: { max_requests: 7, retry_budget: { budget_percent: 5 } } } }
`;
    const { found, told } = read(bootstrap() + layer);
    expect(told).toEqual([]);
    const limits = found?.config.clusters[0]?.circuitBreakers;
    expect(limits?.default).toMatchObject({ maxRequests: 7, retryBudget: { percent: 5 } });
    expect(limits?.high.maxRequests).toBe(1024);
  });
});
