/**
 * `RBAC` → the access filter: policies of permissions and principals, or a list of matchers.
 *
 * Source: Envoy v3 API, extensions/filters/http/rbac/v3 and config/rbac/v3; policy-engine.md §9.6.
 */
import type {
  RbacCondition,
  RbacConfig,
  RbacPolicy,
  RbacRules,
} from '../../../mesh/config/security.ts';
import { readAccessMatcher } from '../access-matcher.ts';
import { Fields, refuseExtension, typedConfigOf } from '../fields.ts';
import { readHeaderMatch, readStringMatch } from '../matchers.ts';

const ACTIONS = ['ALLOW', 'DENY', 'LOG'] as const;
const ACTION_OF = { ALLOW: 'allow', DENY: 'deny', LOG: 'log' } as const;

export function readRbac(fields: Fields): RbacConfig {
  const rules = fields.message('rules', 'RBAC');
  const shadow = fields.message('shadow_rules', 'RBAC');
  const matcher = fields.message('matcher', 'Matcher');
  const shadowMatcher = fields.message('shadow_matcher', 'Matcher');
  fields.withoutEffect('track_per_rule_stats');
  const statPrefix = fields.text('rules_stat_prefix') ?? '';
  const config = {
    rules: rules === undefined ? matcherRules(matcher) : readRules(rules),
    shadowRules: shadow === undefined ? matcherRules(shadowMatcher) : readRules(shadow),
    shadowStatPrefix: fields.text('shadow_rules_stat_prefix') ?? '',
    ...(statPrefix === '' ? {} : { statPrefix }),
  };
  fields.close();
  return config;
}

function readRules(fields: Fields): RbacRules {
  const action = ACTION_OF[fields.oneOf('action', ACTIONS) ?? 'ALLOW'];
  const entries = [...(fields.get('policies')?.entries() ?? [])];
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  const read = entries.map(([name, node]): RbacPolicy => {
    const policy = new Fields(node, 'Policy');
    const conditions = (list: string) => policy.messages(list, 'Rule').map(readCondition);
    const made = {
      name,
      permissions: conditions('permissions'),
      principals: conditions('principals'),
    };
    policy.close();
    return made;
  });
  fields.ignore('audit_logging_options');
  fields.close();
  return { action, policies: read };
}

/** Permissions and principals share most of their kinds. */
function readCondition(fields: Fields): RbacCondition {
  const condition = conditionOf(fields);
  fields.close();
  return condition;
}

function conditionOf(fields: Fields): RbacCondition {
  if (fields.flag('any')) return { kind: 'any' };
  for (const [kind, names] of [
    ['and', ['and_rules', 'and_ids']],
    ['or', ['or_rules', 'or_ids']],
  ] as const) {
    for (const name of names) {
      const set = fields.message(name, 'Set');
      if (set === undefined) continue;
      const of = set.messages(name.endsWith('rules') ? 'rules' : 'ids', 'Rule').map(readCondition);
      set.close();
      return { kind, of };
    }
  }
  const not = fields.message('not_rule', 'Rule') ?? fields.message('not_id', 'Rule');
  if (not !== undefined) return { kind: 'not', of: readCondition(not) };
  const header = fields.message('header', 'HeaderMatcher');
  if (header !== undefined) return { kind: 'header', match: readHeaderMatch(header) };
  const path = fields.message('url_path', 'PathMatcher');
  if (path !== undefined) {
    const match = path.message('path', 'StringMatcher');
    path.close();
    if (match !== undefined) return { kind: 'path', value: readStringMatch(match) };
  }
  const template = fields.message('uri_template', 'TypedExtensionConfig');
  if (template !== undefined) return readTemplate(template);
  return peerConditionOf(fields);
}

function readTemplate(fields: Fields): RbacCondition {
  fields.ignore('name');
  const typed = typedConfigOf(fields);
  fields.close();
  if (typed === undefined) return { kind: 'any' };
  if (typed.type !== 'envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig') {
    refuseExtension(typed, 'the path matcher');
    return { kind: 'any' };
  }
  const template = typed.fields.text('path_template') ?? '';
  typed.fields.close();
  return { kind: 'path-template', template };
}

function peerConditionOf(fields: Fields): RbacCondition {
  for (const [name, kind] of [
    ['destination_ip', 'destination-ip'],
    ['direct_remote_ip', 'direct-remote-ip'],
    ['remote_ip', 'remote-ip'],
    ['source_ip', 'direct-remote-ip'],
  ] as const) {
    const range = fields.message(name, 'CidrRange');
    if (range === undefined) continue;
    const cidr = `${range.text('address_prefix') ?? ''}/${range.integer('prefix_len') ?? 0}`;
    range.close();
    return { kind, cidr };
  }
  const port = fields.integer('destination_port');
  if (port !== undefined) return { kind: 'destination-port', from: port, to: port };
  const ports = fields.message('destination_port_range', 'Int32Range');
  if (ports !== undefined) {
    const range = { from: ports.integer('start') ?? 0, to: (ports.integer('end') ?? 1) - 1 };
    ports.close();
    return { kind: 'destination-port', ...range };
  }
  const server = fields.message('requested_server_name', 'StringMatcher');
  if (server !== undefined) return { kind: 'server-name', value: readStringMatch(server) };
  const peer = fields.message('authenticated', 'Authenticated');
  if (peer !== undefined) {
    const name = peer.message('principal_name', 'StringMatcher');
    peer.close();
    return { kind: 'authenticated', name: name === undefined ? null : readStringMatch(name) };
  }
  const metadata = fields.message('metadata', 'MetadataMatcher');
  if (metadata !== undefined) {
    // No filter here sets any, so nothing matches but what is inverted.
    const isInverted = metadata.flag('invert');
    metadata.ignore('filter', 'path', 'value');
    metadata.close();
    return isInverted ? { kind: 'any' } : { kind: 'or', of: [] };
  }
  fields.node.error('MQ-ENVOY-002', 'this kind of permission or principal is not modelled');
  return { kind: 'any' };
}

function matcherRules(matcher: Fields | undefined): RbacRules | null {
  return matcher === undefined ? null : readAccessMatcher(matcher);
}

/** `RBACPerRoute`: in place of the listener's; without a configuration nothing is asked. */
export function readRbacPerRoute(fields: Fields): RbacConfig {
  const rbac = fields.message('rbac', 'RBAC');
  fields.close();
  if (rbac !== undefined) return readRbac(rbac);
  return { rules: null, shadowRules: null, shadowStatPrefix: '' };
}
