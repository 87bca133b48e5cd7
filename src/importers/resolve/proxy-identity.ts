/** Whose configuration is wanted. */
import type { Labels } from '../mesh-resources.ts';

/** The workload that a sidecar stands beside, as far as its configuration depends on it. */
export interface ProxyIdentity {
  /** Of the workload's instance: `orders-1`. */
  readonly name: string;
  readonly namespace: string;
  readonly labels: Labels;
  /** Of the workload; inbound requests are passed on to it. */
  readonly ip: string;
  /** Full names of the services that the workload is an endpoint of. */
  readonly serves: readonly string[];
  /** region/zone/subzone; absent = unknown. */
  readonly locality?: string;
}
