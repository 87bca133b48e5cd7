/**
 * `rate_limits` of routes and virtual hosts → the descriptors of their requests.
 *
 * Source: Envoy v3 API, RateLimit (config/route/v3); policy-engine.md §9.2, 9.3.
 */
import type { RateLimitAction, RateLimitActions } from '../../mesh/config/rate-limits.ts';
import type { Fields } from './fields.ts';
import { readHeaderMatch, readQueryMatch } from './matchers.ts';

export function readRateLimits(owner: Fields, name = 'rate_limits'): RateLimitActions[] {
  return owner.messages(name, 'RateLimit').map((fields) => {
    const stage = fields.integer('stage', 0, 10) ?? 0;
    const actions = fields.messages('actions', 'RateLimit.Action').flatMap((action) => {
      const read = readAction(action);
      action.close();
      return read ?? [];
    });
    fields.ignore('disable_key');
    fields.close();
    return { stage, actions };
  });
}

function readAction(fields: Fields): RateLimitAction | undefined {
  const generic = fields.message('generic_key', 'GenericKey');
  if (generic !== undefined) {
    const key = textOr(generic, 'descriptor_key', 'generic_key');
    const value = generic.text('descriptor_value') ?? '';
    generic.close();
    return { kind: 'generic-key', key, value };
  }
  const header = fields.message('request_headers', 'RequestHeaders');
  if (header !== undefined) {
    const action = {
      kind: 'request-header' as const,
      header: (header.text('header_name') ?? '').toLowerCase(),
      key: header.text('descriptor_key') ?? '',
      isOptional: header.flag('skip_if_absent'),
    };
    header.close();
    return action;
  }
  const query = fields.message('query_parameters', 'QueryParameters');
  if (query !== undefined) {
    const action = {
      kind: 'query-parameter' as const,
      parameter: query.text('query_parameter_name') ?? '',
      key: query.text('descriptor_key') ?? '',
      isOptional: query.flag('skip_if_absent'),
    };
    query.close();
    return action;
  }
  return readFactAction(fields) ?? readMatchAction(fields);
}

function readFactAction(fields: Fields): RateLimitAction | undefined {
  for (const [name, kind] of [
    ['remote_address', 'remote-address'],
    ['destination_cluster', 'destination-cluster'],
  ] as const) {
    const message = fields.message(name, name);
    if (message === undefined) continue;
    message.close();
    return { kind };
  }
  const masked = fields.message('masked_remote_address', 'MaskedRemoteAddress');
  if (masked === undefined) return undefined;
  const v4Bits = masked.integer('v4_prefix_mask_len', 0, 32) ?? 32;
  masked.ignore('v6_prefix_mask_len');
  masked.close();
  return { kind: 'masked-remote-address', v4Bits };
}

function readMatchAction(fields: Fields): RateLimitAction | undefined {
  const headers = fields.message('header_value_match', 'HeaderValueMatch');
  if (headers !== undefined) {
    const action = {
      kind: 'header-match' as const,
      ...readMatched(headers, 'header_match'),
      headers: headers.messages('headers', 'HeaderMatcher').map(readHeaderMatch),
    };
    headers.close();
    return action;
  }
  const query = fields.message('query_parameter_value_match', 'QueryParameterValueMatch');
  if (query !== undefined) {
    const action = {
      kind: 'query-match' as const,
      ...readMatched(query, 'query_match'),
      parameters: query.messages('query_parameters', 'QueryParameterMatcher').map(readQueryMatch),
    };
    query.close();
    return action;
  }
  return undefined;
}

function readMatched(fields: Fields, key: string) {
  return {
    key: textOr(fields, 'descriptor_key', key),
    value: fields.text('descriptor_value') ?? '',
    expectsMatch: fields.flag('expect_match', true),
  };
}

function textOr(fields: Fields, name: string, absent: string): string {
  const text = fields.text(name);
  return text === undefined || text === '' ? absent : text;
}
