/**
 * Which responses are errors to outlier detection: `MatchPredicate` of a cluster.
 *
 * Source: Envoy v3 API, config/common/matcher/v3 MatchPredicate.
 */
import type { ErrorMatch } from '../../mesh/config/error-match.ts';
import type { Fields } from './fields.ts';
import { readHeaderMatch } from './matchers.ts';

/** undefined = all responses are judged by their status. */
export function readErrorMatch(options: Fields): ErrorMatch | undefined {
  const outlier = options.message('outlier_detection', 'OutlierDetection');
  const matcher = outlier?.message('error_matcher', 'MatchPredicate');
  outlier?.close();
  return matcher === undefined ? undefined : readPredicate(matcher);
}

function readPredicate(fields: Fields): ErrorMatch {
  const headers = fields.message('http_response_headers_match', 'HttpHeadersMatch');
  const not = fields.message('not_match', 'MatchPredicate');
  const isAny = fields.flag('any_match');
  const all = readSet(fields, 'and_match');
  const some = readSet(fields, 'or_match');
  fields.close();
  if (not !== undefined) return { kind: 'not', of: readPredicate(not) };
  if (all !== undefined) return { kind: 'and', of: all };
  if (some !== undefined) return { kind: 'or', of: some };
  const list = headers?.messages('headers', 'HeaderMatcher').map(readHeaderMatch) ?? [];
  headers?.close();
  if (!isAny && headers === undefined) {
    fields.node.error('MQ-FIELD-003', 'a match predicate says nothing');
  }
  return isAny ? { kind: 'any' } : { kind: 'headers', headers: list };
}

function readSet(fields: Fields, name: string): readonly ErrorMatch[] | undefined {
  const set = fields.message(name, 'MatchSet');
  const rules = set?.messages('rules', 'MatchPredicate').map(readPredicate);
  set?.close();
  return rules;
}
