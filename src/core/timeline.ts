/**
 * What a run measured over time, for reports: one value per bucket (1 s, cut also at fault edges).
 * Plain JSON. Arrays of one timeline have equal length, indexed by bucket.
 */

export interface Timeline {
  /** Start of each bucket; one more entry than there are values: the end of the last. */
  readonly edgesS: readonly number[];
  readonly clients: readonly ClientTimeline[];
  readonly edges: readonly EdgeTimeline[];
  readonly services: readonly ServiceTimeline[];
  /** Absent in a run in which nothing of the kind happened. */
  readonly identity?: IdentityTimeline;
}

export interface IdentityTimeline {
  readonly handshakesFailedRps: readonly number[];
  readonly renewalsFailedRps: readonly number[];
}

export interface ClientTimeline {
  readonly name: string;
  readonly offeredRps: readonly number[];
  readonly goodputRps: readonly number[];
  readonly failedRps: readonly number[];
  /** null where nothing was answered. */
  readonly latencyMsP50: readonly (number | null)[];
  readonly latencyMsP90: readonly (number | null)[];
  readonly latencyMsP99: readonly (number | null)[];
}

export interface EdgeTimeline {
  readonly from: string;
  readonly to: string;
  readonly requestsRps: readonly number[];
  readonly attemptsRps: readonly number[];
  readonly retriesRps: readonly number[];
  readonly failedRps: readonly number[];
  readonly latencyMsP50: readonly (number | null)[];
  readonly latencyMsP99: readonly (number | null)[];
}

export interface ServiceTimeline {
  readonly name: string;
  readonly version: string;
  /** Mean over the bucket, of all instances. */
  readonly queueLength: readonly number[];
  /** 0..1 of the workers. */
  readonly workerUtilisation: readonly number[];
  /** Endpoints ejected by at least one proxy, at the end of the bucket. */
  readonly ejected: readonly number[];
}
