/**
 * What a connection pool is given, whom it tells, and the rule by which it makes connections.
 *
 * Source: policy-engine.md §3.1, 3.4.
 */
import { assert } from '../../core/assert.ts';
import type { DialPlan, Ports, ResetReason, Slot } from '../../core/engine.ts';
import { CloseReason } from '../../core/engine.ts';
import type { ClusterConfig } from '../config/config.ts';
import { ENVOY } from '../config/defaults.ts';
import type { ClusterStats } from './cluster-stats.ts';
import type { ClusterSurroundings } from './cluster-surroundings.ts';
import type { ConnectionTable } from './connection-table.ts';

/** `newStream`: no connection is free; the attempt waits in the queue. */
export const WAITS = -1;
/** `newStream`: max_pending_requests refused. */
export const PENDING_OVERFLOW = -2;
/** `newStream`: max_requests refused. */
export const REQUESTS_OVERFLOW = -3;

/** Whom a pool tells about attempts that waited. */
export interface PoolListener {
  /** The attempt may use the connection from now on. */
  onPoolReady(stream: Slot, connection: Slot): void;
  /** The attempt is out of the queue and has no connection. */
  onPoolFailure(stream: Slot, reason: ResetReason, detail: string): void;
  /** For records: the request that an attempt belongs to. */
  uidOfStream(stream: Slot): number;
}

/** What all pools of a cluster share. */
export interface PoolSettings {
  readonly ports: Ports;
  readonly connections: ConnectionTable;
  readonly listener: PoolListener;
  readonly stats: ClusterStats;
  readonly clusterId: number;
  /** Whether outlier detection wants to hear of connections that work. */
  readonly reportsConnects: boolean;
  readonly dialPlan: DialPlan;
  /** The same without TLS. */
  readonly plainPlan: DialPlan;
  readonly connectTimeoutMs: number;
  /** 0 = off. */
  readonly idleTimeoutMs: number;
  /** 0 = off. */
  readonly maxDurationMs: number;
  /** 0 = unlimited. */
  readonly maxRequestsPerConnection: number;
  /** Whether connections carry more than one stream at a time. */
  readonly isMultiplexed: boolean;
  /** Of one connection; the peer may take fewer. */
  readonly maxConcurrentStreams: number;
  /** What is expected of one that is being made. */
  readonly streamsPerConnection: number;
  /** Of one attempt; 0 = off. */
  readonly maxStreamMs: number;
  /** Whether an overloaded proxy makes no connection for this request. */
  readonly sheds: (uid: number) => boolean;
  /** Streams that connections are made for, as a multiple of those there are; 1 = none ahead. */
  readonly preconnectRatio: number;
}

/**
 * Whether connections are too few for the requests there are, and for those expected.
 *
 * Source: policy-engine.md §3.4; Envoy multiplies single-precision numbers.
 */
export function wantsConnections(
  waiting: number,
  active: number,
  unused: number,
  ratio: number,
  anticipated: 0 | 1,
): boolean {
  const wanted = Math.fround(Math.fround(ratio) * (waiting + active + anticipated));
  return wanted > unused + active;
}

/** We are the ones who hang up on bytes that make no sense. */
export function isRemote(reason: CloseReason): boolean {
  return reason !== CloseReason.local && reason !== CloseReason.protocolError;
}

/** What the pools of a cluster share, from its configuration. */
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
  const isMultiplexed = config.protocol === 'http2';
  const { maxRequestsPerConnection } = config;
  const maxConcurrentStreams = isMultiplexed
    ? (config.maxConcurrentStreams ?? ENVOY.http2.maxConcurrentStreams.value)
    : 1;
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
    maxRequestsPerConnection,
    isMultiplexed,
    maxConcurrentStreams,
    streamsPerConnection:
      maxRequestsPerConnection > 0
        ? Math.min(maxConcurrentStreams, maxRequestsPerConnection)
        : maxConcurrentStreams,
    maxStreamMs: config.maxStreamDurationMs ?? 0,
    sheds: surroundings.sheds,
    preconnectRatio: config.preconnect?.perUpstreamRatio ?? 1,
  };
}

/** O(length), from the end: what ends was usually used last. */
export function removeFrom(list: Slot[], slot: Slot): void {
  const at = list.lastIndexOf(slot);
  assert(at >= 0, 'a connection is not where its state says');
  list.splice(at, 1);
}
