/**
 * What all connection pools of a cluster have in common, from its configuration.
 */
import type { DialPlan } from '../../core/engine.ts';
import type { ClusterConfig } from '../config/config.ts';
import type { ClusterSurroundings } from './cluster.ts';
import type { ClusterStats } from './cluster-stats.ts';
import type { PoolSettings } from './connection-pool.ts';

export function poolSettings(
  config: ClusterConfig,
  surroundings: ClusterSurroundings,
  stats: ClusterStats,
): PoolSettings {
  const dialPlan: DialPlan = {
    protocol: config.protocol,
    tls: config.tls,
    bufferLimitBytes: config.bufferLimitBytes,
  };
  return {
    ports: surroundings.ports,
    connections: surroundings.connections,
    listener: surroundings.poolListener,
    stats,
    clusterId: config.id,
    reportsConnects: config.outlier?.splitExternalLocalOriginErrors === true,
    dialPlan,
    plainPlan: config.tls === null ? dialPlan : { ...dialPlan, tls: null },
    connectTimeoutMs: config.connectTimeoutMs,
    idleTimeoutMs: config.idleTimeoutMs,
    maxDurationMs: config.maxConnectionDurationMs,
    maxRequestsPerConnection: config.maxRequestsPerConnection,
    maxStreamMs: config.maxStreamDurationMs ?? 0,
  };
}
