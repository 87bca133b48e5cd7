/** Holds invariants against experiments, inside a property of fast-check. */
import { join } from 'node:path';
import fc from 'fast-check';
import { brokenInvariant } from './counterexample.ts';
import { examine } from './examine.ts';
import type { Experiment } from './experiment.ts';
import type { Invariant } from './invariant.ts';

/** How invariants are checked. */
export interface CheckOptions {
  /**
   * Folder where a counterexample is written; `reports/fast-check` by default. Give tests that run at
   * the same time and hold the same invariants folders of their own.
   */
  readonly out?: string;
}

/**
 * Runs an experiment and throws when it breaks an invariant.
 *
 * Of an experiment that cannot tell (too few requests, too short) fast-check draws another one, as
 * `fc.pre` makes it do; with many of those it fails.
 *
 * @throws InvariantBroken with scenario, seed, files and the command that makes the run again
 * @throws InputError when the scenario, its policy or an expression is wrong
 */
export function expectInvariants(
  experiment: Experiment,
  invariants: readonly Invariant[],
  options: CheckOptions = {},
): void {
  const examination = examine(experiment, invariants);
  const { findings } = examination;
  if (findings.some(({ ok }) => ok === false)) {
    throw brokenInvariant(experiment, examination, options.out ?? join('reports', 'fast-check'));
  }
  fc.pre(findings.every(({ ok }) => ok === true));
}

/**
 * A property for `fc.assert`: every one of the experiments keeps every invariant.
 *
 * ```ts
 * fc.assert(meshProperty(experiments(), [eventuallyRecovers(), amplificationBelow(3)]));
 * ```
 */
export function meshProperty(
  experiments: fc.Arbitrary<Experiment>,
  invariants: readonly Invariant[],
  options: CheckOptions = {},
): fc.IPropertyWithHooks<[Experiment]> {
  return fc.property(experiments, (experiment) =>
    expectInvariants(experiment, invariants, options),
  );
}
