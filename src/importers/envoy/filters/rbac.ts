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
import type { Fields } from '../fields.ts';
import { refuseExtension, typedConfigOf } from '../fields.ts';
import { readHeaderMatch, readStringMatch } from '../matchers.ts';

const ACTIONS = ['ALLOW', 'DENY', 'LOG'] as const;
const ACTION_OF = { ALLOW: 'allow', DENY: 'deny', LOG: 'log' } as const;

export function readRbac(fields: Fields): RbacConfig {
  const rules = fields.message('rules', 'RBAC');
  const shadow = fields.message('shadow_rules', 'RBAC');
  const matcher = fields.message('matcher', 'Matcher');
  const shadowMatcher = fields.message('shadow_matcher', 'Matcher');
  const config = {
    rules: rules === undefined ? matcherRules(matcher) : readRules(rules),
    shadowRules: shadow === undefined ? matcherRules(shadowMatcher) : readRules(shadow),
    shadowStatPrefix: fields.text('shadow_rules_stat_prefix') ?? '',
  };
  fields.close();
  return config;
}

function readRules(fields: Fields): RbacRules {
  const action = ACTION_OF[fields.oneOf('action', ACTIONS) ?? 'ALLOW'];
  const policies = fields.get('policies');
  const names = (policies?.entries() ?? []).map(([name]) => name).sort();
  const read = names.map((name): RbacPolicy => {
    const policy = fields.message('policies', 'policies')!.message(name, 'Policy')!;
    const conditions = (list: string) => policy.messages(list, 'Rule').map(readCondition);
    const made = {
      name,
      permissions: conditions('permissions'),
      principals: conditions('principals'),
    };
    policy.close();
    return made;
  });
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
  fields.node.error('MQ-ENVOY-002', 'this kind of permission or principal is not modelled');
  return { kind: 'any' };
}

/** A list of matchers that all allow: what matches none of them is denied. */
function matcherRules(matcher: Fields | undefined): RbacRules | null {
  if (matcher === undefined) return null;
  const list = matcher.message('matcher_list', 'MatcherList');
  const policies = (list?.messages('matchers', 'FieldMatcher') ?? []).flatMap((field, index) => {
    const predicate = field.message('predicate', 'Predicate');
    const condition = predicate === undefined ? undefined : readPredicate(predicate);
    const name = readAction(field);
    field.close();
    if (condition === undefined) return [];
    const order = String(index).padStart(4, '0');
    const principals: RbacCondition[] = [{ kind: 'any' }];
    return [{ name: `${order} ${name}`, permissions: [condition], principals }];
  });
  list?.close();
  matcher.close();
  return { action: 'allow', policies };
}

function readPredicate(fields: Fields): RbacCondition {
  const single = fields.message('single_predicate', 'SinglePredicate');
  if (single !== undefined) {
    fields.close();
    return readSingle(single);
  }
  for (const [kind, name] of [
    ['and', 'and_matcher'],
    ['or', 'or_matcher'],
  ] as const) {
    const set = fields.message(name, 'PredicateList');
    if (set === undefined) continue;
    const of = set.messages('predicate', 'Predicate').map(readPredicate);
    set.close();
    fields.close();
    return { kind, of };
  }
  const not = fields.message('not_matcher', 'Predicate');
  fields.close();
  if (not !== undefined) return { kind: 'not', of: readPredicate(not) };
  fields.node.error('MQ-ENVOY-002', 'this kind of predicate is not modelled');
  return { kind: 'any' };
}

function readSingle(fields: Fields): RbacCondition {
  const input = fields.message('input', 'TypedExtensionConfig');
  input?.ignore('name');
  const typed = input === undefined ? undefined : typedConfigOf(input);
  input?.close();
  const match = fields.message('value_match', 'StringMatcher');
  const value = match === undefined ? { kind: 'present' as const } : readStringMatch(match);
  fields.close();
  if (typed?.type !== 'envoy.type.matcher.v3.HttpRequestHeaderMatchInput') {
    if (typed !== undefined) refuseExtension(typed, 'the matcher input');
    return { kind: 'any' };
  }
  const name = (typed.fields.text('header_name') ?? '').toLowerCase();
  typed.fields.close();
  return { kind: 'header', match: { name, value, invert: false, treatMissingAsEmpty: false } };
}

/** @returns the name of an action that allows */
function readAction(fields: Fields): string {
  const onMatch = fields.message('on_match', 'OnMatch');
  const action = onMatch?.message('action', 'TypedExtensionConfig');
  action?.ignore('name');
  const typed = action === undefined ? undefined : typedConfigOf(action);
  action?.close();
  onMatch?.close();
  if (typed === undefined) return '';
  if (typed.type !== 'envoy.config.rbac.v3.Action') {
    refuseExtension(typed, 'the action');
    return '';
  }
  const word = typed.fields.oneOf('action', ACTIONS) ?? 'ALLOW';
  const name = typed.fields.text('name') ?? '';
  typed.fields.close();
  if (word !== 'ALLOW') {
    typed.fields.node.error('MQ-ENVOY-002', `matchers with the action ${word} are not modelled`);
  }
  return name;
}
