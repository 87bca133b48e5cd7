/**
 * What an upstream cluster speaks: `HttpProtocolOptions`, and the older fields of `Cluster`.
 *
 * Source: Envoy v3 API, extensions/upstreams/http/v3 HttpProtocolOptions, config/core/v3 protocol.
 */
import type { ClusterConfig } from '../../mesh/config/config.ts';
import type { HashPolicy } from '../../mesh/config/load-balancing.ts';
import { readErrorMatch } from './error-match.ts';
import { type Fields, refuseExtension, typedMessage } from './fields.ts';
import { readHashPolicies } from './hash-policy.ts';
import { readMirrors } from './mirrors.ts';
import { readRetryPolicy } from './retry-policy.ts';
import { RouteReading } from './route-reading.ts';
import type { Runtime } from './runtime.ts';

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const MOST_STREAMS = 2_147_483_647;

/** Settings of frames, windows and tables: they change bytes, and no decision. */
const HTTP2_BYTES = [
  'hpack_table_size',
  'initial_stream_window_size',
  'initial_connection_window_size',
  'allow_connect',
  'allow_metadata',
  'max_outbound_frames',
  'max_outbound_control_frames',
  'max_consecutive_inbound_frames_with_empty_payload',
  'max_inbound_priority_frames_per_stream',
  'max_inbound_window_update_frames_per_data_frame_sent',
  'stream_error_on_invalid_http_messaging',
  'override_stream_error_on_invalid_http_message',
  'custom_settings_parameters',
  'use_oghttp2_codec',
  'max_metadata_size',
  'enable_huffman_encoding',
  'max_header_field_size_kb',
] as const;

/** What protocol options say of a cluster. */
type ReadProtocol = Partial<ClusterConfig> & { readonly hashPolicy?: readonly HashPolicy[] };

export function readProtocol(fields: Fields, runtime: Runtime): ReadProtocol {
  const maxRequests = fields.integer('max_requests_per_connection');
  const direct = fields.message('common_http_protocol_options', 'HttpProtocolOptions');
  const http2 = fields.message('http2_protocol_options', 'Http2ProtocolOptions');
  const base = {
    ...(maxRequests === undefined ? {} : { maxRequestsPerConnection: maxRequests }),
    ...(direct === undefined ? {} : readCommonOptions(direct)),
    ...(http2 === undefined ? {} : readHttp2(http2)),
  };
  fields.message('http_protocol_options', 'Http1ProtocolOptions')?.close();
  const options = fields.get('typed_extension_protocol_options');
  const node = options?.get(HTTP_OPTIONS);
  for (const [key, child] of options?.entries() ?? []) {
    if (key !== HTTP_OPTIONS) child.keyError('MQ-ENVOY-002', `options "${key}" are not modelled`);
  }
  const typed = node === undefined ? undefined : typedMessage(node);
  if (typed === undefined) return base;
  if (typed.type !== HTTP_OPTIONS) {
    refuseExtension(typed, 'protocol options');
    return base;
  }
  return { ...base, ...readHttpOptions(typed.fields, runtime) };
}

/** Policies of the cluster count where its balancer has none of its own. */
export function withHashPolicy(
  { hashPolicy, ...others }: ReadProtocol,
  lb: ClusterConfig['lb'],
): Partial<ClusterConfig> {
  const isHashing = lb.kind === 'ring-hash' || lb.kind === 'maglev';
  if (hashPolicy === undefined || !isHashing || lb.hashPolicy !== undefined) return others;
  return { ...others, lb: { ...lb, hashPolicy } };
}

function readHttpOptions(fields: Fields, runtime: Runtime): ReadProtocol {
  const common = fields.message('common_http_protocol_options', 'HttpProtocolOptions');
  const retryFields = fields.message('retry_policy', 'RetryPolicy');
  const errorMatch = readErrorMatch(fields);
  const mirrors = readMirrors(fields, new RouteReading(runtime, null));
  const hashPolicy = readHashPolicies(fields);
  const read: ReadProtocol = {
    ...(common === undefined ? {} : readCommonOptions(common)),
    ...readVersion(fields),
    ...(retryFields === undefined ? {} : { retryPolicy: readRetryPolicy(retryFields, runtime) }),
    ...(errorMatch === undefined ? {} : { errorMatch }),
    ...(mirrors === undefined || mirrors.length === 0 ? {} : { mirrors }),
    ...(hashPolicy.length === 0 ? {} : { hashPolicy }),
  };
  fields.withoutEffect('upstream_http_protocol_options');
  fields.close();
  return read;
}

/** One version is set, or that of the client is taken: which is HTTP/1 everywhere here. */
function readVersion(fields: Fields): Partial<ClusterConfig> {
  const explicit = fields.message('explicit_http_config', 'ExplicitHttpConfig');
  const own = fields.message('use_downstream_protocol_config', 'UseDownstreamHttpConfig');
  for (const message of [explicit, own]) {
    message?.message('http_protocol_options', 'Http1ProtocolOptions')?.close();
  }
  const http2 = explicit?.message('http2_protocol_options', 'Http2ProtocolOptions');
  const unused = own?.message('http2_protocol_options', 'Http2ProtocolOptions');
  if (unused !== undefined) readHttp2(unused);
  explicit?.close();
  own?.close();
  return http2 === undefined ? { protocol: 'http1' } : readHttp2(http2);
}

function readHttp2(fields: Fields): Partial<ClusterConfig> {
  const streams = fields.integer('max_concurrent_streams', 1, MOST_STREAMS);
  fields.ignore(...HTTP2_BYTES);
  // Peers answer pings here as long as their connection lives.
  fields.withoutEffect('connection_keepalive');
  fields.close();
  return {
    protocol: 'http2',
    ...(streams === undefined ? {} : { maxConcurrentStreams: streams }),
  };
}

function readCommonOptions(fields: Fields): Partial<ClusterConfig> {
  const maxRequests = fields.integer('max_requests_per_connection');
  const idleMs = fields.durationMs('idle_timeout');
  const maxMs = fields.durationMs('max_connection_duration');
  const streamMs = fields.durationMs('max_stream_duration');
  fields.close();
  return {
    ...(maxRequests === undefined ? {} : { maxRequestsPerConnection: maxRequests }),
    ...(idleMs === undefined ? {} : { idleTimeoutMs: idleMs }),
    ...(maxMs === undefined ? {} : { maxConnectionDurationMs: maxMs }),
    ...(streamMs === undefined ? {} : { maxStreamDurationMs: streamMs }),
  };
}
