/**
 * The machine-readable summary: what `--json` prints, `summary.json` holds and expectations are
 * written against. Units last in names; ratios 0..1; times are virtual unless the name says wall.
 * Source: surface.md §0. Field order here is the order in the document.
 */

export interface Summary {
  readonly meshquake: string;
  readonly format: 1;
  readonly scenario: ScenarioIdentity;
  readonly seed: string;
  readonly digest: string;
  readonly verdict: string;
  readonly exitCode: number;
  readonly run: RunFigures;
  readonly clients: readonly ClientSummary[];
  readonly edges: readonly EdgeSummary[];
  readonly services: readonly ServiceSummary[];
  readonly proxies: ProxiesSummary;
  readonly ejections: readonly EjectionSummary[];
  /** Absent when nothing happened that has to do with certificates or access policy. */
  readonly identity?: IdentitySummary;
  readonly faults: readonly FaultSummary[];
  readonly operations: readonly OperationSummary[];
  readonly expect: readonly ExpectationSummary[];
  readonly recovery: RecoverySummary;
  /** What was asked for but only approximated, one line each. */
  readonly limits: readonly string[];
}

export interface ScenarioIdentity {
  readonly name: string;
  readonly path: string;
  readonly hash: string;
  readonly variant: string;
}

export interface RunFigures {
  readonly virtualS: number;
  readonly wallS: number;
  readonly events: number;
  readonly eventsPerWallS: number;
  readonly requestsPerWallS: number;
}

export interface LatencyMs {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export type CountByName = Readonly<Record<string, number>>;

export interface ClientSummary {
  readonly name: string;
  readonly offered: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly goodputRps: number;
  readonly successRatio: number;
  readonly latencyMs: LatencyMs;
  readonly byCode: CountByName;
  readonly byFlag: CountByName;
}

export interface EdgeSummary {
  readonly from: string;
  readonly to: string;
  readonly requests: number;
  readonly attempts: number;
  readonly amplification: number;
  readonly successRatio: number;
  readonly firstTrySuccessRatio: number;
  readonly retries: number;
  readonly retriesRefused: {
    readonly budget: number;
    readonly breaker: number;
    readonly max: number;
  };
  readonly latencyMs: LatencyMs;
  readonly byFlag: CountByName;
}

export interface ServiceSummary {
  readonly name: string;
  /** '' = the total of all versions. */
  readonly version: string;
  readonly instances: number;
  readonly served: number;
  readonly wastedWorkRatio: number;
  readonly cpuUtilisation: number;
  readonly workerUtilisation: number;
  readonly queueMax: number;
  readonly cacheHitRatio: number;
  readonly ready: { readonly min: number; readonly max: number };
}

export interface ProxiesSummary {
  readonly addedLatencyMs: { readonly p50: number; readonly p99: number };
  readonly cpuCores: number;
  readonly memoryMiB: number;
}

export interface EjectionSummary {
  readonly atS: number;
  readonly proxy: string;
  readonly cluster: string;
  readonly endpoint: string;
  readonly detector: string;
  readonly untilS: number | null;
  readonly refusedBy: 'max-ejection-percent' | 'enforcing' | null;
}

/** Certificates and access policy. */
export interface IdentitySummary {
  readonly certificatesIssued: number;
  /** Attempts. */
  readonly renewalsFailed: number;
  readonly handshakesFailed: number;
  readonly requestsDenied: number;
  /** By edge and reason, most first. */
  readonly failures: readonly HandshakeFailureSummary[];
}

export interface HandshakeFailureSummary {
  /** '' = not known to whom it failed. */
  readonly from: string;
  readonly to: string;
  /** Whose proxy refused. */
  readonly seenBy: 'caller' | 'server';
  /** `expired`, `not-yet-valid`, `untrusted`, `wrong-san`, `plain-text-peer` … */
  readonly reason: string;
  readonly count: number;
  readonly firstS: number;
  readonly lastS: number;
}

export interface FaultSummary {
  readonly id: string;
  readonly kind: string;
  readonly startS: number;
  readonly endS: number;
  readonly strikes: number;
}

export interface OperationSummary {
  readonly id: string;
  readonly action: string;
  readonly startS: number;
  readonly endS: number;
}

export interface ExpectationSummary {
  readonly text: string;
  readonly ok: boolean | null;
  readonly observed: string;
  readonly windowS: readonly [number, number];
}

export interface RecoverySummary {
  readonly baselineGoodputRps: number;
  readonly triggerEndS: number | null;
  readonly recoveredAtS: number | null;
  readonly metastable: boolean;
}
