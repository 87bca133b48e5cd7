/**
 * Faults as the scenario file writes them: the common envelope and the parameters of each kind, side
 * by side in one map. Made from the list of kinds, so a new kind needs no change here.
 * Source: surface.md §5.
 */
import { z } from 'zod';
import { parseDurationNs } from '../../core/units.ts';
import type { FaultKind, ParameterSpec } from '../../faults/fault.ts';
import { block, choice } from './block.ts';
import { addIssue, count, duration, name, positiveDuration, ratio, requireOne } from './scalars.ts';

const NAME_OR_ANY = () => z.string();

const TARGET = block(
  {
    service: NAME_OR_ANY().optional(),
    version: z.string().optional(),
    instance: z.string().optional().meta({ description: 'One endpoint, e.g. payments-2' }),
    client: NAME_OR_ANY().optional(),
    zone: z
      .string()
      .optional()
      .meta({ description: 'A zone or region: its machines; for links, those across its border' }),
    from: NAME_OR_ANY().optional().meta({ description: 'Sender of a link; "*" = any' }),
    to: NAME_OR_ANY().optional().meta({ description: 'Receiver of a link; "*" = any' }),
    mode: choice(['one', 'all', 'fixed', 'share', 'max-share', 'maxShare']).optional(),
    value: z.union([z.number(), z.string()]).optional(),
  },
  ['controlPlane', 'link'],
);

const SCHEDULE = block(
  {
    every: positiveDuration().optional(),
    first: duration().optional().meta({ description: 'Of `every`: when the first one begins' }),
    poisson: block({ mtbf: positiveDuration(), mttr: positiveDuration() }).optional(),
    burst: block({ at: duration(), count: count(1, 10_000), gap: positiveDuration() }).optional(),
  },
  ['cron'],
).superRefine((schedule, context) => {
  const keys = ['every', 'poisson', 'burst'] as const;
  requireOne(
    context,
    keys,
    keys.filter((key) => schedule[key]),
  );
});

const ENVELOPE = {
  id: name(),
  target: TARGET.optional(),
  direction: choice(['to', 'from', 'both']).optional(),
  window: block({
    at: duration().optional(),
    duration: positiveDuration().optional(),
    ramp: duration().optional(),
  }).optional(),
  schedule: SCHEDULE.optional(),
  probability: ratio().optional(),
  correlation: ratio().optional(),
  maxActive: count(1, 10_000).optional(),
  overlap: choice(['queue', 'forbid', 'allow']).optional(),
  expectEffect: block({ minStrikes: count(0, 1_000_000_000) }).optional(),
  optional: z.boolean().optional().meta({ description: 'Striking nothing is fine' }),
};

const NOT_BUILT = ['match', 'place', 'seedStream', 'rollback'];

const ENVELOPE_ONLY = z.object({ ...ENVELOPE, kind: z.string() });
/** The envelope; the parameters of the kind stand beside its keys. */
export type FaultInput = z.output<typeof ENVELOPE_ONLY>;

/** One item of `faults`, of any of these kinds. */
export function faultSchema(kinds: readonly FaultKind[]): z.ZodType<FaultInput> {
  const blocks = kinds.map((kind) => {
    const parameters = kind.parameters.map((spec) => [spec.name, parameterSchema(spec)] as const);
    const shape = { ...ENVELOPE, kind: z.literal(kind.kind), ...Object.fromEntries(parameters) };
    return block(shape, NOT_BUILT).meta({ description: kind.summary });
  });
  const [first, ...rest] = blocks;
  if (first === undefined) return block({ ...ENVELOPE, kind: z.string() }, NOT_BUILT);
  return z.discriminatedUnion('kind', [first, ...rest]) as unknown as z.ZodType<FaultInput>;
}

/** A parameter, in base units; absent where the kind has a default. */
function parameterSchema(spec: ParameterSpec): z.ZodType {
  const read = bareSchema(spec).superRefine((value, context) => {
    const problem = typeof value === 'number' ? rangeProblem(value, spec.range) : null;
    if (problem !== null) addIssue(context, 'MQ-FIELD-005', problem);
  });
  const described = read.meta({ description: spec.summary });
  return spec.default === undefined ? described : described.optional();
}

function bareSchema(spec: ParameterSpec): z.ZodType {
  switch (spec.unit) {
    case 'duration':
      return duration();
    case 'ratio':
      return ratio();
    case 'number':
      return z.number();
    case 'integer':
      return z.int();
    case 'boolean':
      return z.boolean();
    case 'names':
      return z.array(z.string());
    case 'enum': {
      const [first = '', ...rest] = spec.range.split('|').map((word) => word.trim());
      return choice([first, ...rest]);
    }
  }
}

/** Text of a default, read as the scenario file would be. @returns base units */
export function readParameterDefault(spec: ParameterSpec): unknown {
  return spec.default === undefined ? undefined : bareSchema(spec).parse(spec.default);
}

/** null when the value is allowed, or when the range is not `> x`, `>= x` or `x..y`. */
function rangeProblem(value: number, range: string): string | null {
  const bound = /^(>=?|≥)\s*(\S+)$/.exec(range.trim());
  const between = /^(\S+?)\s*\.\.\s*(\S+)$/.exec(range.trim());
  if (bound !== null) {
    const limit = limitOf(bound[2] ?? '');
    const isAllowed = limit === null || (bound[1] === '>' ? value > limit : value >= limit);
    return isAllowed ? null : `must be ${range}`;
  }
  if (between === null) return null;
  const low = limitOf(between[1] ?? '');
  const high = limitOf(between[2] ?? '');
  const isAllowed = (low === null || value >= low) && (high === null || value <= high);
  return isAllowed ? null : `must be in ${range}`;
}

function limitOf(text: string): number | null {
  const plain = Number(text);
  if (text !== '' && Number.isFinite(plain)) return plain;
  const parsed = parseDurationNs(text);
  return parsed.ok ? parsed.value : null;
}
