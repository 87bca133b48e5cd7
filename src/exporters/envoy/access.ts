/**
 * The access filter: rules, and the conditions that they are made of.
 *
 * Source: Envoy v3 API, config/rbac/v3.
 */
import type { RbacCondition, RbacConfig, RbacRules } from '../../mesh/config/security.ts';
import { headerMatch, stringMatch } from './matchers.ts';
import { cidrRange, extension, given, type Message, message, unless } from './message.ts';

export function rbac({ rules, shadowRules, shadowStatPrefix }: RbacConfig): Message {
  return {
    rules: given(exportable(rules), rbacRules),
    shadow_rules: given(exportable(shadowRules), rbacRules),
    shadow_rules_stat_prefix: unless(shadowStatPrefix, ''),
  };
}

/** Rules that came from matchers are not written; the list of differences names them. */
function exportable(rules: RbacRules | null): RbacRules | null {
  return rules?.action === 'by-policy' ? null : rules;
}

function rbacRules({ action, policies }: RbacRules): Message {
  const named = policies.map(({ name, permissions, principals }) => {
    const policy = {
      permissions: permissions.map((item) => condition(item, 'rule')),
      principals: principals.map((item) => condition(item, 'id')),
    };
    return [name, policy] as const;
  });
  return message({
    action: action === 'allow' ? undefined : action.toUpperCase(),
    policies: named.length === 0 ? undefined : Object.fromEntries(named),
  });
}

/** Permissions combine `rules`, principals `ids`; what some only have as the other is refused by Envoy. */
type Word = 'rule' | 'id';

function condition(item: RbacCondition, word: Word): Message {
  switch (item.kind) {
    case 'any':
      return { any: true };
    case 'and':
    case 'or': {
      const of = item.of.map((inner) => condition(inner, word));
      return { [`${item.kind}_${word}s`]: { [`${word}s`]: of } };
    }
    case 'not':
      return { [`not_${word}`]: condition(item.of, word) };
    case 'query':
    case 'fact':
      throw new Error('only matchers ask this, and they are not written');
    case 'header':
      return { header: headerMatch(item.match) };
    case 'path':
      return { url_path: { path: stringMatch(item.value) } };
    case 'path-template': {
      const type = 'path.match.uri_template.v3.UriTemplateMatchConfig';
      const template = extension('uri-template', type, { path_template: item.template });
      return { uri_template: template };
    }
    case 'destination-ip':
      return { destination_ip: cidrRange(item.cidr) };
    case 'direct-remote-ip':
      return { direct_remote_ip: cidrRange(item.cidr) };
    case 'remote-ip':
      return { remote_ip: cidrRange(item.cidr) };
    case 'destination-port':
      return item.from === item.to
        ? { destination_port: item.from }
        : { destination_port_range: { start: item.from, end: item.to + 1 } };
    case 'server-name':
      return { requested_server_name: stringMatch(item.value) };
    case 'authenticated':
      return { authenticated: message({ principal_name: given(item.name, stringMatch) }) };
  }
}
