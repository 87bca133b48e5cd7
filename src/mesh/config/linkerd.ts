/**
 * Configuration of what Linkerd does in place of Envoy's ejection, panic and retry budget.
 *
 * Source: config-other-meshes.md §1.4, 1.5, 1.9.
 */

/** When a host's gate shuts, and for how long. */
export interface FailureAccrualConfig {
  /** Failures in a row; 0 = they alone never shut it. */
  readonly maxFailures: number;
  /** The first backoff; it doubles from one failed try to the next. */
  readonly minPenaltyMs: number;
  /** Not below `minPenaltyMs`. */
  readonly maxPenaltyMs: number;
  /** Up to so much of a backoff is added to it; 0..100. */
  readonly jitterRatio: number;
  /** undefined = only failures in a row count. */
  readonly successRate?: SuccessRateWindow;
}

/** "Too many requests" counts against it, too. */
export interface SuccessRateWindow {
  /** 0..1; 0 = off. */
  readonly threshold: number;
  /** 10 or more. */
  readonly windowMs: number;
  readonly minRequests: number;
}

/** Where requests wait for a ready host. */
export interface BalancerQueueConfig {
  readonly capacity: number;
  /** How long nobody is ready before all who wait fail, and who comes is turned away. */
  readonly failfastMs: number;
}

/** Retries are paid for with requests. */
export interface RetryTokensConfig {
  /** 0..1000: retries per request. */
  readonly retryRatio: number;
  /** Retries that are free. */
  readonly minRetriesPerSecond: number;
  /** 1,000..60,000: how long a payment counts. */
  readonly ttlMs: number;
}
