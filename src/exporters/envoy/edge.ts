/**
 * What a connection manager does at its edge, as fields of Envoy: the counterpart of
 * `importers/envoy/edge.ts`.
 */
import type { ListenerConfig } from '../../mesh/config/config.ts';
import { ENVOY } from '../../mesh/config/defaults.ts';
import { flag, type Message, message, unless } from './message.ts';

const KB = 1_024;
const SLASHES = {
  keep: undefined,
  reject: 'REJECT_REQUEST',
  redirect: 'UNESCAPE_AND_REDIRECT',
  unescape: 'UNESCAPE_AND_FORWARD',
} as const;
const SERVER = {
  overwrite: undefined,
  'append-if-absent': 'APPEND_IF_ABSENT',
  'pass-through': 'PASS_THROUGH',
} as const;
const UNDERSCORES = { allow: undefined, reject: 'REJECT_REQUEST', drop: 'DROP_HEADER' } as const;

/** Fields of the connection manager. */
export function edgeFields({ edge, codec }: ListenerConfig): Message {
  const head = unless(codec?.maxHeadBytes, ENVOY.codec.maxHeadBytes.value);
  return {
    max_request_headers_kb: head === undefined ? undefined : head / KB,
    http_protocol_options: http1Options(codec),
    ...(edge === undefined ? {} : headFields(edge)),
  };
}

function headFields(edge: NonNullable<ListenerConfig['edge']>): Message {
  return {
    normalize_path: flag(edge.path.isNormalized),
    merge_slashes: flag(edge.path.mergesSlashes),
    path_with_escaped_slashes_action: SLASHES[edge.path.escapedSlashes],
    strip_any_host_port: flag(edge.strippedPort === 'any'),
    strip_matching_host_port: flag(edge.strippedPort === 'matching'),
    strip_trailing_host_dot: flag(edge.stripsHostDot),
    via: unless(edge.via, ''),
    server_name: unless(edge.serverName, ENVOY.edge.serverName.value),
    server_header_transformation: SERVER[edge.serverHeader],
    add_user_agent: flag(edge.userAgent !== null),
    append_x_forwarded_port: flag(edge.appendsForwardedPort),
    generate_request_id: edge.requestId.isMade ? undefined : false,
    preserve_external_request_id: flag(edge.requestId.isPreserved),
    always_set_request_id_in_response: flag(edge.requestId.isAnswered),
    append_local_overload: flag(edge.tellsOverload),
  };
}

/** Fields of the options that all protocols share. */
export function commonCodecFields({ codec }: ListenerConfig): Message {
  return {
    max_headers_count: unless(codec?.maxHeaderCount, ENVOY.codec.maxHeaderCount.value),
    headers_with_underscores_action: UNDERSCORES[codec?.underscores ?? 'allow'],
  };
}

function http1Options(codec: ListenerConfig['codec']): Message | undefined {
  const options = message({
    accept_http_10: flag(codec?.acceptsHttp10),
    default_host_for_http_10: unless(codec?.http10Host, ''),
    allow_absolute_url: codec?.acceptsAbsoluteTargets === false ? false : undefined,
    allow_chunked_length: flag(codec?.acceptsChunkedLength),
    allow_custom_methods: flag(codec?.acceptsAnyMethod),
    enable_trailers: flag(codec?.passesTrailers),
  });
  return Object.keys(options).length === 0 ? undefined : options;
}
