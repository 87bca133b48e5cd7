/**
 * Access rules of a route: policies of permissions and principals, or lists and maps of matchers.
 */
import fc from 'fast-check';
import { extension, type Message, typed } from '../subject.ts';
import { type Arb, headerMatch, list, message, one, PATHS, seldom, stringMatch } from './words.ts';

const ranges = one(
  { address_prefix: '127.0.0.0', prefix_len: 8 },
  { address_prefix: '10.0.0.0', prefix_len: 8 },
  { address_prefix: '9.9.9.9', prefix_len: 32 },
  { address_prefix: '0.0.0.0', prefix_len: 0 },
);
const ports = one({ start: 1, end: 65_536 }, { start: 1, end: 2 });
const path = fc
  .oneof(
    stringMatch,
    message({ exact: one('/', '/a', '/a/b') }),
    message({ prefix: one('/a', '/b') }),
  )
  .map((match) => ({ path: match }));

const shared: readonly Arb<Message>[] = [
  one({ any: true }),
  message({ header: headerMatch }),
  message({ url_path: path }),
  one({ metadata: { filter: 'f', path: [{ key: 'k' }], value: { present_match: true } } }),
];

const leafPermissions = fc.oneof(
  ...shared,
  message({ destination_ip: ranges }),
  message({ destination_port_range: ports }),
  one({ destination_port: 1 }),
  one({ requested_server_name: { exact: 'one' } }),
);
const leafPrincipals = fc.oneof(
  ...shared,
  message({ direct_remote_ip: ranges }),
  message({ remote_ip: ranges }),
  message({ source_ip: ranges }),
  one({ authenticated: {} }),
);

function nested(leaf: Arb<Message>, rule: 'rule' | 'id'): Arb<Message> {
  const set = (inner: Arb<Message>) =>
    list(inner, 2, 1).map((items) => ({ [`${rule}s`]: items }) as Message);
  const step = (inner: Arb<Message>): Arb<Message> =>
    fc.oneof(
      { withCrossShrink: true },
      { weight: 4, arbitrary: leaf },
      { weight: 1, arbitrary: message({ [`not_${rule}`]: inner }) },
      { weight: 1, arbitrary: message({ [`and_${rule}s`]: set(inner) }) },
      { weight: 1, arbitrary: message({ [`or_${rule}s`]: set(inner) }) },
    );
  return step(step(leaf));
}

const policy = message({
  permissions: list(nested(leafPermissions, 'rule'), 2, 1),
  principals: list(nested(leafPrincipals, 'id'), 2, 1),
});

const rules: Arb<Message> = fc
  .tuple(one('ALLOW', 'DENY', 'LOG'), list(policy, 3))
  .map(([action, policies]) => ({
    action,
    policies: Object.fromEntries(policies.map((item, i) => [`p${i}`, item])),
  }));

// Matchers

const input: Arb<Message> = fc
  .oneof(
    one('x-in', 'x-two', ':path', ':method', 'host').map((name) =>
      typed('type.matcher.v3.HttpRequestHeaderMatchInput', { header_name: name }),
    ),
    one('DestinationIPInput', 'SourceIPInput', 'DirectSourceIPInput', 'ServerNameInput').map(
      (name) => extension(`matching.common_inputs.network.v3.${name}`),
    ),
  )
  .map((config) => ({ name: 'input', typed_config: config }));

const values = fc.oneof(
  stringMatch,
  message({ exact: one('127.0.0.1', '/a', 'GET', 'one', '1') }),
  message({ prefix: one('127.', '/', 'on') }),
);
/** This kind of matcher has to name its engine. */
function withEngine(match: Message): Message {
  const { safe_regex: regex } = match;
  if (regex === undefined) return match;
  return { ...match, safe_regex: { ...(regex as Message), google_re2: {} } };
}
const valueMatch = values.map(withEngine);
const single = message({ single_predicate: message({ input, value_match: valueMatch }) });
const predicate: Arb<Message> = fc.oneof(
  { withCrossShrink: true },
  { weight: 4, arbitrary: single },
  { weight: 1, arbitrary: message({ not_matcher: single }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(one('and_matcher', 'or_matcher'), list(single, 3, 2))
      .map(([name, items]) => ({ [name]: { predicate: items } })),
  },
);

const outcome: Arb<Message> = fc
  .tuple(one('ALLOW', 'DENY', 'LOG'), one('first', 'second'))
  .map(([action, name]) => ({
    action: { name: 'action', typed_config: typed('config.rbac.v3.Action', { name, action }) },
  }));

const tree: Arb<Message> = fc
  .tuple(
    input,
    one('exact_match_map', 'prefix_match_map'),
    fc.uniqueArray(one('/', '/a', 'one', '127.0.0.1', '1', 'GET', ...PATHS), {
      minLength: 1,
      maxLength: 3,
    }),
    list(outcome, 3, 3),
  )
  .map(([from, kind, keys, outcomes]) => ({
    input: from,
    [kind]: { map: Object.fromEntries(keys.map((key, i) => [key, outcomes[i]!])) },
  }));

function matcher(inner: Arb<Message>): Arb<Message> {
  return fc.oneof(
    { withCrossShrink: true },
    {
      weight: 3,
      arbitrary: message({
        matcher_list: message({
          matchers: list(message({ predicate, on_match: inner }), 3, 1),
        }),
        on_no_match: seldom(inner, 3),
      }),
    },
    { weight: 1, arbitrary: message({ matcher_tree: tree, on_no_match: seldom(inner, 3) }) },
  );
}

const matchers: Arb<Message> = matcher(
  fc.oneof(
    { withCrossShrink: true },
    { weight: 5, arbitrary: outcome },
    { weight: 1, arbitrary: message({ matcher: matcher(outcome) }) },
  ),
);

/** `RBACPerRoute`. */
export const accessRules: Arb<Message> = message({
  rbac: seldom(
    fc.oneof(
      message({
        rules,
        shadow_rules: seldom(rules, 1),
        shadow_rules_stat_prefix: seldom(one('x_')),
      }),
      message({ matcher: matchers, shadow_matcher: seldom(matchers, 1) }),
    ),
    6,
  ),
}).map((config) => extension('filters.http.rbac.v3.RBACPerRoute', config));
