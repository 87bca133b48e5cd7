/**
 * Conditions on paths, headers and query parameters as Envoy's matchers.
 *
 * Source: Envoy v3 API, type/matcher and config/route/v3 (RouteMatch, HeaderMatcher).
 */
import type {
  CookieMatch,
  FractionalPercent,
  HeaderMatch,
  PathMatch,
  QueryMatch,
  RouteMatch,
  ValueMatch,
} from '../../mesh/config/config.ts';
import { filled, flag, given, type Message, message } from './message.ts';

const DENOMINATORS = { 100: 'HUNDRED', 10000: 'TEN_THOUSAND', 1000000: 'MILLION' } as const;

export function fraction({ numerator, denominator }: FractionalPercent): Message {
  return { numerator, denominator: DENOMINATORS[denominator] };
}

/** `RuntimeFractionalPercent` without a key. */
export function runtimeFraction(share: FractionalPercent): Message {
  return { default_value: fraction(share) };
}

export function routeMatch(match: RouteMatch): Message {
  const { path, headers, query, cookies, fraction, isGrpc, isImpossible } = match;
  return message({
    ...pathMatch(path),
    headers: filled(headers.map(headerMatch)),
    query_parameters: filled(query.map(queryMatch)),
    runtime_fraction: given(fraction, runtimeFraction),
    grpc: isGrpc === true ? {} : undefined,
    cookies: filled(cookies?.map(cookieMatch)),
    tls_context: given(match.tls, ({ presented, validated }) => message({ presented, validated })),
    dynamic_metadata: isImpossible === true ? [NEVER_SET] : undefined,
  });
}

/** Metadata that no filter sets. */
const NEVER_SET: Message = {
  filter: 'meshquake.never',
  path: [{ key: 'set' }],
  value: { present_match: true },
};

function cookieMatch({ name, value, invert }: CookieMatch): Message {
  return message({ name, string_match: stringMatch(value), invert_match: flag(invert) });
}

function pathMatch(path: PathMatch): Message {
  if (path.kind === 'regex') return { safe_regex: { regex: path.value } };
  const field = { prefix: 'prefix', exact: 'path', 'separated-prefix': 'path_separated_prefix' };
  return {
    [field[path.kind]]: path.value,
    ...(path.ignoreCase ? { case_sensitive: false } : {}),
  };
}

export function headerMatch(match: HeaderMatch): Message {
  return message({
    name: match.name,
    ...headerValue(match.value),
    invert_match: flag(match.invert),
    treat_missing_header_as_empty: flag(match.treatMissingAsEmpty),
  });
}

function headerValue(value: ValueMatch): Message {
  if (value.kind === 'present') return { present_match: true };
  if (value.kind === 'range') return { range_match: { start: value.from, end: value.to } };
  return { string_match: stringMatch(value) };
}

/** `StringMatcher`; a value that must only be there is any text. */
export function stringMatch(value: ValueMatch): Message {
  switch (value.kind) {
    case 'present':
      return { safe_regex: { regex: '.*' } };
    case 'regex':
      return { safe_regex: { regex: value.value } };
    case 'range':
      throw new Error('Envoy has no ranges of numbers here');
    default:
      return message({ [value.kind]: value.value, ignore_case: flag(value.ignoreCase) });
  }
}

export function queryMatch({ name, value, isAbsent }: QueryMatch): Message {
  if (isAbsent === true) return { name, present_match: false };
  if (value.kind === 'present') return { name, present_match: true };
  return { name, string_match: stringMatch(value) };
}

/** `RegexMatchAndSubstitute`. */
export function substitution(rewrite: {
  readonly pattern: string;
  readonly substitution: string;
}): Message {
  return { pattern: { regex: rewrite.pattern }, substitution: rewrite.substitution };
}
