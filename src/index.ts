/**
 * meshquake as a library: simulate a service mesh under faults, from a test or a script.
 *
 * ```ts
 * import { simulate } from 'meshquake';
 *
 * const summary = simulate('scenarios/retry-storm', { seed: 7, variant: 'one-retry' });
 * expect(summary.verdict).toBe('pass');
 * expect(summary.edges[0]?.amplification).toBeLessThan(1.2);
 * ```
 *
 * A simulation is a function: same scenario, same seed and same version give the same summary, apart
 * from the wall-clock fields under `run`. Generated scenarios and invariants for property-based tests
 * are in `meshquake/fast-check`.
 *
 * @packageDocumentation
 */
export type { Diagnostic, Severity, SourcePosition } from './core/diagnostics.ts';
export { EnvironmentError, ExitCode, InputError, UsageError } from './core/errors.ts';
/** All of the document that `simulate` returns. */
export type * from './core/summary.ts';
export type {
  PolicyEntry,
  PolicyResource,
  ScenarioChanges,
  ScenarioDefinition,
} from './library/read-scenario.ts';
export { type SimulateOptions, simulate } from './library/simulate.ts';
