/**
 * What became of each case on one target, in a file: so that the documentation can show it without
 * running anything. Written by `npm run conformance -- … --outcomes FILE`.
 */
import { basename } from 'node:path';
import type { Outcome } from './run-case.ts';

/** By the case's id: `agrees`, or `n/a: ` or `differs: ` with the reason. */
export type RecordedOutcomes = Readonly<Record<string, string>>;

export function outcomeWord({ bad, notApplicable }: Outcome): string {
  if (bad.length === 0) return 'agrees';
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
