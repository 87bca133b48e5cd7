/**
 * `TcpProxy` in place of a connection manager: which clusters connections go to, and for how long.
 *
 * Source: Envoy v3 API, filters/network/tcp_proxy/v3.
 */
import type { ListenerConfig } from '../../mesh/config/config.ts';
import { ENVOY } from '../../mesh/config/defaults.ts';
import type { TcpProxyConfig } from '../../mesh/config/tcp-proxy.ts';
import type { Fields } from './fields.ts';

export function readTcpProxy(fields: Fields): Partial<ListenerConfig> {
  const statPrefix = fields.text('stat_prefix') ?? '';
  if (statPrefix === '') fields.node.error('MQ-FIELD-003', 'a TCP proxy needs stat_prefix');
  const defaults = ENVOY.tcpProxy;
  const maxMs = fields.durationMs('max_downstream_connection_duration');
  const tcp: TcpProxyConfig = {
    clusters: readClusters(fields),
    idleTimeoutMs: fields.durationMs('idle_timeout') ?? defaults.idleTimeoutMs.value,
    maxConnectAttempts:
      fields.integer('max_connect_attempts', 1) ?? defaults.maxConnectAttempts.value,
    ...(maxMs === undefined ? {} : { maxConnectionDurationMs: maxMs }),
  };
  fields.close();
  return { protocol: 'tcp', statPrefix, tcp };
}

function readClusters(fields: Fields): TcpProxyConfig['clusters'] {
  const cluster = fields.text('cluster');
  const weighted = fields.message('weighted_clusters', 'WeightedCluster');
  if ((cluster === undefined) === (weighted === undefined)) {
    fields.node.error('MQ-FIELD-003', 'a TCP proxy needs either cluster or weighted_clusters');
  }
  if (cluster !== undefined) return [{ cluster, weight: 1 }];
  const clusters = (weighted?.messages('clusters', 'ClusterWeight') ?? []).map((entry) => {
    const read = { cluster: entry.text('name') ?? '', weight: entry.integer('weight', 1) ?? 0 };
    if (!entry.has('weight')) entry.node.error('MQ-FIELD-003', 'a cluster needs a weight');
    entry.close();
    return read;
  });
  if (weighted !== undefined && clusters.length === 0) {
    weighted.node.error('MQ-FIELD-003', 'weighted_clusters names no cluster');
  }
  weighted?.close();
  return clusters;
}
