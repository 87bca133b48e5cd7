/**
 * What a proxy knows of a cluster at this moment: limits and what is used of them, and each endpoint.
 * For replays, which show decisions with what they were made from.
 */
import type { ClusterConfig } from '../mesh/config/config.ts';
import type { BuiltWorld } from './build.ts';

export interface ClusterLook {
  readonly cluster: string;
  readonly balancer: string;
  /** In the order of the breakers; a limit of 2^32 - 1 is none. */
  readonly breakers: readonly {
    readonly name: string;
    readonly used: number;
    readonly limit: number;
  }[];
  readonly endpoints: readonly {
    readonly name: string;
    readonly active: number;
    readonly pending: number;
    /** Empty = healthy; else why it is not chosen. */
    readonly flags: string;
  }[];
}

/** Each cluster of a proxy. */
export function lookAtProxy(built: BuiltWorld, proxy: number): ClusterLook[] {
  const engine = built.world.engineOf(proxy);
  const gauges = new Map<string, number>();
  engine.visitStats((name, _kind, value) => {
    if (name.startsWith('cluster.')) gauges.set(name, value);
  });
  const endpoints = new Map<string, ClusterLook['endpoints'][number][]>();
  engine.visitHosts((cluster, endpoint, gauge) => {
    const { name = endpoint.address } = built.recorder.plan.endpoints[endpoint.id] ?? {};
    const { rqActive: active, rqPendingActive: pending, healthFlags: flags } = gauge;
    const known = endpoints.get(cluster) ?? [];
    known.push({ name, active, pending, flags });
    endpoints.set(cluster, known);
  });
  return (built.proxies[proxy]?.config.clusters ?? []).map((config) => ({
    cluster: config.name,
    balancer: config.lb.kind,
    breakers: breakersOf(config, gauges),
    endpoints: endpoints.get(config.name) ?? [],
  }));
}

function breakersOf(config: ClusterConfig, gauges: ReadonlyMap<string, number>) {
  const limits = config.circuitBreakers.default;
  const used = (name: string) => gauges.get(`cluster.${config.name}.${name}`) ?? 0;
  return [
    { name: 'connections', used: used('upstream_cx_active'), limit: limits.maxConnections },
    { name: 'pending', used: used('upstream_rq_pending_active'), limit: limits.maxPendingRequests },
    { name: 'requests', used: used('upstream_rq_active'), limit: limits.maxRequests },
  ];
}
