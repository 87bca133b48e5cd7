/**
 * A listener that passes bytes instead of requests.
 *
 * Source: Envoy v3 API, filters/network/tcp_proxy/v3.
 */

export interface TcpProxyConfig {
  /** Not empty; weights above 0. A name without a cluster closes who is sent there. */
  readonly clusters: readonly { readonly cluster: string; readonly weight: number }[];
  /** Without a byte either way; 0 = off. */
  readonly idleTimeoutMs: number;
  /** At least 1. */
  readonly maxConnectAttempts: number;
  /** Of client connections; undefined = off. */
  readonly maxConnectionDurationMs?: number;
}
