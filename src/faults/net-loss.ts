/**
 * net.loss: transmissions are lost and sent again by TCP, so messages arrive late.
 *
 * Each transmission of a message is lost independently with this ratio. Correlated loss
 * (Gilbert–Elliott) is not modelled.
 * Sources: surface.md §5 (ratio 20 %); Jepsen.
 */
import type { FaultTarget } from '../core/fault-target.ts';
import type { ActiveFault, FaultContext, FaultKind, Selection } from './fault.ts';
import { numberOf } from './parameters.ts';

export const NET_LOSS: FaultKind = {
  kind: 'net.loss',
  group: 'network',
  summary: 'Loses a share of the transmissions on the selected links; TCP sends them again.',
  targets: 'links',
  parameters: [
    {
      name: 'ratio',
      unit: 'ratio',
      default: '20%',
      range: '0..1',
      summary: 'Share of the transmissions that is lost.',
      source: 'surface.md §5; Jepsen',
    },
  ],
  moves: { metric: 'clients.latencyMs.p99', direction: 'up' },
  example: `- id: lossy
  kind: net.loss
  target: { from: front, to: orders }
  window: { at: 60s, duration: 30s }
  ratio: 5%`,

  apply(target: FaultTarget, selection: Selection, context: FaultContext): ActiveFault {
    const ratio = numberOf(context.parameters, 'ratio');
    if (ratio === 0) return { revert: () => {} };
    const stream = context.draws.stream(`fault/${context.id}/loss`);
    const add = (share: number): number =>
      target.links.addLoss(selection.links, ratio * share, context.endNs, stream);
    let handle = add(context.strength);
    return {
      setStrength: (share) => {
        target.links.removeLoss(handle);
        handle = add(share);
      },
      revert: () => target.links.removeLoss(handle),
    };
  },
};
