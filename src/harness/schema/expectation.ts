/** Expectations, recovery and variants. Source: scenario.md §3, §4. */
import { z } from 'zod';
import { VERDICTS } from '../scenario.ts';
import { block, choice } from './block.ts';
import { addIssue, name, positiveDuration, ratio, requireOne } from './scalars.ts';

export const MODES = ['that', 'always', 'eventually', 'sometimes'] as const;

const expression = () =>
  z.string().min(1).meta({ description: 'A CEL expression over the summary document' });

const TIME = () =>
  z.string().meta({ description: 'A time like 60s, slow.start or slow.end + 10s' });

const LONG_FORM = block({
  that: expression().optional(),
  always: expression().optional(),
  eventually: expression().optional(),
  sometimes: expression().optional(),
  during: z
    .union([z.string(), z.tuple([TIME(), TIME()])], {
      error: 'must be the id of a fault or [from, to]',
    })
    .optional(),
  every: positiveDuration().optional(),
  within: positiveDuration().optional(),
  after: z.string().optional().meta({ description: 'The id of a fault' }),
  for: positiveDuration().optional(),
  runs: z
    .union([ratio(), z.tuple([ratio(), ratio()])], {
      error: 'must be a ratio like 90% or a range like [20%, 80%]',
    })
    .optional(),
}).superRefine((item, context) => {
  const given = MODES.filter((mode) => item[mode] !== undefined);
  if (!requireOne(context, MODES, given)) return;
  const problem = modeProblem(item, given[0] as (typeof MODES)[number]);
  if (problem !== null) addIssue(context, 'MQ-FIELD-010', problem);
});

/** Which keys of an expectation make sense together. */
function modeProblem(item: Record<string, unknown>, mode: (typeof MODES)[number]): string | null {
  const has = (key: string): boolean => item[key] !== undefined;
  if (has('within') !== has('after')) return 'needs "within" and "after" together';
  if (has('within') && mode !== 'that') return `"within" goes with "that", not with "${mode}"`;
  if (has('within') && has('during')) return '"within" and "during" exclude each other';
  if (has('for') && !has('within')) return '"for" goes with "within" and "after"';
  if (has('every') && (mode === 'sometimes' || (mode === 'that' && !has('within')))) {
    return '"every" goes with always, eventually and within';
  }
  return has('runs') && mode === 'sometimes' ? '"runs" and "sometimes" exclude each other' : null;
}

export const EXPECTATION = z
  .union([expression(), LONG_FORM], { error: 'must be an expression, or a map with "that"' })
  .meta({ id: 'expectation' });
export type ExpectationInput = z.output<typeof EXPECTATION>;
export type LongExpectation = z.output<typeof LONG_FORM>;

export const RECOVERY = block({
  trigger: z
    .union([z.string(), z.array(z.string())], { error: 'must be the ids of faults' })
    .optional()
    .meta({ description: 'Fault ids; all faults by default' }),
  ratio: ratio().optional(),
  for: positiveDuration().optional(),
  within: positiveDuration().optional(),
});
export type RecoveryInput = z.output<typeof RECOVERY>;

/** One entry or several: folders, files and globs. */
export const MESH_FILES = z
  .union([z.string(), z.array(z.string())], { error: 'must be a list of files, folders or globs' })
  .meta({ description: 'Policy files, folders or globs, relative to the scenario' });

export const VARIANT = block({
  mesh: MESH_FILES.optional(),
  set: z
    .record(z.string(), z.unknown())
    .optional()
    .meta({ description: 'Dotted paths to new values, as --set' }),
  verdict: choice(VERDICTS).optional(),
  expect: z.array(EXPECTATION).optional(),
});

/** The names of variants also stand on command lines and in file names. */
export const VARIANTS = z.record(name(), VARIANT);
