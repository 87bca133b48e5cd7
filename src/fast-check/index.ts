/**
 * `meshquake/fast-check`: property-based tests of a mesh. Needs fast-check 4 beside it.
 *
 * ```ts
 * import fc from 'fast-check';
 * import { amplificationBelow, eventuallyRecovers, experiments, meshProperty } from 'meshquake/fast-check';
 *
 * const mine = experiments({ scenario: 'scenarios/checkout', faults: { max: 2 } });
 * fc.assert(meshProperty(mine, [eventuallyRecovers(), amplificationBelow(3)]), { numRuns: 100 });
 * ```
 *
 * A failing property prints the smallest experiment that fast-check finds, with its seed and path, the
 * scenario, the file that it was written to, and the command that makes the same run again.
 *
 * @packageDocumentation
 */
export { type CheckOptions, expectInvariants, meshProperty } from './check.ts';
export { InvariantBroken } from './counterexample.ts';
export type { Experiment } from './experiment.ts';
export { type ExperimentOptions, experiments, type PlannedFaults } from './experiments.ts';
export {
  type FaultDefinition,
  type FaultPlanOptions,
  type FaultTargets,
  faultPlan,
} from './fault-plan.ts';
export type {
  Invariant,
  InvariantContext,
  RecoveryDefinition,
  ServiceFacts,
} from './invariant.ts';
export {
  amplificationBelow,
  eventuallyRecovers,
  holds,
  neverEjectsMoreThan,
  noRequestLost,
  type RecoveryOptions,
  type SuccessOptions,
  successAtLeast,
} from './invariants.ts';
export { type Load, type LoadOptions, load } from './load.ts';
export {
  breakerPolicy,
  type ConnectionPool,
  ejectionPolicy,
  type HttpRetry,
  type OutlierDetection,
  policyOf,
  retryPolicy,
  timeoutPolicy,
} from './policy.ts';
export {
  type ServiceDefinition,
  type Topology,
  type TopologyOptions,
  topology,
} from './topology.ts';
