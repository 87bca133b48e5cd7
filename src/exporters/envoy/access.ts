/**
 * The access filter: rules, and the conditions that they are made of.
 *
 * Source: Envoy v3 API, config/rbac/v3.
 */
import type { ValueMatch } from '../../mesh/config/config.ts';
import type {
  RbacCondition,
  RbacConfig,
  RbacPolicy,
  RbacRules,
} from '../../mesh/config/security.ts';
import { headerMatch, stringMatch } from './matchers.ts';
import {
  cidrRange,
  extension,
  filled,
  given,
  type Message,
  message,
  typed,
  unless,
} from './message.ts';

export function rbac(config: RbacConfig): Message {
  const { rules, shadowRules, shadowStatPrefix } = config;
  return {
    ...ruleSet(rules, 'rules', 'matcher'),
    ...ruleSet(shadowRules, 'shadow_rules', 'shadow_matcher'),
    shadow_rules_stat_prefix: unless(shadowStatPrefix, ''),
    rules_stat_prefix: config.statPrefix,
  };
}

/** Rules of which each has its action are a list of matchers. */
function ruleSet(rules: RbacRules | null, plain: string, matcher: string): Message {
  if (rules === null) return {};
  if (rules.action !== 'by-policy') return { [plain]: rbacRules(rules) };
  const { policies } = rules;
  const last = policies.at(-1);
  const hasRest = last !== undefined && holdsAlways(last);
  const matchers = (hasRest ? policies.slice(0, -1) : policies).map((policy) => ({
    predicate: predicate(policy.permissions[0]!),
    on_match: outcome(policy),
  }));
  const list = filled(matchers);
  return {
    [matcher]: message({
      matcher_list: given(list, (items) => ({ matchers: items })),
      on_no_match: hasRest ? outcome(last) : undefined,
    }),
  };
}

function holdsAlways({ permissions: [only] }: RbacPolicy): boolean {
  return only === undefined || (only.kind === 'and' && only.of.length === 0);
}

function outcome({ name, action = 'allow' }: RbacPolicy): Message {
  const fields = message({ name: unless(name, ''), action: action.toUpperCase() });
  const config = { '@type': 'type.googleapis.com/envoy.config.rbac.v3.Action', ...fields };
  return { action: { name: 'action', typed_config: config } };
}

const MATCH_INPUTS = 'type.googleapis.com/envoy.type.matcher.v3.';
const NETWORK = 'matching.common_inputs.network.v3.';
const SSL = 'matching.common_inputs.ssl.v3.';
const FACT_INPUTS: Readonly<Record<Extract<RbacCondition, { kind: 'fact' }>['fact'], string>> = {
  'source-ip': `${NETWORK}SourceIPInput`,
  'source-port': `${NETWORK}SourcePortInput`,
  'destination-ip': `${NETWORK}DestinationIPInput`,
  'destination-port': `${NETWORK}DestinationPortInput`,
  'uri-names': `${SSL}UriSanInput`,
  'dns-names': `${SSL}DnsSanInput`,
};

/** What stands under `predicate`. Lists of one are what they hold; lists of none always hold. */
export function predicate(item: RbacCondition): Message {
  switch (item.kind) {
    case 'and':
    case 'or': {
      const [first, ...others] = item.of;
      if (first === undefined) return predicate({ kind: 'any' });
      if (others.length === 0) return predicate(first);
      return { [`${item.kind}_matcher`]: { predicate: item.of.map(predicate) } };
    }
    case 'not':
      return { not_matcher: predicate(item.of) };
    case 'header': {
      const type = `${MATCH_INPUTS}HttpRequestHeaderMatchInput`;
      return single({ '@type': type, header_name: item.match.name }, item.match.value);
    }
    case 'server-name':
      return single(typed(`${NETWORK}ServerNameInput`), item.value);
    case 'fact':
      return single(typed(FACT_INPUTS[item.fact]), item.value);
    default: {
      // Every request has a path, whatever it is.
      const type = `${MATCH_INPUTS}HttpRequestHeaderMatchInput`;
      return single({ '@type': type, header_name: ':path' }, { kind: 'regex', value: '.*' });
    }
  }
}

function single(input: Message, value: ValueMatch): Message {
  return {
    single_predicate: {
      input: { name: 'input', typed_config: input },
      value_match: stringMatch(value),
    },
  };
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
