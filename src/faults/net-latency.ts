/**
 * net.latency: every message takes longer, also those already under way.
 *
 * The extra time of a message is keyed by its attempt, so a fault that adds jitter keeps messages of
 * one connection in order only because HTTP/1 has one at a time. Correlation between successive
 * messages is not modelled: it would make one message's delay depend on which others were sent.
 * Sources: surface.md §5 (base 100 ms, jitter ±30 %); tc-netem(8) for the laws.
 */
import type { DistributionSpec } from '../core/distributions.ts';
import { DurationSampler } from '../core/distributions.ts';
import type { FaultTarget } from '../core/fault-target.ts';
import { ln } from '../core/math.ts';
import type { Ns } from '../core/time.ts';
import type { ActiveFault, FaultContext, FaultKind, Selection } from './fault.ts';
import { numberOf, textOf } from './parameters.ts';

const LAWS = 'const|uniform|normal|exponential|lognormal|bimodal';

export const NET_LATENCY: FaultKind = {
  kind: 'net.latency',
  group: 'network',
  summary: 'Adds latency, one way, to every message on the selected links.',
  targets: 'links',
  parameters: [
    {
      name: 'base',
      unit: 'duration',
      default: '100ms',
      range: '>= 0s',
      summary: 'Mean of the added time.',
      source: 'surface.md §5; Gremlin',
    },
    {
      name: 'jitter',
      unit: 'ratio',
      default: '30%',
      range: '0..1',
      summary:
        'Spread around the base: half-width (uniform, bimodal) or deviation (normal, lognormal).',
      source: 'surface.md §5; Steadybit',
    },
    {
      name: 'dist',
      unit: 'enum',
      default: 'uniform',
      range: LAWS,
      summary: 'Law of the added time.',
      source: 'surface.md §5; tc-netem(8)',
    },
  ],
  moves: { metric: 'clients.latencyMs.p50', direction: 'up' },
  example: `- id: slow-network
  kind: net.latency
  target: { service: payments }
  window: { at: 60s, duration: 30s }
  base: 200ms
  jitter: 10%`,

  apply(target: FaultTarget, selection: Selection, context: FaultContext): ActiveFault {
    const { parameters, draws, id } = context;
    const baseNs = numberOf(parameters, 'base');
    const jitter = numberOf(parameters, 'jitter');
    const delay = new DurationSampler(addedTime(textOf(parameters, 'dist'), baseNs, jitter));
    if (delay.isConstant && delay.meanNs === 0) return { revert: () => {} };
    const stream = draws.stream(`fault/${id}/delay`);
    const handle = target.links.addLatency(selection.links, delay, stream, context.strength);
    return {
      setStrength: (share) => target.links.scaleLatency(handle, share),
      revert: () => target.links.removeLatency(handle),
    };
  },
};

/** The law of the added time; its mean is `baseNs` (of `normal` a little more: it is cut off at 0). */
export function addedTime(law: string, baseNs: Ns, jitter: number): DistributionSpec {
  if (baseNs === 0 || (jitter === 0 && law !== 'exponential')) {
    return { kind: 'constant', valueNs: baseNs };
  }
  const lowNs = Math.round(baseNs * (1 - jitter));
  const highNs = Math.round(baseNs * (1 + jitter));
  switch (law) {
    case 'uniform':
      return { kind: 'uniform', minNs: lowNs, maxNs: highNs };
    case 'normal':
      return { kind: 'normal', meanNs: baseNs, stdDevNs: baseNs * jitter };
    case 'exponential':
      return { kind: 'exponential', meanNs: baseNs };
    case 'lognormal':
      // The deviation of a lognormal law is its mean times sqrt(e^(sigma^2) - 1).
      return { kind: 'lognormal', meanNs: baseNs, sigma: Math.sqrt(ln(1 + jitter * jitter)) };
    case 'bimodal':
      return {
        kind: 'mixture',
        parts: [
          { weight: 1, of: { kind: 'constant', valueNs: lowNs } },
          { weight: 1, of: { kind: 'constant', valueNs: highNs } },
        ],
      };
    default:
      return { kind: 'constant', valueNs: baseNs };
  }
}
