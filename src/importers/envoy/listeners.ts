/**
 * `Listener` with an HTTP connection manager or a TCP proxy → a listener of the engine, and what its driver needs.
 *
 * Source: Envoy v3 API, config/listener/v3 and HttpConnectionManager; policy-engine.md §0.4, 1.1.
 */
import { envoyListener } from '../../mesh/config/complete.ts';
import type { ListenerConfig } from '../../mesh/config/config.ts';
import { ENVOY } from '../../mesh/config/defaults.ts';
import type { NameIds } from '../name-ids.ts';
import { type AccessLogPlan, readAccessLogs } from './access-logs.ts';
import { type NodeNames, readCodec, readEdge } from './edge.ts';
import { readAddress } from './endpoints.ts';
import { type Fields, refuseExtension, type TypedConfig, typedConfigOf } from './fields.ts';
import { readHttpFilters, readRouterOptions } from './http-filters.ts';
import { readLocalReplies } from './local-replies.ts';
import { readRouteTable } from './routes.ts';
import type { Runtime } from './runtime.ts';
import { readTcpProxy } from './tcp-proxy.ts';
import { readDownstreamTls } from './tls.ts';

/** A guard of Envoy's, off by default. */
const GRPC_DEADLINES = 'envoy.reloadable_features.grpc_timeout_returns_deadline_exceeded';
const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const TCP_PROXY = 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';

const DIRECTIONS = ['UNSPECIFIED', 'INBOUND', 'OUTBOUND'] as const;

/** A listener and what only a driver on sockets needs of it. */
export interface BootstrapListener {
  readonly config: ListenerConfig;
  readonly accessLogs: readonly AccessLogPlan[];
}

/** What a listener has to know of the rest of its bootstrap. */
export interface ListenerSurroundings extends NodeNames {
  /** Names of all clusters. */
  readonly clusters: ReadonlySet<string>;
}

export function readListener(
  fields: Fields,
  ids: NameIds,
  runtime: Runtime,
  surroundings: ListenerSurroundings,
): BootstrapListener | undefined {
  const name = fields.text('name') ?? '';
  const address = readAddress(fields);
  if (address === undefined) {
    fields.node.error('MQ-FIELD-003', 'a listener needs address.socket_address');
  }
  const word = fields.oneOf('traffic_direction', DIRECTIONS);
  const bufferBytes = fields.integer('per_connection_buffer_limit_bytes');
  const chains = fields.messages('filter_chains', 'FilterChain');
  const statPrefix = fields.text('stat_prefix');
  // How sockets are opened and accepted; connections come all the same.
  fields.ignore(
    'enable_reuse_port',
    'bypass_overload_manager',
    'connection_balance_config',
    'tcp_backlog_size',
    'max_connections_to_accept_per_socket_event',
    'drain_type',
    'ignore_global_conn_limit',
    'listener_filters_timeout',
    'continue_on_listener_filters_timeout',
    'metadata',
  );
  fields.withoutEffect('socket_options', 'freebind', 'transparent', 'enable_mptcp');
  if (!fields.flag('bind_to_port', true)) fields.refuse('bind_to_port');
  if (fields.flag('use_original_dst')) fields.refuse('use_original_dst');
  readListenerFilters(fields);
  fields.close();
  if (chains.length > 1) {
    fields.node.error('MQ-ENVOY-002', 'several filter chains of one listener are not modelled');
  }
  const tls = chains[0] === undefined ? null : readDownstreamTls(chains[0]);
  const filter = chains[0] === undefined ? undefined : networkFilterOf(chains[0]);
  if (filter === undefined || address === undefined) {
    const text = `listener "${name}" has neither an HTTP connection manager nor a TCP proxy`;
    fields.node.error('MQ-ENVOY-004', text);
    return undefined;
  }
  const isTcp = filter.type === TCP_PROXY;
  if (isTcp && tls !== null) {
    fields.node.error('MQ-ENVOY-002', 'TLS in front of a TCP proxy is not modelled');
  }
  const accessLogs = readAccessLogs(filter.fields);
  const unnamed = `${address.host}:${address.port}`;
  const config = envoyListener({
    id: ids.listener(name === '' ? unnamed : name),
    name: name === '' ? unnamed : name,
    direction: word === 'INBOUND' ? 'inbound' : 'outbound',
    address: address.host,
    port: address.port,
    ...(bufferBytes === undefined ? {} : { bufferLimitBytes: bufferBytes }),
    ...(isTcp ? readTcpProxy(filter.fields) : readManager(filter.fields, runtime, surroundings)),
    ...(tls === null ? {} : { tls }),
    ...(statPrefix === undefined || statPrefix === '' ? {} : { listenerStatPrefix: statPrefix }),
  });
  return { config, accessLogs };
}

const INSPECTORS: readonly string[] = ['tls_inspector.v3.TlsInspector'];

/** Inspectors look at the first bytes for the choice of a filter chain, of which there is one. */
function readListenerFilters(listener: Fields): void {
  for (const filter of listener.messages('listener_filters', 'ListenerFilter')) {
    filter.ignore('name');
    const typed = typedConfigOf(filter);
    filter.close();
    if (typed === undefined) continue;
    const name = typed.type.slice('envoy.extensions.filters.listener.'.length);
    if (INSPECTORS.includes(name)) typed.fields.ignore('enable_ja3_fingerprinting');
    else refuseExtension(typed, 'the listener filter');
    typed.fields.close();
  }
}

function networkFilterOf(chain: Fields): TypedConfig | undefined {
  const [first, ...others] = chain.messages('filters', 'Filter');
  chain.ignore('name');
  chain.close();
  for (const other of others) {
    const text =
      'only one network filter, the HTTP connection manager or the TCP proxy, is modelled';
    other.node.error('MQ-ENVOY-002', text);
  }
  if (first === undefined) return undefined;
  first.ignore('name');
  const typed = typedConfigOf(first);
  first.close();
  if (typed === undefined) return undefined;
  if (typed.type === HCM || typed.type === TCP_PROXY) return typed;
  refuseExtension(typed, 'the network filter');
  return undefined;
}

function readManager(
  fields: Fields,
  runtime: Runtime,
  surroundings: ListenerSurroundings,
): Partial<ListenerConfig> {
  const table = fields.message('route_config', 'RouteConfiguration');
  if (table === undefined) fields.node.error('MQ-FIELD-003', 'route_config is missing');
  const timeouts = {
    streamIdleTimeoutMs:
      fields.durationMs('stream_idle_timeout') ?? ENVOY.listener.streamIdleTimeoutMs.value,
    requestTimeoutMs: fields.durationMs('request_timeout') ?? 0,
    delayedCloseTimeoutMs:
      fields.durationMs('delayed_close_timeout') ?? ENVOY.listener.delayedCloseTimeoutMs.value,
  };
  const headersMs = fields.durationMs('request_headers_timeout');
  const drainMs = fields.durationMs('drain_timeout');
  fields.withoutEffect('stream_flush_timeout');
  fields.ignore(
    'codec_type',
    'tracing',
    'http2_protocol_options',
    'http3_protocol_options',
    'add_proxy_protocol_connection_state',
  );
  const upgrades = fields.messages('upgrade_configs', 'UpgradeConfig').flatMap((upgrade) => {
    const type = (upgrade.text('upgrade_type') ?? '').toLowerCase();
    const isEnabled = upgrade.flag('enabled', true);
    upgrade.close();
    return isEnabled ? [type] : [];
  });
  const router = readRouterOptions(fields, runtime);
  const localReplies = readLocalReplies(fields, runtime);
  const common = fields.message('common_http_protocol_options', 'HttpProtocolOptions');
  const manager = {
    edge: readEdge(fields, runtime, surroundings),
    codec: readCodec(fields, common),
    statPrefix: fields.text('stat_prefix') ?? '',
    filters: readHttpFilters(fields, runtime),
    ...(router === undefined ? {} : { router }),
    ...(runtime.flag(GRPC_DEADLINES) === true ? { grpcTimeoutsAreDeadlines: true } : {}),
    ...(table === undefined
      ? {}
      : { routes: readRouteTable(table, runtime, surroundings.clusters) }),
    ...timeouts,
    ...readCommon(common),
    ...readTrust(fields),
    ...(headersMs === undefined ? {} : { requestHeadersTimeoutMs: headersMs }),
    ...(localReplies === undefined ? {} : { localReplies }),
    ...(drainMs === undefined ? {} : { drainTimeoutMs: drainMs }),
    ...(fields.flag('proxy_100_continue') ? { forwardsInformational: true } : {}),
    ...(upgrades.length === 0 ? {} : { upgrades }),
  };
  fields.close();
  return manager;
}

function readCommon(common: Fields | undefined): Partial<ListenerConfig> {
  const idleMs = common?.durationMs('idle_timeout');
  const maxMs = common?.durationMs('max_connection_duration');
  const streamMs = common?.durationMs('max_stream_duration');
  const maxRequests = common?.integer('max_requests_per_connection');
  common?.close();
  return {
    ...(idleMs === undefined ? {} : { downstreamIdleTimeoutMs: idleMs }),
    ...(maxMs === undefined ? {} : { maxConnectionDurationMs: maxMs }),
    ...(streamMs === undefined ? {} : { maxStreamDurationMs: streamMs }),
    ...(maxRequests === undefined ? {} : { maxRequestsPerConnection: maxRequests }),
  };
}

/** Whose `x-envoy-…` headers count, and what the upstream is told of the client. */
function readTrust(fields: Fields): Partial<ListenerConfig> {
  const internal = fields.message('internal_address_config', 'InternalAddressConfig');
  const ranges = internal?.messages('cidr_ranges', 'CidrRange').map(readRange) ?? [];
  internal?.ignore('unix_sockets');
  internal?.close();
  return {
    clientTrust: {
      usesRemoteAddress: fields.flag('use_remote_address'),
      trustedHops: fields.integer('xff_num_trusted_hops') ?? 0,
      appendsForwardedFor: !fields.flag('skip_xff_append'),
      internalRanges: ranges,
    },
  };
}

function readRange(fields: Fields): string {
  const range = `${fields.text('address_prefix') ?? ''}/${fields.integer('prefix_len', 0, 128) ?? 0}`;
  fields.close();
  return range;
}
