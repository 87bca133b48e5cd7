import { describe, expect, it } from 'vitest';
import { RecordKind } from '../../../src/core/records.ts';
import type { RbacConfig, RbacRules } from '../../../src/mesh/config/security.ts';
import { denial } from '../../../src/mesh/filters/rbac.ts';
import { OneProxy } from '../engine/one-proxy.ts';

const ANY = { kind: 'any' } as const;

function onPath(action: RbacRules['action'], path: string, name = 'the rule'): RbacRules {
  const permission = { kind: 'path', value: { kind: 'exact', value: path } } as const;
  return { action, policies: [{ name, permissions: [permission], principals: [ANY] }] };
}

function proxyWith(...configs: readonly Partial<RbacConfig>[]): OneProxy {
  const filters = configs.map((config) => ({
    kind: 'rbac' as const,
    config: { rules: null, shadowRules: null, shadowStatPrefix: '', ...config },
  }));
  return new OneProxy({ listener: { filters } });
}

describe('the RBAC filter', () => {
  it('answers 403 and names the policy, with blanks as underscores', () => {
    const proxy = proxyWith({ rules: onPath('deny', '/admin') });
    proxy.request({ path: '/admin' });
    expect(proxy.outcome).toBe('403 - rbac_access_denied_matched_policy[the_rule]');
    expect(proxy.ports.answers.at(-1)?.body).toBe('RBAC: access denied');
    expect(proxy.ports.records.filter(({ kind }) => kind === RecordKind.accessDenied)).toHaveLength(
      1,
    );
    expect([proxy.stat('http.in.rbac.denied'), proxy.stat('http.in.rbac.allowed')]).toEqual([1, 0]);
  });

  it('names no policy when an allow list has none for the request', () => {
    const proxy = proxyWith({ rules: onPath('allow', '/') });
    proxy.request({ path: '/other' });
    expect(proxy.outcome).toBe('403 - rbac_access_denied_matched_policy[none]');
    expect(denial('none').flag).toBe(0);
  });

  it('denies everything when an allow list is empty', () => {
    const proxy = proxyWith({ rules: { action: 'allow', policies: [] } });
    proxy.request();
    expect(proxy.logged.status).toBe(403);
  });

  it('tells gRPC callers "permission denied"', () => {
    const proxy = proxyWith({ rules: onPath('deny', '/') });
    proxy.request({ headers: [['content-type', 'application/grpc']] });
    expect(proxy.ports.answers.at(-1)?.head.get('grpc-status')).toBe('7');
  });

  it('lets pass what it allows', () => {
    const proxy = proxyWith({ rules: onPath('allow', '/') });
    proxy.request({ path: '/?q=1' });
    proxy.answer(200);
    expect(proxy.outcome).toBe('200 - via_upstream');
    expect(proxy.stat('http.in.rbac.allowed')).toBe(1);
  });

  it('only counts what shadow rules say', () => {
    const shadowRules = onPath('deny', '/');
    const proxy = proxyWith({ shadowRules, shadowStatPrefix: 'dry_' });
    proxy.request();
    proxy.answer(200);
    expect(proxy.logged.status).toBe(200);
    expect(proxy.stat('http.in.rbac.dry_.shadow_denied')).toBe(1);
    expect(proxy.stat('http.in.rbac.denied')).toBe(0);
  });

  it('of several filters the first refusal wins', () => {
    const proxy = proxyWith(
      { rules: onPath('log', '/') },
      { rules: onPath('deny', '/', 'first') },
      { rules: onPath('deny', '/', 'second') },
    );
    proxy.request();
    expect(proxy.logged.details).toBe('rbac_access_denied_matched_policy[first]');
  });
});
