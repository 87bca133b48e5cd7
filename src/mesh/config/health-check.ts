/**
 * Configuration of active health checks.
 *
 * Source: policy-engine.md §5; Envoy, config/core/v3 HealthCheck.
 */
import type { HeaderList } from '../../core/engine.ts';
import type { ValueMatch } from './route-match.ts';

/** One checker of a cluster. */
export interface HealthCheckConfig {
  readonly timeoutMs: number;
  readonly intervalMs: number;
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
  readonly initialJitterMs: number;
  readonly intervalJitterMs: number;
  readonly intervalJitterPercent: number;
  readonly noTrafficIntervalMs: number;
  readonly noTrafficHealthyIntervalMs: number;
  readonly unhealthyIntervalMs: number;
  readonly unhealthyEdgeIntervalMs: number;
  readonly healthyEdgeIntervalMs: number;
  readonly reusesConnection: boolean;
  /** Bounds of every wait with its jitter; undefined = none. */
  readonly minIntervalMs?: number;
  readonly maxIntervalMs?: number;
  readonly probe: TcpProbe | HttpProbe | GrpcProbe;
  /** Counters go by it; undefined = by none. */
  readonly name?: string;
}

/** Bytes as hexadecimal text. */
export type Hex = string;

/** Passes once it is connected, or once the answer has all of `receive`. */
export interface TcpProbe {
  readonly kind: 'tcp';
  /** '' = nothing is sent. */
  readonly send: Hex;
  /** In this order; empty = a connection is enough. */
  readonly receive: readonly Hex[];
}

/** Asks `grpc.health.v1.Health` over HTTP/2. */
export interface GrpcProbe {
  readonly kind: 'grpc';
  /** '' = the whole server. */
  readonly service: string;
  /** '' = the cluster's name. */
  readonly host: string;
  /** Lower-case names. */
  readonly metadata?: HeaderList;
}

export interface HttpProbe {
  readonly kind: 'http';
  /** Over HTTP/2; undefined = HTTP/1, whatever the cluster speaks. */
  readonly isHttp2?: boolean;
  /** '' = the cluster's name. */
  readonly host: string;
  readonly path: string;
  readonly method: string;
  readonly expected: readonly StatusRange[];
  readonly retriable: readonly StatusRange[];
  /** Headers of the request; lower-case names. */
  readonly addHeaders?: HeaderList;
  readonly removeHeaders?: readonly string[];
  /** Body of the request; undefined = none. */
  readonly send?: Hex;
  /** What the response's body must have, in this order; undefined = nothing. */
  readonly receive?: readonly Hex[];
  /** What `x-envoy-upstream-healthchecked-cluster` must be; undefined = it is not looked at. */
  readonly serviceName?: ValueMatch;
}

/** Integers in [from, to). */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}
