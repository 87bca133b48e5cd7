/**
 * Endpoints: the addresses of a cluster, as importers make them and engines balance over them.
 */

/** A value of balancing metadata, as JSON has them. */
export type LbValue = string | number | boolean | null | readonly LbValue[] | LbMetadata;
/** What balancers know of an endpoint, or a route wants of one: Envoy's `envoy.lb`. */
export interface LbMetadata {
  readonly [key: string]: LbValue;
}

/** One address of a cluster. Plain, immutable, shared between proxies. */
export interface Endpoint {
  /** Id of the address, unique in a process and never reused; what records and draws name. */
  readonly id: number;
  /** ip:port */
  readonly address: string;
  /** For people: `payments-2` or the address again. */
  readonly hostname: string;
  readonly labels: Readonly<Record<string, string>>;
  /** undefined = none. `hash_key` replaces the address for hashing balancers. */
  readonly metadata?: LbMetadata;
  /** region/zone/subzone, '' = unknown. */
  readonly locality: string;
  /** 1 or more. */
  readonly weight: number;
  /** 0 = first. */
  readonly priority: number;
  /**
   * Of its locality within its priority, the same for all members there; absent on all members of a
   * cluster whose localities are not weighted. 0 = the locality gets nothing.
   */
  readonly localityWeight?: number;
  readonly health: 'healthy' | 'degraded' | 'unhealthy' | 'draining';
  /** Whether a proxy with a certificate of the mesh answers there; absent = no. */
  readonly offersTls?: boolean;
  /** Of its cluster: the share of requests that are dropped, in millionths; undefined = none. */
  readonly dropMillionths?: number;
  /** Of its cluster: how far healthy hosts count for more than themselves; undefined = 140. */
  readonly overprovisioningPercent?: number;
  /** Of its cluster: priorities share load by the weights of their hosts; absent = by numbers. */
  readonly weightsPriorities?: boolean;
  /** Where it is checked, if not at its address; absent = as the cluster says. */
  readonly check?: EndpointCheck;
}

/** What active health checks do differently at one endpoint. */
export interface EndpointCheck {
  /** ip:port; undefined = the endpoint's own. */
  readonly address?: string;
  /** Host of the probe; undefined = the cluster's. */
  readonly hostname?: string;
  /** It is not checked, and counts as healthy. */
  readonly isOff?: boolean;
}

/** The members of a cluster at one moment; order is the balancers' order. */
export interface EndpointSet {
  readonly version: number;
  readonly members: readonly Endpoint[];
}
