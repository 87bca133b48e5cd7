/**
 * What of a bootstrap the proxy on sockets refuses, though the engine could do it.
 */
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.ts';
import { loadBootstrap } from '../../src/proxy/bootstrap-config.ts';
import { refuseUnspoken } from '../../src/proxy/unspoken.ts';

function cluster(options: object): string {
  const bootstrap = { static_resources: { clusters: [{ name: 'a', type: 'STATIC', ...options }] } };
  return JSON.stringify(bootstrap);
}

function problemsOf(text: string): string[] {
  try {
    const file = { path: '/bootstrap.yaml', text };
    refuseUnspoken(loadBootstrap(file).config, file);
    return [];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.diagnostics.map(({ message }) => message);
  }
}

const PROTOCOLS = 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const check = (http: object) => ({
  health_checks: [
    {
      timeout: '1s',
      interval: '1s',
      unhealthy_threshold: 1,
      healthy_threshold: 1,
      http_health_check: { path: '/', ...http },
    },
  ],
});

describe('the proxy on sockets', () => {
  it('takes checks over HTTP/1', () => {
    expect(problemsOf(cluster(check({})))).toEqual([]);
  });

  it('refuses health checks over HTTP/2 by name', () => {
    expect(problemsOf(cluster(check({ codec_client_type: 'HTTP2' })))).toEqual([
      'a health check of cluster "a" speaks HTTP/2, which this proxy does not yet',
    ]);
  });

  it('refuses TCP proxies by name', () => {
    const typed = {
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
      stat_prefix: 't',
      cluster: 'a',
    };
    const listener = {
      name: 'l',
      address: { socket_address: { address: '127.0.0.1', port_value: 8080 } },
      filter_chains: [{ filters: [{ name: 'tcp', typed_config: typed }] }],
    };
    const text = JSON.stringify({ static_resources: { listeners: [listener] } });
    expect(problemsOf(text)).toEqual(['listener "l" speaks TCP, which this proxy does not yet']);
  });

  it('leaves a bootstrap alone that is only read', () => {
    const text = cluster(check({ codec_client_type: 'HTTP2' }));
    const { config } = loadBootstrap({ path: '/bootstrap.yaml', text });
    expect(config.clusters.map(({ name }) => name)).toEqual(['a']);
  });

  it('refuses clusters over HTTP/2 by name', () => {
    const options = { '@type': PROTOCOLS, explicit_http_config: { http2_protocol_options: {} } };
    const text = cluster({
      typed_extension_protocol_options: {
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': options,
      },
    });
    expect(problemsOf(text)).toEqual(['cluster "a" speaks HTTP/2, which this proxy does not yet']);
  });
});
