/**
 * What a connection manager does at its edge: path, host, identity, server header, codec.
 *
 * Source: Envoy v3 API, HttpConnectionManager, HttpProtocolOptions, Http1ProtocolOptions.
 */
import { valuesOf } from '../../mesh/config/complete.ts';
import { ENVOY } from '../../mesh/config/defaults.ts';
import type { CodecConfig, EdgeConfig } from '../../mesh/config/edge.ts';
import type { Fields } from './fields.ts';
import type { Runtime } from './runtime.ts';

const SLASHES = [
  'IMPLEMENTATION_SPECIFIC_DEFAULT',
  'KEEP_UNCHANGED',
  'REJECT_REQUEST',
  'UNESCAPE_AND_REDIRECT',
  'UNESCAPE_AND_FORWARD',
] as const;
const SLASH_ACTIONS = {
  IMPLEMENTATION_SPECIFIC_DEFAULT: 'keep',
  KEEP_UNCHANGED: 'keep',
  REJECT_REQUEST: 'reject',
  UNESCAPE_AND_REDIRECT: 'redirect',
  UNESCAPE_AND_FORWARD: 'unescape',
} as const;
const SERVER = ['OVERWRITE', 'APPEND_IF_ABSENT', 'PASS_THROUGH'] as const;
const SERVER_HEADERS = {
  OVERWRITE: 'overwrite',
  APPEND_IF_ABSENT: 'append-if-absent',
  PASS_THROUGH: 'pass-through',
} as const;
const UNDERSCORES = ['ALLOW', 'REJECT_REQUEST', 'DROP_HEADER'] as const;
const UNDERSCORE_ACTIONS = {
  ALLOW: 'allow',
  REJECT_REQUEST: 'reject',
  DROP_HEADER: 'drop',
} as const;

const KB = 1_024;

/** What a node calls itself. */
export interface NodeNames {
  readonly nodeCluster: string;
  readonly nodeId: string;
}

/** @param manager the connection manager; its codec options are read by `readCodec` */
export function readEdge(manager: Fields, runtime: Runtime, node: NodeNames): EdgeConfig {
  const slashes = manager.oneOf('path_with_escaped_slashes_action', SLASHES);
  const server = manager.oneOf('server_header_transformation', SERVER) ?? 'OVERWRITE';
  const byRuntime = (runtime.integer('http_connection_manager.normalize_path') ?? 0) > 0;
  const stripsMatching = manager.flag('strip_matching_host_port');
  const stripsAny = manager.flag('strip_any_host_port');
  if (stripsAny && stripsMatching) {
    const message = 'strip_matching_host_port and strip_any_host_port exclude each other';
    manager.get('strip_any_host_port')?.error('MQ-ENVOY-003', message);
  }
  const addsUserAgent = manager.flag('add_user_agent');
  return {
    path: {
      isNormalized: manager.flag('normalize_path', byRuntime),
      mergesSlashes: manager.flag('merge_slashes'),
      escapedSlashes: SLASH_ACTIONS[slashes ?? 'KEEP_UNCHANGED'],
    },
    strippedPort: stripsAny ? 'any' : stripsMatching ? 'matching' : 'none',
    stripsHostDot: manager.flag('strip_trailing_host_dot'),
    via: manager.text('via') ?? '',
    serverName: manager.text('server_name') ?? ENVOY.edge.serverName.value,
    serverHeader: SERVER_HEADERS[server],
    userAgent: addsUserAgent ? { cluster: node.nodeCluster, node: node.nodeId } : null,
    appendsForwardedPort: manager.flag('append_x_forwarded_port'),
    requestId: {
      isMade: manager.flag('generate_request_id', true),
      isPreserved: manager.flag('preserve_external_request_id'),
      isAnswered: manager.flag('always_set_request_id_in_response'),
    },
    answersContinue: !manager.flag('proxy_100_continue'),
    tellsOverload: manager.flag('append_local_overload'),
  };
}

/** @param common `common_http_protocol_options`, which others read on */
export function readCodec(manager: Fields, common: Fields | undefined): CodecConfig {
  const http1 = manager.message('http_protocol_options', 'Http1ProtocolOptions');
  const defaults = valuesOf(ENVOY.codec);
  const kilobytes = manager.integer('max_request_headers_kb', 1, 8_192);
  const underscores = common?.oneOf('headers_with_underscores_action', UNDERSCORES) ?? 'ALLOW';
  const codec: CodecConfig = {
    maxHeadBytes: kilobytes === undefined ? defaults.maxHeadBytes : kilobytes * KB,
    maxHeaderCount: common?.integer('max_headers_count', 1) ?? defaults.maxHeaderCount,
    underscores: UNDERSCORE_ACTIONS[underscores],
    acceptsHttp10: http1?.flag('accept_http_10') ?? false,
    http10Host: http1?.text('default_host_for_http_10') ?? '',
    acceptsAbsoluteTargets: http1?.flag('allow_absolute_url', true) ?? true,
    acceptsChunkedLength: http1?.flag('allow_chunked_length') ?? false,
    acceptsAnyMethod: http1?.flag('allow_custom_methods') ?? false,
    passesTrailers: http1?.flag('enable_trailers') ?? false,
  };
  http1?.close();
  return codec;
}
