/**
 * Connection managers: whom they believe, what they change, what they refuse.
 */
import fc from 'fast-check';
import type { Frame } from '../subject.ts';
import { type Arb, headerChanges, message, one, seldom } from './words.ts';

const LOOPBACKS = { cidr_ranges: [{ address_prefix: '127.0.0.0', prefix_len: 8 }] };

/** Most clients are believed, so that their control headers count. */
const trust = fc.oneof(
  {
    weight: 5,
    arbitrary: one({ use_remote_address: true, internal_address_config: LOOPBACKS }),
  },
  { weight: 1, arbitrary: one({}, { skip_xff_append: true }) },
  { weight: 1, arbitrary: one({ use_remote_address: true }, { xff_num_trusted_hops: 1 }) },
  {
    weight: 1,
    arbitrary: one(
      { use_remote_address: true, xff_num_trusted_hops: 1 },
      { use_remote_address: true, skip_xff_append: true, internal_address_config: LOOPBACKS },
    ),
  },
);

const manager = fc
  .tuple(
    trust,
    message({
      stream_idle_timeout: seldom(one('0.35s'), 1),
      request_timeout: seldom(one('0.4s'), 1),
      delayed_close_timeout: seldom(one('0.05s'), 2),
      proxy_100_continue: seldom(one(true), 1),
      via: seldom(one('proxy'), 1),
      server_name: seldom(one('named'), 1),
      server_header_transformation: seldom(one('APPEND_IF_ABSENT', 'PASS_THROUGH'), 1),
      add_user_agent: seldom(one(true), 1),
      append_x_forwarded_port: seldom(one(true), 1),
      generate_request_id: seldom(one(false), 1),
      preserve_external_request_id: seldom(one(true), 1),
      always_set_request_id_in_response: seldom(one(true), 1),
      normalize_path: seldom(one(true), 2),
      merge_slashes: seldom(one(true), 2),
      path_with_escaped_slashes_action: seldom(
        one('REJECT_REQUEST', 'UNESCAPE_AND_REDIRECT', 'UNESCAPE_AND_FORWARD'),
        1,
      ),
      strip_any_host_port: seldom(one(true), 1),
      strip_trailing_host_dot: seldom(one(true), 1),
      append_local_overload: seldom(one(true), 1),
      http_protocol_options: seldom(
        message({
          accept_http_10: seldom(one(true), 4),
          enable_trailers: seldom(one(true), 3),
          allow_absolute_url: seldom(fc.boolean(), 2),
          default_host_for_http_10: seldom(one('s0.test'), 1),
        }),
        3,
      ),
      common_http_protocol_options: seldom(
        message({
          headers_with_underscores_action: seldom(one('REJECT_REQUEST', 'DROP_HEADER'), 2),
          max_stream_duration: seldom(one('0.3s'), 1),
          max_requests_per_connection: seldom(one(2), 1),
        }),
        2,
      ),
      upgrade_configs: seldom(one([{ upgrade_type: 'websocket' }]), 2),
    }),
  )
  .map(([whom, rest]) => ({ ...whom, ...rest }));

const routes = fc
  .tuple(
    headerChanges,
    message({
      most_specific_header_mutations_wins: seldom(one(true), 2),
      ignore_port_in_host_matching: seldom(one(true), 2),
      ignore_path_parameters_in_path_matching: seldom(one(true), 1),
    }),
  )
  .map(([changes, rest]) => ({ ...changes, ...rest }));

const router = message({
  suppress_envoy_headers: seldom(one(true), 1),
  respect_expected_rq_timeout: seldom(one(true), 1),
  strict_check_headers: seldom(
    one(['x-envoy-upstream-rq-timeout-ms', 'x-envoy-max-retries'], ['x-envoy-retry-on']),
    1,
  ),
});

export const frame: Arb<Frame> = fc.record({ manager, routes, router });
