/**
 * The matcher API of access rules: lists and maps of matchers, nested → rules in order.
 *
 * A tree is flattened: what lies below a match holds when all matches above it do, and whoever
 * finds nothing below goes on with the next matcher. Source: xDS, unified matcher API; policy-engine.md §9.6.
 */
import type { ValueMatch } from '../../mesh/config/config.ts';
import type { RbacCondition, RbacPolicy, RbacRules } from '../../mesh/config/security.ts';
import { Fields, refuseExtension, typedConfigOf } from './fields.ts';
import { readStringMatch } from './matchers.ts';

const ACTIONS = ['ALLOW', 'DENY', 'LOG'] as const;
const ACTION_OF = { ALLOW: 'allow', DENY: 'deny', LOG: 'log' } as const;
const ANY: RbacCondition = { kind: 'any' };

export function readAccessMatcher(matcher: Fields): RbacRules {
  return { action: 'by-policy', policies: flatten(matcher, []) };
}

/** @param above what has to hold already */
function flatten(matcher: Fields, above: readonly RbacCondition[]): RbacPolicy[] {
  const policies: RbacPolicy[] = [];
  const list = matcher.message('matcher_list', 'MatcherList');
  for (const field of list?.messages('matchers', 'FieldMatcher') ?? []) {
    const predicate = field.message('predicate', 'Predicate');
    const condition = predicate === undefined ? ANY : readPredicate(predicate);
    policies.push(...outcomes(field, 'on_match', [...above, condition]));
    field.close();
  }
  list?.close();
  const tree = matcher.message('matcher_tree', 'MatcherTree');
  if (tree !== undefined) policies.push(...readTree(tree, above));
  policies.push(...outcomes(matcher, 'on_no_match', above));
  matcher.close();
  return policies;
}

function outcomes(owner: Fields, name: string, conditions: readonly RbacCondition[]): RbacPolicy[] {
  const onMatch = owner.message(name, 'OnMatch');
  if (onMatch === undefined) return [];
  return readOnMatch(onMatch, conditions);
}

function readOnMatch(onMatch: Fields, conditions: readonly RbacCondition[]): RbacPolicy[] {
  const nested = onMatch.message('matcher', 'Matcher');
  if (nested !== undefined) {
    onMatch.close();
    return flatten(nested, conditions);
  }
  const action = onMatch.message('action', 'TypedExtensionConfig');
  action?.ignore('name');
  const typed = action === undefined ? undefined : typedConfigOf(action);
  action?.close();
  onMatch.close();
  if (typed === undefined) return [];
  if (typed.type !== 'envoy.config.rbac.v3.Action') {
    refuseExtension(typed, 'the action');
    return [];
  }
  const word = typed.fields.oneOf('action', ACTIONS) ?? 'ALLOW';
  const name = typed.fields.text('name') ?? '';
  typed.fields.close();
  const [only] = conditions;
  const isOne = conditions.length === 1 && only?.kind === 'and';
  const condition: RbacCondition = isOne ? only : { kind: 'and', of: conditions };
  return [{ name, action: ACTION_OF[word], permissions: [condition], principals: [ANY] }];
}

/** A map from values, or from prefixes, of which the longest counts. */
function readTree(tree: Fields, above: readonly RbacCondition[]): RbacPolicy[] {
  const input = readInput(tree);
  const policies: RbacPolicy[] = [];
  for (const [field, kind] of [
    ['exact_match_map', 'exact'],
    ['prefix_match_map', 'prefix'],
  ] as const) {
    const map = tree.message(field, 'MatchMap');
    const entries = [...(map?.get('map')?.entries() ?? [])];
    entries.sort(([a], [b]) => b.length - a.length);
    for (const [key, node] of entries) {
      const onMatch = new Fields(node, 'OnMatch');
      policies.push(...readOnMatch(onMatch, [...above, input({ kind, value: key })]));
    }
    map?.close();
  }
  tree.close();
  return policies;
}

function readPredicate(fields: Fields): RbacCondition {
  const single = fields.message('single_predicate', 'SinglePredicate');
  if (single !== undefined) {
    fields.close();
    const input = readInput(single);
    const match = single.message('value_match', 'StringMatcher');
    single.close();
    return match === undefined ? ANY : input(readStringMatch(match));
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
  return ANY;
}

type Input = (value: ValueMatch) => RbacCondition;

const NETWORK = 'envoy.extensions.matching.common_inputs.network.v3.';
const SSL = 'envoy.extensions.matching.common_inputs.ssl.v3.';

/** Inputs that are a text about the connection, by type. */
const FACTS: Readonly<Record<string, Extract<RbacCondition, { kind: 'fact' }>['fact']>> = {
  [`${NETWORK}DestinationIPInput`]: 'destination-ip',
  [`${NETWORK}DestinationPortInput`]: 'destination-port',
  [`${NETWORK}SourceIPInput`]: 'source-ip',
  [`${NETWORK}DirectSourceIPInput`]: 'source-ip',
  [`${NETWORK}SourcePortInput`]: 'source-port',
  [`${SSL}UriSanInput`]: 'uri-names',
  [`${SSL}DnsSanInput`]: 'dns-names',
};

function readInput(owner: Fields): Input {
  const input = owner.message('input', 'TypedExtensionConfig');
  input?.ignore('name');
  const typed = input === undefined ? undefined : typedConfigOf(input);
  input?.close();
  if (typed === undefined) return () => ANY;
  const { type, fields } = typed;
  if (type === 'envoy.type.matcher.v3.HttpRequestHeaderMatchInput') {
    const name = (fields.text('header_name') ?? '').toLowerCase();
    fields.close();
    const plain = { name, invert: false, treatMissingAsEmpty: false };
    return (value) => ({ kind: 'header', match: { ...plain, value } });
  }
  if (type === `${NETWORK}ServerNameInput`) {
    fields.close();
    return (value) => ({ kind: 'server-name', value });
  }
  const fact = FACTS[type];
  if (fact === undefined) refuseExtension(typed, 'the matcher input');
  else fields.close();
  return fact === undefined ? () => ANY : (value) => ({ kind: 'fact', fact, value });
}
