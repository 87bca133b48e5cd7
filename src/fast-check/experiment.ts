/**
 * An experiment: one scenario, its policy and a seed; all that a run depends on, as plain data.
 */
import fc from 'fast-check';
import type { PolicyEntry, ScenarioDefinition } from '../library/read-scenario.ts';
import type { FaultDefinition } from './fault-plan.ts';

/** A generated case of a property over meshes. */
export interface Experiment {
  readonly scenario: ScenarioDefinition;
  /** Istio resources, or absolute paths of policy files. */
  readonly mesh: readonly PolicyEntry[];
  readonly seed: string;
}

/** The same, in one line where fast-check prints a counterexample. */
export function withSummary(experiment: Experiment): Experiment {
  const value = () => summaryOf(experiment);
  return Object.defineProperty({ ...experiment }, fc.toStringMethod, { value });
}

/** `2 services, 1 policy entry, 2 faults (proc.slow at 10s, net.loss at 12s), seed 7` */
export function summaryOf({ scenario, mesh, seed }: Experiment): string {
  const services = Object.keys(scenario.services).length;
  const faults = (scenario.faults ?? []) as readonly FaultDefinition[];
  const list = faults.map(({ kind, window }) => `${kind} at ${window.at}`).join(', ');
  return [
    counted(services, 'service', 'services'),
    counted(mesh.length, 'policy entry', 'policy entries'),
    counted(faults.length, 'fault', 'faults') + (list === '' ? '' : ` (${list})`),
    `seed ${seed}`,
  ].join(', ');
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
