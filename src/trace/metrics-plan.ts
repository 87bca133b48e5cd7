/**
 * Which rows a run is measured in, and how ids map to them. Made by `harness/build.ts`, which knows
 * the world; the recorder itself knows neither mesh nor simulator.
 */

export interface MetricsPlan {
  /** By client id. */
  readonly clients: readonly string[];
  /** Requests that began earlier are not kept for a closer look, ns. */
  readonly warmUpNs: number;
  /** By edge row. */
  readonly edges: readonly { readonly from: string; readonly to: string }[];
  /** By service row: one per service and version. */
  readonly services: readonly ServiceRow[];
  /** By proxy id. */
  readonly proxies: readonly ProxyRow[];
  /** Names of clusters by cluster id. */
  readonly clusterNames: readonly string[];
  /** Names and service rows of endpoints by endpoint id. */
  readonly endpoints: readonly { readonly name: string; readonly serviceRow: number }[];
  /** By host id: its service row, -1 for callers. */
  readonly hostServiceRow: readonly number[];
  /** Median and 99th percentile of what the proxies of a path add, ms. */
  readonly addedLatencyMs: { readonly p50: number; readonly p99: number };
  /** CPU-milliseconds a request costs each proxy it passes; 0 = not modelled. */
  readonly proxyCpuMsPerRequest: number;
  /** Of all proxies together; 0 = not modelled. */
  readonly proxyMemoryMiB: number;
}

export interface ServiceRow {
  readonly name: string;
  readonly version: string;
  readonly hosts: readonly number[];
  /** Per instance; 0 = unlimited. */
  readonly workers: number;
}

export interface ProxyRow {
  readonly name: string;
  /** The service or client it stands beside. */
  readonly service: string;
  /** Edge row by cluster id; -1 = not an edge (inbound clusters). Empty for inbound proxies. */
  readonly edgeOfCluster: Int32Array;
}

/** What the recorder reads of a simulated machine; `sim` provides it. */
export interface HostFigures {
  readonly isUp: boolean;
  /** Work finished by a worker. */
  readonly served: number;
  /** Of those, finished when nobody waited any more. */
  readonly wasted: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
  /** Integral of busy workers over time. */
  readonly busyNs: number;
  /** Integral of computing requests over time. */
  readonly computeNs: number;
  /** Integral of the queue's length over time. */
  readonly queueNs: number;
  /** Longest queue since `resetQueueMax`. */
  readonly queueMax: number;
  resetQueueMax(): void;
  /** Brings the integrals up to `nowNs`. */
  settle(nowNs: number): void;
}
