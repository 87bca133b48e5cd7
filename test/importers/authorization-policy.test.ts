import { describe, expect, it } from 'vitest';
import type { PeerFacts } from '../../src/core/engine.ts';
import { type HeadFields, HttpHead } from '../../src/core/head.ts';
import type { RbacConfig } from '../../src/mesh/config/security.ts';
import { AccessRules } from '../../src/mesh/security/authorization.ts';
import { aService, importText, resolve } from './mesh-helpers.ts';

function policy(spec: string, name = 'p', namespace = 'default', annotation = ''): string {
  const annotations = annotation === '' ? '' : `, annotations: {istio.io/dry-run: "${annotation}"}`;
  const meta = `metadata: {name: ${name}, namespace: ${namespace}${annotations}}`;
  return `---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n${meta}\nspec: ${spec}\n`;
}

const rule = (text: string) => `{rules: [${text}]}`;
const source = (text: string) => rule(`{from: [{source: {${text}}}]}`);
const operation = (text: string) => rule(`{to: [{operation: {${text}}}]}`);
const when = (text: string) => rule(`{when: [{${text}}]}`);

describe('an AuthorizationPolicy that istiod refuses is an error', () => {
  it.each([
    [
      'AP-1',
      '{selector: {matchLabels: {a: b}}, targetRefs: [{kind: Service, name: a}]}',
      'MQ-AUTHZ-010',
    ],
    ['AP-2', '{action: DENY}', 'MQ-AUTHZ-001'],
    ['AP-2', '{action: DENY, rules: []}', 'MQ-AUTHZ-001'],
    ['AP-4', rule('null'), 'MQ-AUTHZ-002'],
    ['AP-4', rule('{from: [null]}'), 'MQ-AUTHZ-002'],
    ['AP-4', rule('{from: [{}]}'), 'MQ-AUTHZ-002'],
    ['AP-4', source(''), 'MQ-AUTHZ-002'],
    ['AP-4', operation(''), 'MQ-AUTHZ-002'],
    ['AP-4', rule('{to: [{}]}'), 'MQ-AUTHZ-002'],
    ['AP-5', source('principals: [""]'), 'MQ-AUTHZ-003'],
    ['AP-5', operation('methods: [""]'), 'MQ-AUTHZ-003'],
    ['AP-5', source('ipBlocks: [10.0.0.0/33]'), 'MQ-AUTHZ-003'],
    ['AP-5', source('notRemoteIpBlocks: [here]'), 'MQ-AUTHZ-003'],
    ['AP-5', operation('ports: ["65536"]'), 'MQ-AUTHZ-003'],
    ['AP-5', operation('notPorts: [http]'), 'MQ-AUTHZ-003'],
    ['AP-6', source('serviceAccounts: [a], principals: [b]'), 'MQ-AUTHZ-004'],
    ['AP-6', source('serviceAccounts: [a], notNamespaces: [b]'), 'MQ-AUTHZ-004'],
    ['AP-6', source('serviceAccounts: ["a*"]'), 'MQ-AUTHZ-004'],
    ['AP-6', source('serviceAccounts: [a/b/c]'), 'MQ-AUTHZ-004'],
    ['AP-6', source('serviceAccounts: ["/b"]'), 'MQ-AUTHZ-004'],
    ['AP-6', source(`serviceAccounts: [${'a, '.repeat(17)}]`), 'MQ-AUTHZ-004'],
    ['AP-7', operation('paths: ["/{a}"]'), 'MQ-AUTHZ-005'],
    ['AP-7', operation('paths: ["/{**}/{*}"]'), 'MQ-AUTHZ-005'],
    ['AP-7', operation('notPaths: ["/a{*}"]'), 'MQ-AUTHZ-005'],
    ['AP-7', operation('paths: ["/a b/{*}"]'), 'MQ-AUTHZ-005'],
    ['AP-8', when('key: "", values: [a]'), 'MQ-AUTHZ-006'],
    ['AP-8', when('values: [a]'), 'MQ-AUTHZ-006'],
    ['AP-8', when('key: source.name, values: [a]'), 'MQ-AUTHZ-006'],
    ['AP-8', when('key: source.ip'), 'MQ-AUTHZ-006'],
    ['AP-8', when('key: "request.headers[]", values: [a]'), 'MQ-AUTHZ-006'],
    ['AP-8', when('key: request.headers, values: [a]'), 'MQ-AUTHZ-006'],
    ['AP-8', when('key: host, values: [a]'), 'MQ-AUTHZ-006'],
    ['AP-8', when('key: destination.user, values: [a]'), 'MQ-AUTHZ-006'],
    ['AP-8', when('key: "destination.labels[v]", values: [a]'), 'MQ-AUTHZ-006'],
    ['AP-8', when('key: source.trustDomain, values: ["a*b"]'), 'MQ-AUTHZ-003'],
    ['AP-8', when('key: destination.port, notValues: ["-1"]'), 'MQ-AUTHZ-003'],
    ['schema', '{action: allow}', 'MQ-FIELD-004'],
    ['schema', rule('{form: []}'), 'MQ-FIELD-002'],
  ])('%s: %s → %s', (_rule, spec, code) => {
    expect(importText(policy(spec)).found.join('\n')).toContain(`error ${code}`);
  });

  it.each([
    ['maybe', '{}'],
    ['true', '{action: AUDIT, rules: [{}]}'],
  ])('AP-9: dry run %s of %s', (annotation, spec) => {
    const { found } = importText(policy(spec, 'p', 'default', annotation));
    expect(found.join()).toContain('error MQ-AUTHZ-007');
  });
});

describe('what is valid but not modelled is refused by name', () => {
  it.each([
    ['CUSTOM', '{action: CUSTOM, provider: {name: x}, rules: [{}]}'],
    ['targetRefs', '{targetRefs: [{kind: Service, name: a}]}'],
    ['requestPrincipals', source('requestPrincipals: ["*"]')],
    ['a claim', when('key: "request.auth.claims[iss]", values: [a]')],
    ['metadata', when('key: "experimental.envoy.filters.a[b]", values: [a]')],
  ])('%s', (_what, spec) => {
    expect(importText(policy(spec)).found.join()).toContain('error MQ-IMPORT-004');
  });
});

describe('an AuthorizationPolicy that istiod accepts', () => {
  it.each([
    ['nothing', '{}', ''],
    ['no rules', '{rules: []}', ''],
    ['an empty rule', rule('{}'), ''],
    ['an empty from', rule('{from: []}'), 'warning MQ-AUTHZ-009'],
    ['a selector without labels', '{selector: {matchLabels: {}}}', 'warning MQ-AUTHZ-011'],
    ['DENY by path', '{action: DENY, rules: [{to: [{operation: {paths: [/a]}}]}]}', 'MQ-AUTHZ-008'],
    ['DENY by port', '{action: DENY, rules: [{to: [{operation: {ports: ["80"]}}]}]}', ''],
    ['sixteen accounts', source(`serviceAccounts: [${'a, '.repeat(16)}]`), ''],
    ['a star within', operation('paths: ["/a*b"]'), ''],
  ])('%s', (_what, spec, warning) => {
    const { diagnostics, found } = importText(policy(spec));
    expect(diagnostics.hasErrors).toBe(false);
    expect(found.join()).toContain(warning);
    if (warning === '') expect(found).toEqual([]);
  });
});

interface Asked extends HeadFields {
  readonly principal?: string;
  readonly from?: string;
}

/** Whether a workload of `shop` with the label `app: a` answers, on port 8080. */
function allows(text: string, asked: Asked = {}, trustDomain = 'cluster.local'): boolean {
  const { principal, from = '10.1.0.1', ...fields } = asked;
  const service = aService('a', { namespace: 'shop', on: [8080] });
  const names = { clusterDomain: 'cluster.local', rootNamespace: 'istio-system', trustDomain };
  const config = resolve(text, [service], names).proxy({
    namespace: 'shop',
    labels: { app: 'a' },
    serves: [service.host],
  });
  const listener = config.listeners.find(({ direction }) => direction === 'inbound');
  const head = new HttpHead({ method: 'GET', authority: 'a.shop', path: '/', ...fields });
  const peer: PeerFacts = {
    tls: principal !== undefined,
    validated: principal !== undefined,
    sans: principal === undefined ? [] : [{ type: 'uri', value: `spiffe://${principal}` }],
    serverName: null,
    protocol: 'http1',
    remoteAddress: `${from}:1234`,
    localAddress: '10.0.0.1:8080',
  };
  return (listener?.filters ?? []).every((filter) => {
    if (filter.kind !== 'rbac' || filter.config.rules === null) return true;
    const rules = new AccessRules(filter.config.rules);
    return rules.isAllowed(rules.matchOf(head, peer));
  });
}

const WEB = 'cluster.local/ns/front/sa/web';
const shop = (spec: string, name = 'p') => policy(spec, name, 'shop');

describe('who gets in', () => {
  it.each<[string, string, Asked, boolean]>([
    ['everybody, without policies', '', {}, true],
    ['nobody, with an empty one', shop('{}'), {}, false],
    ['everybody, with an empty rule', shop(rule('{}')), {}, true],
    ['nobody, with an empty DENY rule', shop('{action: DENY, rules: [{}]}'), {}, false],
    ['everybody, with an empty from', shop(rule('{from: []}')), {}, true],
    ['everybody, when it is only audited', shop('{action: AUDIT, rules: [{}]}'), {}, true],
    ['a principal', shop(source(`principals: [${WEB}]`)), { principal: WEB }, true],
    ['not another one', shop(source(`principals: [${WEB}]`)), { principal: `${WEB}2` }, false],
    ['not on plain text', shop(source('principals: ["*"]')), {}, false],
    ['anybody with an identity', shop(source('principals: ["*"]')), { principal: WEB }, true],
    ['by its end', shop(source('principals: ["*/sa/web"]')), { principal: WEB }, true],
    [
      'by its beginning',
      shop(source('principals: ["cluster.local/ns/front/*"]')),
      { principal: WEB },
      true,
    ],
    [
      'by its end, from within the trust domain',
      shop(source('principals: ["*l/ns/front/sa/web"]')),
      { principal: WEB },
      true,
    ],
    ['whoever has none', shop(source('notPrincipals: ["*"]')), {}, true],
    ['a namespace', shop(source('namespaces: [front]')), { principal: WEB }, true],
    ['a namespace, with a star', shop(source('namespaces: ["fr*t"]')), { principal: WEB }, true],
    ['not a longer one', shop(source('namespaces: [fron]')), { principal: WEB }, false],
    ['an account', shop(source('serviceAccounts: [front/web]')), { principal: WEB }, true],
    [
      'an account of its own namespace',
      shop(source('serviceAccounts: [web]')),
      { principal: WEB },
      false,
    ],
    ['a trust domain', shop(source('trustDomains: ["cluster.*"]')), { principal: WEB }, true],
    ['an address', shop(source('ipBlocks: [10.1.0.0/16]')), {}, true],
    ['no other', shop(source('notIpBlocks: [10.1.0.0/16]')), {}, false],
    [
      'a client behind a proxy',
      shop(source('remoteIpBlocks: [1.2.3.4]')),
      { headers: [['x-forwarded-for', '1.2.3.4']] },
      true,
    ],
    ['a method', shop(operation('methods: [GET]')), {}, true],
    ['methods are case-sensitive', shop(operation('methods: [get]')), {}, false],
    ['a path, whatever the query', shop(operation('paths: [/a]')), { path: '/a?b' }, true],
    ['a path by its beginning', shop(operation('paths: ["/a/*"]')), { path: '/a/b/c' }, true],
    [
      'two stars at the end are one and a letter',
      shop(operation('paths: ["/a/**"]')),
      { path: '/a/b' },
      false,
    ],
    ['a template', shop(operation('paths: ["/u/{*}/x"]')), { path: '/u/7/x' }, true],
    ['a host, whatever its case', shop(operation('hosts: [A.SHOP]')), {}, true],
    [
      'a port is part of the host',
      shop(operation('hosts: [a.shop]')),
      { authority: 'a.shop:80' },
      false,
    ],
    ['the workload’s port', shop(operation('ports: ["8080"]')), {}, true],
    [
      'a header',
      shop(when('key: "request.headers[X-A]", values: ["b*"]')),
      { headers: [['x-a', 'bc']] },
      true,
    ],
    ['without a header', shop(when('key: "request.headers[x-a]", notValues: ["*"]')), {}, true],
    ['a destination', shop(when('key: destination.ip, values: [10.0.0.0/24]')), {}, true],
    [
      'all parts of a rule must hold',
      shop(
        rule(`{from: [{source: {principals: ["${WEB}"]}}], to: [{operation: {methods: [POST]}}]}`),
      ),
      { principal: WEB },
      false,
    ],
    [
      'one of several sources',
      shop(rule('{from: [{source: {namespaces: [x]}}, {source: {ipBlocks: [10.1.0.1]}}]}')),
      {},
      true,
    ],
    ['all fields of a source', shop(source('namespaces: [x], ipBlocks: [10.1.0.1]')), {}, false],
    ['DENY comes first', shop(rule('{}')) + shop('{action: DENY, rules: [{}]}', 'd'), {}, false],
    ['one of several ALLOW policies', shop('{}') + shop(rule('{}'), 'q'), {}, true],
  ])('%s', (_what, text, asked, expected) => {
    expect(importText(text).diagnostics.hasErrors).toBe(false);
    expect(allows(text, asked)).toBe(expected);
  });

  it('policies of the root namespace apply everywhere, with and without selector', () => {
    const root = (spec: string) => policy(spec, 'r', 'istio-system');
    expect(allows(root('{}'))).toBe(false);
    expect(allows(root('{selector: {matchLabels: {app: a}}}'))).toBe(false);
    expect(allows(root('{selector: {matchLabels: {app: b}}}'))).toBe(true);
    expect(allows(policy('{}', 'p', 'elsewhere'))).toBe(true);
  });

  it('"cluster.local" means the mesh’s own trust domain', () => {
    const text = shop(source(`principals: [${WEB}]`));
    expect(allows(text, { principal: 'td/ns/front/sa/web' }, 'td')).toBe(true);
    expect(allows(text, { principal: WEB }, 'td')).toBe(false);
  });

  it('a dry run changes nothing', () => {
    expect(allows(policy('{}', 'p', 'shop', 'true'))).toBe(true);
    expect(allows(policy('{}', 'p', 'shop', 'f'))).toBe(false);
  });
});

describe('the filters of a workload', () => {
  function filtersOf(text: string): RbacConfig[] {
    const service = aService('a', { namespace: 'shop' });
    const config = resolve(text, [service]).proxy({ namespace: 'shop', serves: [service.host] });
    const listener = config.listeners.find(({ direction }) => direction === 'inbound');
    return (listener?.filters ?? []).flatMap((item) => (item.kind === 'rbac' ? [item.config] : []));
  }

  it('audit, then deny, then allow; each rule has a name', () => {
    const text =
      shop('{rules: [{}, {}]}', 'a') +
      shop('{action: DENY, rules: [{}]}', 'd') +
      shop('{action: AUDIT, rules: [{}]}', 'l');
    const named = filtersOf(text).map(({ rules }) => [
      rules?.action,
      ...(rules?.policies ?? []).map(({ name }) => name),
    ]);
    expect(named).toEqual([
      ['log', 'ns[shop]-policy[l]-rule[0]'],
      ['deny', 'ns[shop]-policy[d]-rule[0]'],
      ['allow', 'ns[shop]-policy[a]-rule[0]', 'ns[shop]-policy[a]-rule[1]'],
    ]);
  });

  it('keep dry runs apart', () => {
    const [filter] = filtersOf(policy(rule('{}'), 'p', 'shop', 'true'));
    expect(filter).toMatchObject({ rules: null, shadowStatPrefix: 'istio_dry_run_allow_' });
    expect(filter?.shadowRules?.policies).toHaveLength(1);
  });

  it('are shared between workloads that get the same', () => {
    const service = aService('a', { namespace: 'shop' });
    const resolved = resolve(shop('{}'), [service]);
    const inboundOf = (ip: string) =>
      resolved.proxy({ namespace: 'shop', ip, serves: [service.host] }).listeners.at(-1);
    expect(inboundOf('10.0.0.1')).toBe(inboundOf('10.0.0.2'));
  });
});
