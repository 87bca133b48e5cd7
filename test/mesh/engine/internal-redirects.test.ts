import { describe, expect, it } from 'vitest';
import type { InternalRedirectConfig } from '../../../src/mesh/config/internal-redirect.ts';
import { OneProxy } from './one-proxy.ts';

function following(changes: Partial<InternalRedirectConfig> = {}): OneProxy {
  const internalRedirect: InternalRedirectConfig = {
    maxRedirects: 1,
    statuses: [302],
    allowsCrossScheme: false,
    predicates: [],
    copiedHeaders: [],
    ...changes,
  };
  const listener = { honoursControlHeaders: true };
  return new OneProxy({ endpoints: 2, listener, forward: { internalRedirect } });
}

const TO = [['location', 'http://other/next?x=1']] as const;

describe('a redirect of an upstream', () => {
  it('is followed: the client sees only what comes in the end', () => {
    const proxy = following();
    proxy.request({ path: '/first' });
    proxy.answer(302, proxy.stream, TO);
    const sent = proxy.ports.sentHeads.at(-1)!.head;
    expect([sent.authority, sent.path]).toEqual(['other', '/next?x=1']);
    expect(sent.get('x-envoy-original-url')).toBe('http://svc/first');
    expect(proxy.outcome).toBe('302 - internal_redirect');
    proxy.answer(200);
    expect(proxy.outcome).toBe('200 - via_upstream');
    expect(proxy.logged.attemptCount).toBe(1);
    expect(proxy.stat('http.in.downstream_rq_active')).toBe(0);
    expect(proxy.stat('http.in.downstream_rq_total')).toBe(2);
    expect(proxy.clusterStat('upstream_internal_redirect_succeeded_total')).toBe(1);
  });

  it('takes the body along, whole or not at all', () => {
    const proxy = following();
    const request = proxy.request({ method: 'POST' }, false);
    proxy.body(request, 'abc');
    proxy.body(request, 'def', true);
    proxy.answer(302, proxy.stream, TO);
    expect(proxy.ports.sentBodies.get(proxy.stream)).toBe('abcdef');
    const early = following();
    early.body(early.request({ method: 'POST' }, false), 'abc');
    early.answer(302, early.stream, TO);
    expect(early.logged.status).toBe(302);
    expect(early.clusterStat('upstream_internal_redirect_failed_total')).toBe(1);
  });

  it('goes to the client when it leads too far, nowhere, or elsewhere', () => {
    const proxy = following();
    proxy.request();
    proxy.answer(302, proxy.stream, TO);
    proxy.answer(302, proxy.stream, TO);
    expect(proxy.outcome).toBe('302 - via_upstream');
    expect(proxy.stat('http.in.passthrough_internal_redirect_too_many_redirects')).toBe(1);
    proxy.request();
    proxy.answer(302, proxy.stream, [['location', '/relative']]);
    expect(proxy.stat('http.in.passthrough_internal_redirect_bad_location')).toBe(1);
    proxy.request();
    proxy.answer(302, proxy.stream, [['location', 'https://other/']]);
    expect(proxy.stat('http.in.passthrough_internal_redirect_unsafe_scheme')).toBe(1);
    proxy.request();
    proxy.answer(301, proxy.stream, TO);
    expect(proxy.clusterStat('upstream_internal_redirect_failed_total')).toBe(3);
  });

  it('asks every predicate', () => {
    const proxy = following({
      maxRedirects: 5,
      predicates: [{ kind: 'previous-routes' }, { kind: 'allow-listed-routes', routes: ['all'] }],
    });
    proxy.request();
    proxy.answer(302, proxy.stream, TO);
    proxy.answer(302, proxy.stream, TO);
    expect(proxy.outcome).toBe('302 - via_upstream');
    expect(proxy.stat('http.in.passthrough_internal_redirect_predicate')).toBe(1);
  });

  it('holds its connection until the next turn has one', () => {
    const proxy = following();
    proxy.request();
    proxy.answer(302, proxy.stream, TO);
    proxy.answer(200);
    expect(proxy.clusterStat('upstream_cx_total')).toBe(2);
    expect(proxy.clusterStat('upstream_rq_active')).toBe(0);
  });
});
