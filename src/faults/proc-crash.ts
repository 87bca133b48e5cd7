/**
 * proc.crash: instances stop at once and come up again later.
 *
 * The whole instance goes down, its proxies with it: connections are reset, queued and running
 * requests are lost, dialling is refused. It is up again after `restartAfter`, at the latest when the
 * window ends. Source: surface.md §5; moonpool (restart after 1–10 s).
 */
import type { FaultTarget } from '../core/fault-target.ts';
import { SECOND } from '../core/time.ts';
import type { ActiveFault, FaultContext, FaultKind, Selection } from './fault.ts';
import { numberOf } from './parameters.ts';

const SHORTEST_NS = SECOND;
const LONGEST_NS = 10 * SECOND;

export const PROC_CRASH: FaultKind = {
  kind: 'proc.crash',
  group: 'process',
  summary: 'Kills the selected instances; they restart after a while.',
  targets: 'hosts',
  parameters: [
    {
      name: 'restartAfter',
      unit: 'duration',
      default: '0s',
      range: '>= 0s',
      summary: 'Time until an instance is up again; 0s = drawn between 1s and 10s for each.',
      source: 'surface.md §5; moonpool',
    },
    {
      name: 'maxDead',
      unit: 'integer',
      default: 0,
      range: '>= 0',
      summary: 'Most instances that one window kills; 0 = all selected.',
      source: 'surface.md §5; moonpool',
    },
  ],
  moves: { metric: 'clients.successRatio', direction: 'down' },
  example: `- id: crash
  kind: proc.crash
  target: { service: payments, mode: one }
  window: { at: 60s, duration: 30s }
  restartAfter: 5s`,

  apply(target: FaultTarget, selection: Selection, context: FaultContext): ActiveFault {
    const most = numberOf(context.parameters, 'maxDead');
    const down = new Set(most > 0 ? selection.hosts.slice(0, most) : selection.hosts);
    const restart = (host: number): void => {
      if (down.delete(host)) target.hosts.restart(host);
    };
    for (const host of down) {
      target.hosts.crash(host);
      context.after(downTime(host, context), () => restart(host));
    }
    target.strike(down.size);
    return {
      revert: () => {
        for (const host of [...down]) restart(host);
      },
    };
  },
};

function downTime(host: number, { draws, id, occurrence, parameters }: FaultContext): number {
  const given = numberOf(parameters, 'restartAfter');
  if (given > 0) return given;
  const share = draws.unit(draws.stream(`fault/${id}/restart`), host, occurrence);
  return Math.round(SHORTEST_NS + share * (LONGEST_NS - SHORTEST_NS));
}
