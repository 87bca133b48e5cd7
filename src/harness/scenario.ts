/**
 * A scenario after reading: one variant, every default filled in, units gone, names checked.
 * Made by `scenario-file.ts`, consumed by `build.ts` and `run.ts`. Source: scenario.md.
 */
import type { DistributionSpec } from '../core/distributions.ts';
import type { HeaderList } from '../core/engine.ts';
import type { Ns } from '../core/time.ts';
import type { FaultEnvelope } from '../faults/envelope.ts';
import type { CacheSpec } from '../sim/host/cache.ts';
import type { AcceptSpec } from '../sim/world-spec.ts';
import type { CallStep } from '../workload/call-step.ts';
import type { LoadSpec } from '../workload/load.ts';
import type { IdentityPlan } from './normalise/identity.ts';

export interface Scenario {
  /** Name of its folder (or file). */
  readonly name: string;
  /** As given on the command line. */
  readonly path: string;
  /** Hex; covers the resolved scenario: mesh files, variant, `--set`, `--mesh`. */
  readonly hash: string;
  /** '' when the file declares no variants. */
  readonly variant: string;
  readonly title: string;
  /** '' when not given, as `source`. */
  readonly description: string;
  /** URL or document of the incident that the scenario retells. */
  readonly source: string;
  readonly durationNs: Ns;
  readonly warmUpNs: Ns;
  readonly epochMs: number;
  readonly dataPlane: DataPlaneSpec;
  readonly meshDefaults: MeshDefaults;
  /** The policy files' texts, in order. */
  readonly mesh: readonly SourceText[];
  readonly services: readonly ServiceSpec[];
  readonly clients: readonly ClientSpec[];
  readonly network: NetworkSpec;
  /** Absent = certificates only where mesh files ask for mTLS. */
  readonly identity?: IdentityPlan;
  readonly faults: readonly FaultEnvelope[];
  readonly recovery: RecoverySpec;
  /** Common ones first, then the variant's own. */
  readonly expect: readonly Expectation[];
  /** What the file says this variant ends with. */
  readonly declaredVerdict: Verdict | null;
}

export interface SourceText {
  readonly path: string;
  readonly text: string;
}

export interface DataPlaneSpec {
  readonly kind: 'none' | 'sidecar' | 'linkerd';
  /** Id of an overhead profile (`data-planes/overhead-profiles.ts`), `none` = free. */
  readonly overhead: string;
}

export interface MeshDefaults {
  /** `istio-1.28` */
  readonly product: string;
  readonly rootNamespace: string;
  readonly trustDomain: string;
}

export interface ServiceSpec {
  readonly name: string;
  readonly namespace: string;
  readonly ports: readonly { readonly name: string; readonly number: number }[];
  readonly labels: Readonly<Record<string, string>>;
  /** Kubernetes service account; part of the workload's identity. */
  readonly serviceAccount: string;
  /** At least one; a service without `versions` has one with version ''. */
  readonly versions: readonly ServiceVersion[];
}

export interface ServiceVersion {
  /** '' or the value of the label `version`. */
  readonly version: string;
  /** Of the service and of the version, `version` included. */
  readonly labels: Readonly<Record<string, string>>;
  readonly instances: number;
  /** Localities `region/zone`; instances stand in them in turn. Empty = nowhere in particular. */
  readonly zones: readonly string[];
  /** 0 = unlimited. */
  readonly workers: number;
  /** null = unlimited; fifo. */
  readonly queueLimit: number | null;
  readonly serviceTime: DistributionSpec;
  readonly errors: readonly { readonly status: number; readonly ratio: number }[];
  readonly responseBytes: number;
  readonly onAbandon: 'keep-working' | 'skip-queued' | 'cancel';
  readonly calls: readonly CallStep[];
  /** null = none. */
  readonly cache: CacheSpec | null;
  /** What accepting a connection costs; null = nothing. */
  readonly accepting: AcceptSpec | null;
}

export interface ClientSpec {
  readonly name: string;
  readonly namespace: string;
  /** Of its callers; absent = `default`. */
  readonly serviceAccount?: string;
  readonly to: string;
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly headers: HeaderList;
  readonly bodyBytes: number;
  readonly instances: number;
  /** '' = outside of all zones. */
  readonly zone: string;
  readonly load: LoadSpec;
  /** 0 = none. */
  readonly deadlineNs: Ns;
}

/** One-way properties of the pairs that match; later entries win over earlier ones, all over `default`. */
export interface NetworkSpec {
  readonly default: LinkSpec;
  readonly links: readonly {
    readonly from: string;
    readonly to: string;
    readonly link: LinkSpec;
  }[];
}

export interface LinkSpec {
  readonly latency: DistributionSpec;
  /** Ratio of transmissions lost. */
  readonly loss: number;
}

export interface RecoverySpec {
  /** Fault ids; all faults by default. */
  readonly triggers: readonly string[];
  readonly ratio: number;
  readonly forNs: Ns;
  /** 0 = not given. */
  readonly withinNs: Ns;
}

/** A time in a run: an offset, possibly from the start or end of a fault. */
export interface TimeRef {
  readonly anchor: { readonly id: string; readonly edge: 'start' | 'end' } | null;
  readonly offsetNs: Ns;
}

export interface Expectation {
  readonly mode: 'that' | 'always' | 'eventually' | 'sometimes';
  /** CEL, on one line. */
  readonly expression: string;
  /** null = the measured run. */
  readonly during: { readonly from: TimeRef; readonly to: TimeRef } | null;
  /** Windows of always/eventually and of `within`. */
  readonly everyNs: Ns;
  /** Becomes true within this after `after` ended; 0 = not used. */
  readonly withinNs: Ns;
  readonly after: string | null;
  /** Stays true so long; 0 = until the next trigger or the end. */
  readonly forNs: Ns;
  /** Of the variant itself: it must hold for the variant to end as declared. */
  readonly isVariantsOwn: boolean;
  /** Share of the seeds in which it must hold. */
  readonly runs: readonly [number, number];
  /** As written, for people. */
  readonly text: string;
  readonly position: { readonly file: string; readonly line: number; readonly column: number };
}

export const VERDICTS = [
  'pass',
  'fail',
  'not-recovered',
  'inconclusive',
  'thresholds-crossed',
  'nondeterministic',
  'aborted',
] as const;
export type Verdict = (typeof VERDICTS)[number];
