/**
 * The bodies of the admin pages: counters as text, hosts as Envoy's `/clusters` shows them.
 * Source: Envoy docs, operations/admin (GET /stats, /clusters, /ready).
 */
import type { Endpoint, Engine, HostGauges } from '../../core/engine.ts';
import type { ClusterConfig, MeshConfig, Thresholds } from '../../mesh/config/config.ts';

interface Stat {
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  readonly value: number;
}

function statsOf(engine: Engine<MeshConfig>): Stat[] {
  const stats: Stat[] = [];
  engine.visitStats((name, kind, value) => stats.push({ name, kind, value }));
  return stats.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** `name: value` lines, sorted by name. @param filter null = all */
export function statsText(engine: Engine<MeshConfig>, filter: RegExp | null = null): string {
  return statsOf(engine)
    .filter(({ name }) => filter === null || filter.test(name))
    .map(({ name, value }) => `${name}: ${value}\n`)
    .join('');
}

/** Prometheus text format; characters that its names do not allow become `_`. */
export function prometheusText(engine: Engine<MeshConfig>): string {
  return statsOf(engine)
    .map(({ name, kind, value }) => {
      const metric = `meshquake_${name.replace(/[^a-zA-Z0-9_]/g, '_')}`;
      return `# TYPE ${metric} ${kind}\n${metric} ${value}\n`;
    })
    .join('');
}

/** Circuit breakers of each cluster, then the gauges and labels of each host. */
export function clustersText(engine: Engine<MeshConfig>, config: MeshConfig): string {
  const hosts = new Map<string, string>();
  engine.visitHosts((cluster, endpoint, gauges) => {
    hosts.set(cluster, (hosts.get(cluster) ?? '') + hostLines(cluster, endpoint, gauges));
  });
  return config.clusters
    .map((cluster) => clusterLines(cluster) + (hosts.get(cluster.name) ?? ''))
    .join('');
}

function clusterLines({ name, circuitBreakers }: ClusterConfig): string {
  return [
    ...thresholdLines(name, 'default_priority', circuitBreakers.default),
    ...thresholdLines(name, 'high_priority', circuitBreakers.high),
    `${name}::added_via_api::false\n`,
  ].join('');
}

function thresholdLines(cluster: string, priority: string, limits: Thresholds): string[] {
  const { maxConnections, maxPendingRequests, maxRequests, maxRetries } = limits;
  return [
    `${cluster}::${priority}::max_connections::${maxConnections}\n`,
    `${cluster}::${priority}::max_pending_requests::${maxPendingRequests}\n`,
    `${cluster}::${priority}::max_requests::${maxRequests}\n`,
    `${cluster}::${priority}::max_retries::${maxRetries}\n`,
  ];
}

function hostLines(cluster: string, endpoint: Endpoint, gauges: HostGauges): string {
  const [region = '', zone = '', subZone = ''] = endpoint.locality.split('/');
  const values: readonly (readonly [string, string | number])[] = [
    ['cx_active', gauges.cxActive],
    ['cx_connect_fail', gauges.cxConnectFail],
    ['cx_total', gauges.cxTotal],
    ['rq_active', gauges.rqActive],
    ['rq_error', gauges.rqError],
    ['rq_pending_active', gauges.rqPendingActive],
    ['rq_success', gauges.rqSuccess],
    ['rq_timeout', gauges.rqTimeout],
    ['rq_total', gauges.rqTotal],
    ['hostname', endpoint.hostname],
    ['health_flags', gauges.healthFlags === '' ? 'healthy' : gauges.healthFlags],
    ['weight', gauges.weight],
    ['region', region],
    ['zone', zone],
    ['sub_zone', subZone],
    ['canary', 'false'],
    ['priority', endpoint.priority],
  ];
  return values
    .map(([key, value]) => `${cluster}::${endpoint.address}::${key}::${value}\n`)
    .join('');
}
