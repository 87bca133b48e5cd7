/**
 * Descriptors of requests: `rate_limits` of routes and of filters.
 *
 * Source: Envoy v3 API, RateLimit (config/route/v3).
 */
import type { RateLimitAction, RateLimitActions } from '../../mesh/config/rate-limits.ts';
import { headerMatch, queryMatch } from './matchers.ts';
import { filled, flag, type Message, message, unless } from './message.ts';

export function rateLimits(limits: readonly RateLimitActions[] | undefined) {
  return filled(
    limits?.map(({ stage, actions }) => {
      return message({ stage: unless(stage, 0), actions: actions.map(rateLimitAction) });
    }),
  );
}

function rateLimitAction(action: RateLimitAction): Message {
  switch (action.kind) {
    case 'generic-key':
      return { generic_key: { descriptor_key: action.key, descriptor_value: action.value } };
    case 'request-header':
      return {
        request_headers: message({
          header_name: action.header,
          descriptor_key: action.key,
          skip_if_absent: flag(action.isOptional),
        }),
      };
    case 'query-parameter':
      return {
        query_parameters: message({
          query_parameter_name: action.parameter,
          descriptor_key: action.key,
          skip_if_absent: flag(action.isOptional),
        }),
      };
    case 'remote-address':
      return { remote_address: {} };
    case 'masked-remote-address':
      return { masked_remote_address: { v4_prefix_mask_len: action.v4Bits } };
    case 'source-cluster':
      return { source_cluster: {} };
    case 'destination-cluster':
      return { destination_cluster: {} };
    case 'header-match':
      return {
        header_value_match: { ...matched(action), headers: action.headers.map(headerMatch) },
      };
    case 'query-match': {
      const parameters = action.parameters.map(queryMatch);
      return { query_parameter_value_match: { ...matched(action), query_parameters: parameters } };
    }
  }
}

function matched(action: Extract<RateLimitAction, { expectsMatch: boolean }>): Message {
  return {
    descriptor_key: action.key,
    descriptor_value: action.value,
    expect_match: action.expectsMatch,
  };
}
