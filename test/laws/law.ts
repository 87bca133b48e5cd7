/**
 * What a law is, and how one is tried: over generated scenarios, with a bug planted or without.
 *
 * Seeds are fixed, so the suite never flakes; `MESHQUAKE_LAWS_SEED` and `MESHQUAKE_LAWS_RUNS` explore.
 * A failure is shrunk and printed as files that `meshquake run` takes, with seed and path.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { aSketch } from '../helpers/arbitraries.ts';
import { type ObservedRun, observe, type Plant } from '../helpers/scenarios.ts';
import type { ScenarioSketch } from '../helpers/sketch.ts';

/** Something that holds in every run of every scenario. */
export interface Law {
  /** A sentence. */
  readonly name: string;
  /** @returns what is wrong, in words; empty = the law holds */
  check(run: ObservedRun): readonly string[];
}

/** A counterexample was found: not the same as a test that crashes. */
export class LawBroken extends Error {
  constructor(violations: readonly string[]) {
    super(violations.slice(0, 5).join('\n'));
    this.name = 'LawBroken';
  }
}

export const SEED = Number(process.env['MESHQUAKE_LAWS_SEED'] ?? 20260101);

/** Of one counterexample, as a failure printed it. */
export const PATH = process.env['MESHQUAKE_LAWS_PATH'];

/** @param usual number of scenarios, unless the environment multiplies it */
export function runsOf(usual: number): number {
  return Math.ceil(usual * Number(process.env['MESHQUAKE_LAWS_RUNS'] ?? 1));
}

/** How a property over sketches is tried. */
export interface Trial {
  readonly runs: number;
  /** Mixed into the seed, so that properties do not all see the same scenarios. */
  readonly salt: number;
  readonly sketches?: fc.Arbitrary<ScenarioSketch>;
}

/**
 * Fails with a shrunk scenario when `check` finds something wrong with any.
 *
 * @param file of the test, for the line that runs it again
 */
export function expectOfAll(
  file: string,
  check: (sketch: ScenarioSketch) => readonly string[],
  trial: Trial,
): void {
  const details = search(check, trial, false);
  if (!details.failed) return;
  throw new Error(describeFailure(file, details, trial));
}

/** Whether some scenario makes `check` report something; a crash does not count. */
export function findsViolation(
  check: (sketch: ScenarioSketch) => readonly string[],
  trial: Trial,
): boolean {
  const details = search(check, trial, true);
  if (!details.failed) return false;
  if (details.errorInstance instanceof LawBroken) return true;
  throw details.errorInstance;
}

/** Checks one law on one scenario, from a fresh run. */
export function violationsOf(law: Law, sketch: ScenarioSketch, plant?: Plant): readonly string[] {
  return law.check(observe(sketch, plant === undefined ? {} : { plant }));
}

/** Shrinking stops after this; a larger counterexample is better than a time-out. */
const SHRINK_MS = 30_000;

type Details = fc.RunDetails<[ScenarioSketch]>;

function search(
  check: (sketch: ScenarioSketch) => readonly string[],
  trial: Trial,
  endOnFailure: boolean,
): Details {
  let shrinkUntilMs = Number.POSITIVE_INFINITY;
  const property = fc.property(trial.sketches ?? aSketch(), (sketch) => {
    if (Date.now() > shrinkUntilMs) return;
    const violations = check(sketch);
    if (violations.length === 0) return;
    shrinkUntilMs = Math.min(shrinkUntilMs, Date.now() + SHRINK_MS);
    throw new LawBroken(violations);
  });
  return fc.check(property, {
    seed: SEED + trial.salt,
    numRuns: trial.runs,
    endOnFailure,
    ...(PATH === undefined || endOnFailure ? {} : { path: PATH }),
  });
}

function describeFailure(file: string, details: Details, trial: Trial): string {
  const [sketch] = details.counterexample ?? [];
  const seed = details.seed - trial.salt;
  return [
    details.errorInstance instanceof Error ? details.errorInstance.message : 'no message',
    '',
    sketch === undefined ? '' : scenarioFiles(sketch),
    `seed ${details.seed}, path ${details.counterexamplePath}, ${details.numShrinks} shrinks`,
    `again: MESHQUAKE_LAWS_SEED=${seed} MESHQUAKE_LAWS_PATH=${details.counterexamplePath} \\`,
    `  npx vitest run ${file} -t '${testPattern()}'`,
    details.errorInstance instanceof Error ? (details.errorInstance.stack ?? '') : '',
  ].join('\n');
}

/** A regular expression that matches the name of the test that runs. */
function testPattern(): string {
  const names = (expect.getState().currentTestName ?? '').split(' > ');
  return (names.at(-1) ?? '').replace(/[^\w ,-]/g, '.');
}

/** As files that can be saved and run; JSON is YAML. */
export function scenarioFiles({ seed, scenario, mesh }: ScenarioSketch): string {
  const documents = mesh.map((document) => JSON.stringify(document));
  return [
    '# scenario.yaml',
    JSON.stringify(scenario, null, 1),
    ...(documents.length === 0 ? [] : ['# mesh.yaml', documents.join('\n---\n')]),
    `# meshquake run scenario.yaml --seed ${seed}`,
  ].join('\n');
}
