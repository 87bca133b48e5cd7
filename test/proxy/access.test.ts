/**
 * Access policy on real sockets: rules over path, method, address and port; STRICT without TLS.
 */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RbacCondition, RbacRules } from '../../src/mesh/config/security.ts';
import { AUTHORITY } from '../conformance/engine-driver/mesh-config.ts';
import { ProxyUnderTest } from './proxy-under-test.ts';
import { RawUpstream, response } from './sockets.ts';

let upstream: RawUpstream;
let proxy: ProxyUnderTest;

beforeEach(() => {
  upstream = new RawUpstream(() => response('ok'));
  proxy = new ProxyUnderTest();
});

afterEach(async () => {
  await proxy.stop();
  upstream.close();
});

function rules(action: RbacRules['action'], ...conditions: RbacCondition[]) {
  const policy = {
    name: 'p',
    permissions: [{ kind: 'and', of: conditions }],
    principals: [{ kind: 'any' }],
  } as const;
  const config = { rules: { action, policies: [policy] }, shadowRules: null, shadowStatPrefix: '' };
  return { listener: { filters: [{ kind: 'rbac' as const, config }] } };
}

async function ask(request: string): Promise<void> {
  const client = proxy.connect();
  client.write(`${request} HTTP/1.1\r\nhost: ${AUTHORITY}\r\n\r\n`);
  const count = proxy.log.length + 1;
  await expect.poll(() => proxy.log.length).toBe(count);
}

it('refuses by path and method, and passes the rest', async () => {
  const path = { kind: 'path', value: { kind: 'prefix', value: '/admin' } } as const;
  const match = { name: ':method', value: { kind: 'exact', value: 'POST' } } as const;
  const method = {
    kind: 'header',
    match: { ...match, invert: false, treatMissingAsEmpty: false },
  } as const;
  await proxy.start(upstream, rules('deny', path, method));
  await ask('POST /admin/users?x=1');
  await ask('GET /admin');
  await ask('POST /');
  expect(proxy.log).toEqual([
    '403 - rbac_access_denied_matched_policy[p]',
    '200 - via_upstream',
    '200 - via_upstream',
  ]);
});

it('knows where a request comes from, and to which port of the mesh it goes', async () => {
  const here = { kind: 'direct-remote-ip', cidr: '127.0.0.0/8' } as const;
  const port = { kind: 'destination-port', from: 80, to: 80 } as const;
  await proxy.start(upstream, rules('allow', here, port));
  await ask('GET /');
  expect(proxy.log).toEqual(['200 - via_upstream']);
});

it('nobody has an identity', async () => {
  await proxy.start(upstream, rules('allow', { kind: 'authenticated', name: null }));
  await ask('GET /');
  expect(proxy.log).toEqual(['403 - rbac_access_denied_matched_policy[none]']);
});

it('with STRICT mTLS a connection in plain text is closed without an answer', async () => {
  await proxy.start(upstream, { listener: { mtls: { mode: 'strict', trustDomains: [] } } });
  const client = proxy.connect();
  client.write(`GET / HTTP/1.1\r\nhost: ${AUTHORITY}\r\n\r\n`);
  await expect.poll(() => client.isClosed).toBe(true);
  expect(client.received).toBe('');
  expect(upstream.requests).toEqual([]);
  let refused = 0;
  proxy.running.engine.visitStats((name, _kind, value) => {
    if (name.endsWith('no_filter_chain_match')) refused = value;
  });
  expect(refused).toBe(1);
});
