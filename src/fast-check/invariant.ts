/**
 * What an invariant is: expectations about a run, in the language of scenario files.
 *
 * That is all there is to it, so a counterexample can be written as a scenario whose own expectations
 * fail, and `meshquake run` shows the same failure.
 */
import type { Scenario } from '../harness/scenario.ts';

/** When a run counts as recovered; keys and units as under `recovery` in a scenario file. */
export interface RecoveryDefinition {
  /** Share of the goodput before the first fault, 0..1. */
  readonly ratio: number;
  /** For how long, e.g. `'5s'`. */
  readonly for: string;
  /** How long after the end of the last fault, e.g. `'15s'`. */
  readonly within: string;
}

/** What an invariant may know of a scenario. */
export interface InvariantContext {
  readonly clients: readonly string[];
  /** `a->b` */
  readonly edges: readonly string[];
  /** Of the whole run, in seconds of virtual time. */
  readonly durationS: number;
  readonly services: readonly ServiceFacts[];
}

/** A service as an invariant knows it. */
export interface ServiceFacts {
  readonly name: string;
  readonly namespace: string;
  /** Endpoints of all versions. */
  readonly instances: number;
}

/** Something that must hold in every experiment. */
export interface Invariant {
  /** A sentence, e.g. `amplification stays below 2`. */
  readonly name: string;
  /** CEL expressions over the summary of the run; each must be true. */
  expressions(context: InvariantContext): readonly string[];
  /** How recovery is judged; of several invariants in one property at most one may say so. */
  recovery?(context: Pick<InvariantContext, 'durationS'>): RecoveryDefinition;
}

/** What a scenario says, as invariants see it. */
export function contextOf(scenario: Scenario, edges: readonly string[]): InvariantContext {
  return {
    clients: scenario.clients.map(({ name }) => name),
    edges,
    durationS: scenario.durationNs / 1e9,
    services: scenario.services.map(({ name, namespace, versions }) => ({
      name,
      namespace,
      instances: versions.reduce((sum, version) => sum + version.instances, 0),
    })),
  };
}
