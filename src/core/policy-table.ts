/**
 * The policy in force between callers and services, setting by setting, with where each value comes
 * from. Plain JSON: made by `harness/policy-table.ts`, shown by reports and `describe config`.
 */

/** What the proxies of one caller do with requests to one destination. */
export interface EdgePolicy {
  readonly from: string;
  readonly to: string;
  /** Subset of the service; '' = all of it. */
  readonly subset: string;
  /** Proxies that hold this policy: one for each instance of the caller. */
  readonly proxies: number;
  readonly settings: readonly PolicySetting[];
}

export interface PolicySetting {
  /** `route` or `cluster`, then the setting's path: `cluster.circuitBreakers.default.maxConnections`. */
  readonly path: string;
  /** For people: `max connections`. */
  readonly name: string;
  /** With its unit: `250ms`, `10 %`, `no limit`, `off`. */
  readonly value: string;
  readonly isExplicit: boolean;
  /** `mesh/payments.yaml:12`, or the product and version whose default it is. */
  readonly origin: string;
  /** What the value means for all proxies together; '' where it means the same. */
  readonly inAll: string;
}
