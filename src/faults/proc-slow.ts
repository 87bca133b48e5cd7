/**
 * proc.slow: applications compute more slowly, work in progress included.
 *
 * What is left of a computation when the fault begins is stretched, and shrunk again when it ends.
 * Waiting for calls is not computing. Source: surface.md §5; Antithesis.
 */
import type { FaultTarget } from '../core/fault-target.ts';
import type { ActiveFault, FaultContext, FaultKind, Selection } from './fault.ts';
import { numberOf } from './parameters.ts';

export const PROC_SLOW: FaultKind = {
  kind: 'proc.slow',
  group: 'process',
  summary: 'Multiplies the service times of the selected instances.',
  targets: 'hosts',
  parameters: [
    {
      name: 'factor',
      unit: 'number',
      default: undefined,
      range: '> 0',
      summary: 'Service times are multiplied by it; below 1 they shrink.',
      source: 'surface.md §5; Antithesis',
    },
  ],
  moves: { metric: 'clients.latencyMs.p50', direction: 'up' },
  example: `- id: slow
  kind: proc.slow
  target: { service: payments }
  window: { at: 60s, duration: 30s }
  factor: 8`,

  apply(target: FaultTarget, selection: Selection, context: FaultContext): ActiveFault {
    const full = numberOf(context.parameters, 'factor');
    if (full === 1) return { revert: () => {} };
    let factor = partOf(full, context.strength);
    for (const host of selection.hosts) target.hosts.slow(host, factor);
    target.strike(selection.hosts.length);
    return {
      setStrength: (share) => {
        for (const host of selection.hosts) target.hosts.unslow(host, factor);
        factor = partOf(full, share);
        for (const host of selection.hosts) target.hosts.slow(host, factor);
      },
      revert: () => {
        for (const host of selection.hosts) target.hosts.unslow(host, factor);
      },
    };
  },
};

/** Between 1 (nothing) and the full factor. */
export function partOf(factor: number, share: number): number {
  return share === 1 ? factor : 1 + (factor - 1) * share;
}
