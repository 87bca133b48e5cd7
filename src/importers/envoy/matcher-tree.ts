/**
 * The matcher API: lists and maps of matchers, nested → outcomes in order, each with its condition.
 *
 * A tree is flattened: what lies below a match holds when all matches above it do, and whoever
 * finds nothing below goes on with the next matcher. Source: xDS, unified matcher API.
 */
import type { ValueMatch } from '../../mesh/config/config.ts';
import type { RbacCondition } from '../../mesh/config/security.ts';
import { Fields, refuseExtension, type TypedConfig, typedConfigOf } from './fields.ts';
import { readStringMatch } from './matchers.ts';

export const ANY: RbacCondition = { kind: 'any' };

/** Makes something of an action and of the condition under which it is taken. */
type ActionReader<T> = (action: TypedConfig, condition: RbacCondition) => readonly T[];

export function flattenMatcher<T>(matcher: Fields, read: ActionReader<T>): T[] {
  return new Flattening(read).matcher(matcher, []);
}

class Flattening<T> {
  readonly #read: ActionReader<T>;

  constructor(read: ActionReader<T>) {
    this.#read = read;
  }

  /** @param above what has to hold already */
  matcher(matcher: Fields, above: readonly RbacCondition[]): T[] {
    const found: T[] = [];
    const list = matcher.message('matcher_list', 'MatcherList');
    for (const field of list?.messages('matchers', 'FieldMatcher') ?? []) {
      const predicate = field.message('predicate', 'Predicate');
      const condition = predicate === undefined ? ANY : readPredicate(predicate);
      found.push(...this.#outcomes(field, 'on_match', [...above, condition]));
      field.close();
    }
    list?.close();
    const tree = matcher.message('matcher_tree', 'MatcherTree');
    if (tree !== undefined) found.push(...this.#tree(tree, above));
    found.push(...this.#outcomes(matcher, 'on_no_match', above));
    matcher.close();
    return found;
  }

  #outcomes(owner: Fields, name: string, conditions: readonly RbacCondition[]): readonly T[] {
    const onMatch = owner.message(name, 'OnMatch');
    return onMatch === undefined ? [] : this.#onMatch(onMatch, conditions);
  }

  #onMatch(onMatch: Fields, conditions: readonly RbacCondition[]): readonly T[] {
    const nested = onMatch.message('matcher', 'Matcher');
    if (nested !== undefined) {
      onMatch.close();
      return this.matcher(nested, conditions);
    }
    const action = onMatch.message('action', 'TypedExtensionConfig');
    action?.ignore('name');
    const typed = action === undefined ? undefined : typedConfigOf(action);
    action?.close();
    onMatch.close();
    if (typed === undefined) return [];
    const [only] = conditions;
    const isOne = conditions.length === 1 && only?.kind === 'and';
    return this.#read(typed, isOne ? only : { kind: 'and', of: conditions });
  }

  /** A map from values, or from prefixes, of which the longest counts. */
  #tree(tree: Fields, above: readonly RbacCondition[]): T[] {
    const input = readInput(tree);
    const found: T[] = [];
    for (const [field, kind] of [
      ['exact_match_map', 'exact'],
      ['prefix_match_map', 'prefix'],
    ] as const) {
      const map = tree.message(field, 'MatchMap');
      const entries = [...(map?.get('map')?.entries() ?? [])];
      entries.sort(([a], [b]) => b.length - a.length);
      for (const [key, node] of entries) {
        const onMatch = new Fields(node, 'OnMatch');
        found.push(...this.#onMatch(onMatch, [...above, input({ kind, value: key })]));
      }
      map?.close();
    }
    tree.close();
    return found;
  }
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
