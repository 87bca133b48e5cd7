/**
 * load.spike: clients ask more (or less) often for a while.
 *
 * Open loop: the arrival rate is multiplied; every arrival outside the window stays as it is. Closed
 * loop: the number of users is. Source: surface.md §5; k6, Breakscale.
 */
import type { FaultTarget } from '../core/fault-target.ts';
import type { ActiveFault, FaultContext, FaultKind, Selection } from './fault.ts';
import { numberOf } from './parameters.ts';
import { partOf } from './proc-slow.ts';

export const LOAD_SPIKE: FaultKind = {
  kind: 'load.spike',
  group: 'load',
  summary: 'Multiplies the load of the selected clients.',
  targets: 'clients',
  parameters: [
    {
      name: 'factor',
      unit: 'number',
      default: undefined,
      range: '>= 0',
      summary: 'The arrival rate, or the number of users, is multiplied by it.',
      source: 'surface.md §5; k6',
    },
  ],
  moves: { metric: 'clients.offered', direction: 'up' },
  example: `- id: rush
  kind: load.spike
  target: { client: shoppers }
  window: { at: 60s, duration: 30s }
  factor: 3`,

  apply(target: FaultTarget, selection: Selection, context: FaultContext): ActiveFault {
    const full = numberOf(context.parameters, 'factor');
    if (full === 1) return { revert: () => {} };
    let factor = partOf(full, context.strength);
    for (const client of selection.clients) target.load.scale(client, factor);
    target.strike(selection.clients.length);
    return {
      setStrength: (share) => {
        for (const client of selection.clients) target.load.unscale(client, factor);
        factor = partOf(full, share);
        for (const client of selection.clients) target.load.scale(client, factor);
      },
      revert: () => {
        for (const client of selection.clients) target.load.unscale(client, factor);
      },
    };
  },
};
