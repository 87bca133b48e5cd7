/**
 * Probability laws of durations in a scenario: `{ exponential: 10ms }`, or `10ms` for a constant.
 * Read into the `DistributionSpec` of the sampler. Source: scenario.md §2.5 (distributions).
 */
import { z } from 'zod';
import { type DistributionSpec, DurationSampler } from '../../core/distributions.ts';
import { block, choice } from './block.ts';
import { addIssue, duration, positiveDuration, ratio, requireOne } from './scalars.ts';

const LAWS = [
  'constant',
  'uniform',
  'exponential',
  'normal',
  'lognormal',
  'pareto',
  'gamma',
  'erlang',
  'weibull',
  'empirical',
  'mixture',
] as const;

const number = () => z.number().positive().max(1e9);

const LAW_BLOCK = block(
  {
    constant: duration().optional(),
    uniform: block({ min: duration(), max: duration() }).optional(),
    exponential: positiveDuration().optional(),
    normal: block({ mean: positiveDuration(), stdDev: duration() }).optional(),
    lognormal: block({
      p50: positiveDuration().optional(),
      p99: positiveDuration().optional(),
      mean: positiveDuration().optional(),
      sigma: z.number().min(0).max(10).optional(),
    }).optional(),
    pareto: block({ scale: positiveDuration(), shape: number() }).optional(),
    gamma: block({ mean: positiveDuration(), shape: number() }).optional(),
    erlang: block({ mean: positiveDuration(), stages: z.int().min(1).max(1000) }).optional(),
    weibull: block({ scale: positiveDuration(), shape: number() }).optional(),
    empirical: block({
      quantiles: z.array(z.tuple([ratio(), duration()])).min(2),
      scale: choice(['linear', 'log']).optional(),
    }).optional(),
    get mixture() {
      return z
        .array(block({ weight: z.number().min(0), of: distribution() }))
        .min(1)
        .optional();
    },
    min: duration().optional(),
    max: duration().optional(),
  },
  ['zipf', 'times'],
);
type LawBlock = z.output<typeof LAW_BLOCK>;

const DISTRIBUTION: z.ZodType<DistributionSpec> = z
  .union([duration(), LAW_BLOCK], {
    error: 'must be a duration or a map with one law, e.g. { exponential: 10ms }',
  })
  .transform((value, context): DistributionSpec => {
    if (typeof value === 'number') return { kind: 'constant', valueNs: value };
    const spec = toSpec(value, context);
    if (spec === null) return z.NEVER;
    const problem = samplerProblem(spec);
    if (problem === null) return spec;
    addIssue(context, 'MQ-SCENARIO-013', `is not a distribution: ${problem}`);
    return z.NEVER;
  })
  .meta({ id: 'distribution' });

/** A law of durations. */
export function distribution(): z.ZodType<DistributionSpec> {
  return DISTRIBUTION;
}

function toSpec(laws: LawBlock, context: z.core.$RefinementCtx): DistributionSpec | null {
  const given = LAWS.filter((law) => laws[law] !== undefined);
  if (!requireOne(context, LAWS, given)) return null;
  const spec = lawSpec(laws);
  if (spec === null) {
    addIssue(
      context,
      'MQ-SCENARIO-013',
      'is not a distribution: lognormal takes p50 and p99, or mean and sigma',
    );
    return null;
  }
  if (spec.kind === 'constant' || spec.kind === 'uniform') {
    if (laws.min === undefined && laws.max === undefined) return spec;
    addIssue(context, 'MQ-FIELD-010', `min and max have no use beside ${spec.kind}`);
    return null;
  }
  return {
    ...spec,
    ...(laws.min === undefined ? {} : { minNs: laws.min }),
    ...(laws.max === undefined ? {} : { maxNs: laws.max }),
  };
}

/** null: a lognormal law without a complete pair of parameters. */
function lawSpec(laws: LawBlock): DistributionSpec | null {
  const { uniform, normal, pareto, gamma, erlang, weibull, empirical } = laws;
  if (laws.constant !== undefined) return { kind: 'constant', valueNs: laws.constant };
  if (uniform) return { kind: 'uniform', minNs: uniform.min, maxNs: uniform.max };
  if (laws.exponential !== undefined) return { kind: 'exponential', meanNs: laws.exponential };
  if (normal) return { kind: 'normal', meanNs: normal.mean, stdDevNs: normal.stdDev };
  if (pareto) return { kind: 'pareto', scaleNs: pareto.scale, shape: pareto.shape };
  if (gamma) return { kind: 'gamma', meanNs: gamma.mean, shape: gamma.shape };
  if (erlang) return { kind: 'erlang', meanNs: erlang.mean, stages: erlang.stages };
  if (weibull) return { kind: 'weibull', scaleNs: weibull.scale, shape: weibull.shape };
  if (empirical) {
    return {
      kind: 'empirical',
      quantiles: empirical.quantiles,
      scale: empirical.scale ?? 'linear',
    };
  }
  if (laws.mixture) return { kind: 'mixture', parts: laws.mixture };
  return laws.lognormal === undefined ? null : lognormalSpec(laws.lognormal);
}

function lognormalSpec(given: NonNullable<LawBlock['lognormal']>): DistributionSpec | null {
  const { p50, p99, mean, sigma } = given;
  const hasQuantiles = p50 !== undefined && p99 !== undefined;
  const hasMoments = mean !== undefined && sigma !== undefined;
  const hasBoth = (p50 ?? p99) !== undefined && (mean ?? sigma) !== undefined;
  if (hasBoth || !(hasQuantiles || hasMoments)) return null;
  if (hasQuantiles) return { kind: 'lognormal', p50Ns: p50, p99Ns: p99 };
  return { kind: 'lognormal', meanNs: mean as number, sigma: sigma as number };
}

/** The sampler knows best which parameters go together. */
function samplerProblem(spec: DistributionSpec): string | null {
  if (spec.kind === 'constant') return null;
  try {
    new DurationSampler(spec);
    return null;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}
