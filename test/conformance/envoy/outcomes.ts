/**
 * What became of each case on one target, in a file: so that the documentation can show it without
 * running anything. Written by `npm run conformance -- … --outcomes FILE`.
 */
import { basename } from 'node:path';
import type { Outcome } from './run-case.ts';

/** By the case's id: `agrees` (with the run, unless it was the first), `n/a: ` or `differs: ` and why. */
export type RecordedOutcomes = Readonly<Record<string, string>>;

export function outcomeWord({ bad, notApplicable, run }: Outcome): string {
  if (bad.length === 0) return run === undefined ? 'agrees' : `agrees in run ${run}`;
  return notApplicable === undefined ? `differs: ${bad.join('; ')}` : `n/a: ${notApplicable}`;
}

/** @param names files of all cases there are */
export function mergedOutcomes(
  known: RecordedOutcomes,
  outcomes: readonly Outcome[],
  names: readonly string[],
): RecordedOutcomes {
  const now = new Map(outcomes.map((outcome) => [outcome.id, outcomeWord(outcome)]));
  const ids = names.map((name) => basename(name, '.yaml'));
  const words = ids.map((id) => [id, now.get(id) ?? known[id]] as const);
  return Object.fromEntries(
    words.flatMap(([id, word]) => (word === undefined ? [] : [[id, word]])),
  );
}

export function outcomesText(outcomes: RecordedOutcomes): string {
  return `${JSON.stringify(outcomes, null, 1)}\n`;
}
