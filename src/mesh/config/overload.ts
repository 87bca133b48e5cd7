/**
 * Configuration of the overload manager.
 *
 * Source: policy-engine.md §9.7; Envoy v3 API, config/overload/v3.
 */

/** Envoy's names without their prefix. */
export const OVERLOAD_ACTIONS = [
  'stop_accepting_requests',
  'disable_http_keepalive',
  'reject_incoming_connections',
  'reduce_timeouts',
] as const;
export type OverloadAction = (typeof OVERLOAD_ACTIONS)[number];

/** Envoy's names without their prefix. */
export const SHED_POINTS = [
  'tcp_listener_accept',
  'http1_server_abort_dispatch',
  'http_connection_manager_decode_headers',
  'http_downstream_filter_check',
  'connection_pool_new_connection',
] as const;
export type ShedPoint = (typeof SHED_POINTS)[number];

export interface OverloadConfig {
  readonly refreshIntervalMs: number;
  /** What pressure is reported for, by name. */
  readonly monitors: readonly {
    readonly name: string;
    /** The file that holds its pressure; null = it stays at 0. */
    readonly path: string | null;
  }[];
  readonly actions: readonly {
    readonly name: OverloadAction;
    readonly triggers: readonly OverloadTrigger[];
  }[];
  readonly shedPoints: readonly {
    readonly name: ShedPoint;
    readonly triggers: readonly OverloadTrigger[];
  }[];
  /** What `reduce_timeouts` reduces. */
  readonly scaledTimers: readonly ScaledTimer[];
}

/** Pressures are 0..1; `monitor` is a position in `monitors`. */
export type OverloadTrigger =
  | { readonly kind: 'threshold'; readonly monitor: number; readonly value: number }
  | {
      readonly kind: 'scaled';
      readonly monitor: number;
      /** Nothing up to here. */
      readonly from: number;
      /** In full from here on. */
      readonly to: number;
    };

export interface ScaledTimer {
  readonly timer: 'HTTP_DOWNSTREAM_CONNECTION_IDLE' | 'HTTP_DOWNSTREAM_STREAM_IDLE';
  /** What is left under full pressure; null = `minPercent` of the timer says it. */
  readonly minMs: number | null;
  readonly minPercent: number;
}
