/**
 * Listeners with one HTTP connection manager or TCP proxy each.
 *
 * Source: Envoy v3 API, config/listener/v3 and HttpConnectionManager.
 */
import type { AccessLogPlan } from '../../importers/envoy/access-logs.ts';
import type { ListenerConfig } from '../../mesh/config/config.ts';
import { ENVOY } from '../../mesh/config/defaults.ts';
import type { TcpProxyConfig } from '../../mesh/config/tcp-proxy.ts';
import { commonCodecFields, edgeFields } from './edge.ts';
import { httpFilters } from './filters.ts';
import { localReplies } from './local-replies.ts';
import {
  cidrRange,
  duration,
  extension,
  filled,
  flag,
  given,
  type Message,
  message,
  socketAddress,
  unless,
} from './message.ts';
import { routeConfiguration } from './routes.ts';

const MANAGER = 'filters.network.http_connection_manager.v3.HttpConnectionManager';
const TCP_PROXY = 'filters.network.tcp_proxy.v3.TcpProxy';

/** @param clusters names of those of the whole bootstrap */
export function listener(
  config: ListenerConfig,
  logs: readonly AccessLogPlan[],
  clusters: ReadonlySet<string>,
): Message {
  const logFields = { access_log: filled(logs.map(accessLog)) };
  const filter =
    config.tcp === undefined
      ? extension('http-connection-manager', MANAGER, {
          ...connectionManager(config, clusters),
          ...logFields,
        })
      : extension('tcp-proxy', TCP_PROXY, {
          ...tcpProxy(config.statPrefix, config.tcp),
          ...logFields,
        });
  return message({
    name: config.name,
    stat_prefix: config.listenerStatPrefix,
    address: socketAddress(config.address, config.port),
    traffic_direction: config.direction === 'inbound' ? 'INBOUND' : 'OUTBOUND',
    per_connection_buffer_limit_bytes: config.bufferLimitBytes,
    filter_chains: [{ filters: [filter] }],
  });
}

function accessLog({ path, format }: AccessLogPlan): Message {
  const text = given(format, (line) => ({ text_format_source: { inline_string: line } }));
  const fields = message({ path: path ?? undefined, log_format: text });
  return path === null
    ? extension('log', 'access_loggers.stream.v3.StdoutAccessLog', fields)
    : extension('log', 'access_loggers.file.v3.FileAccessLog', fields);
}

function tcpProxy(statPrefix: string, tcp: TcpProxyConfig): Message {
  const [first, ...others] = tcp.clusters;
  const defaults = ENVOY.tcpProxy;
  const weighted = tcp.clusters.map(({ cluster, weight }) => ({ name: cluster, weight }));
  return message({
    stat_prefix: statPrefix,
    cluster: others.length === 0 ? first?.cluster : undefined,
    weighted_clusters: others.length === 0 ? undefined : { clusters: weighted },
    idle_timeout: duration(unless(tcp.idleTimeoutMs, defaults.idleTimeoutMs.value)),
    max_connect_attempts: unless(tcp.maxConnectAttempts, defaults.maxConnectAttempts.value),
    max_downstream_connection_duration: duration(tcp.maxConnectionDurationMs),
  });
}

function connectionManager(config: ListenerConfig, clusters: ReadonlySet<string>): Message {
  const defaults = ENVOY.listener;
  const common = message({
    idle_timeout: duration(
      unless(config.downstreamIdleTimeoutMs, defaults.downstreamIdleTimeoutMs.value),
    ),
    max_connection_duration: duration(config.maxConnectionDurationMs),
    max_stream_duration: duration(config.maxStreamDurationMs),
    max_requests_per_connection: config.maxRequestsPerConnection,
    ...commonCodecFields(config),
  });
  return {
    stat_prefix: config.statPrefix,
    codec_type: 'HTTP1',
    common_http_protocol_options: Object.keys(common).length === 0 ? undefined : common,
    stream_idle_timeout: duration(
      unless(config.streamIdleTimeoutMs, defaults.streamIdleTimeoutMs.value),
    ),
    request_timeout: duration(unless(config.requestTimeoutMs, defaults.requestTimeoutMs.value)),
    request_headers_timeout: duration(config.requestHeadersTimeoutMs),
    drain_timeout: duration(config.drainTimeoutMs),
    delayed_close_timeout: duration(
      unless(config.delayedCloseTimeoutMs, defaults.delayedCloseTimeoutMs.value),
    ),
    proxy_100_continue: flag(config.forwardsInformational),
    upgrade_configs: filled(config.upgrades?.map((type) => ({ upgrade_type: type }))),
    ...clientTrust(config),
    ...edgeFields(config),
    local_reply_config: given(config.localReplies, localReplies),
    route_config: routeConfiguration(config.routes, clusters),
    http_filters: httpFilters(config),
  };
}

/** Without a word on trust, either nobody's control headers count or everybody's. */
function clientTrust({ clientTrust: trust, honoursControlHeaders }: ListenerConfig): Message {
  if (trust === undefined) {
    if (!honoursControlHeaders) return {};
    const everybody = ['0.0.0.0/0', '::/0'].map(cidrRange);
    return { use_remote_address: true, internal_address_config: { cidr_ranges: everybody } };
  }
  const ranges = filled(trust.internalRanges.map(cidrRange));
  return {
    use_remote_address: flag(trust.usesRemoteAddress),
    xff_num_trusted_hops: unless(trust.trustedHops, 0),
    skip_xff_append: flag(!trust.appendsForwardedFor),
    internal_address_config: ranges === undefined ? undefined : { cidr_ranges: ranges },
  };
}
