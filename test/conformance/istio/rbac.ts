/**
 * Access rules of an inbound listener, from Envoy's RBAC filters, in the simplest form that says the
 * same: istiod wraps single conditions in lists of one, this project does not.
 */
import type {
  RbacCondition,
  RbacConfig,
  RbacPolicy,
  RbacRules,
} from '../../../src/mesh/config/security.ts';
import type { Fields } from './fields.ts';
import { toHeader, toText } from './from-istiod.ts';

/** Takes `filters`, of which only the fault filter and access rules are known. */
export function toAccess(fields: Fields): RbacConfig[] {
  const filters = fields.list('filters').filter((item) => item !== 'envoy.filters.http.fault');
  if (filters.length === 0) return [];
  return fields.childrenOf('filters', filters).map((filter) => {
    filter.leave('name');
    const config = filter.child('config');
    config.leave('@type');
    return simplest({
      rules: config.has('rules') ? toRules(config.child('rules')) : null,
      shadowRules: config.has('shadowRules') ? toRules(config.child('shadowRules')) : null,
      shadowStatPrefix: config.text('shadowRulesStatPrefix'),
    });
  });
}

function toRules(fields: Fields): RbacRules {
  const policies = fields.child('policies');
  return {
    action: fields.text('action', 'ALLOW').toLowerCase() as RbacRules['action'],
    policies: policies.keys().map((name): RbacPolicy => {
      const policy = policies.child(name);
      return {
        name,
        permissions: policy.children('permissions').map(toCondition),
        principals: policy.children('principals').map(toCondition),
      };
    }),
  };
}

/** Lists of one become their element, single addresses networks. */
export function simplest(config: RbacConfig): RbacConfig {
  const rules = (given: RbacRules | null): RbacRules | null =>
    given === null
      ? null
      : {
          ...given,
          policies: given.policies.map((policy) => ({
            ...policy,
            permissions: policy.permissions.map(simplestCondition),
            principals: policy.principals.map(simplestCondition),
          })),
        };
  const shadowRules = rules(config.shadowRules);
  // Without such rules nothing is counted under the prefix.
  const shadowStatPrefix = shadowRules === null ? '' : config.shadowStatPrefix;
  return { rules: rules(config.rules), shadowRules, shadowStatPrefix };
}

function simplestCondition(condition: RbacCondition): RbacCondition {
  if (condition.kind === 'and' || condition.kind === 'or') {
    const of = condition.of.map(simplestCondition);
    return of.length === 1 && of[0] !== undefined ? of[0] : { ...condition, of };
  }
  if (condition.kind === 'not') return { kind: 'not', of: simplestCondition(condition.of) };
  if ('cidr' in condition && !condition.cidr.includes('/')) {
    return { ...condition, cidr: `${condition.cidr}/${condition.cidr.includes(':') ? 128 : 32}` };
  }
  if (condition.kind === 'path-template') {
    // Istio writes {*} and {**}, Envoy * and **.
    return { ...condition, template: condition.template.replace(/\{(\*+)\}/g, '$1') };
  }
  return condition;
}

/** Envoy's Permission and Principal have different words for the same. */
const LISTS = [
  ['andRules', 'rules', 'and'],
  ['orRules', 'rules', 'or'],
  ['andIds', 'ids', 'and'],
  ['orIds', 'ids', 'or'],
] as const;
const NETWORKS = [
  ['destinationIp', 'destination-ip'],
  ['directRemoteIp', 'direct-remote-ip'],
  ['remoteIp', 'remote-ip'],
] as const;

function toCondition(fields: Fields): RbacCondition {
  for (const [key, items, kind] of LISTS) {
    if (fields.has(key)) return { kind, of: fields.child(key).children(items).map(toCondition) };
  }
  for (const key of ['notRule', 'notId']) {
    if (fields.has(key)) return { kind: 'not', of: toCondition(fields.child(key)) };
  }
  for (const [key, kind] of NETWORKS) {
    if (fields.has(key)) return { kind, cidr: toCidr(fields.child(key)) };
  }
  return toQuestion(fields);
}

function toQuestion(fields: Fields): RbacCondition {
  if (fields.has('header')) return { kind: 'header', match: toHeader(fields.child('header')) };
  if (fields.has('urlPath')) {
    return { kind: 'path', value: toText(fields.child('urlPath').child('path')) };
  }
  if (fields.has('uriTemplate')) {
    const template = fields.child('uriTemplate');
    template.leave('name');
    const config = template.child('typedConfig');
    config.leave('@type');
    return { kind: 'path-template', template: config.text('pathTemplate') };
  }
  if (fields.has('destinationPort')) {
    const port = fields.number('destinationPort', 0);
    return { kind: 'destination-port', from: port, to: port };
  }
  if (fields.has('requestedServerName')) {
    return { kind: 'server-name', value: toText(fields.child('requestedServerName')) };
  }
  if (fields.has('authenticated')) {
    const name = fields.child('authenticated');
    const value = name.has('principalName') ? toText(name.child('principalName')) : null;
    return { kind: 'authenticated', name: value };
  }
  fields.leaveIf('any', true);
  return { kind: 'any' };
}

function toCidr(fields: Fields): string {
  return `${fields.text('addressPrefix')}/${fields.number('prefixLen', 0)}`;
}
