/**
 * clock.skew: the wall clocks of some machines are wrong by a constant.
 *
 * Only what looks at a wall clock notices: whether a certificate is valid, and log lines. Timeouts and
 * everything else run on monotonic time. With a ramp the clock drifts to its offset.
 * Sources: surface.md §5; VOPR, Jepsen; incidents.md P-16.
 */
import type { FaultTarget } from '../core/fault-target.ts';
import type { ActiveFault, FaultContext, FaultKind, Selection } from './fault.ts';
import { numberOf, textOf } from './parameters.ts';

export const CLOCK_SKEW: FaultKind = {
  kind: 'clock.skew',
  group: 'clock',
  summary: 'Sets the wall clocks of the selected instances ahead or back.',
  targets: 'hosts',
  parameters: [
    {
      name: 'offset',
      unit: 'duration',
      default: undefined,
      range: '> 0s',
      summary: 'How wrong the clocks are.',
      source: 'surface.md §5; VOPR',
    },
    {
      name: 'direction',
      unit: 'enum',
      default: 'ahead',
      range: 'ahead|behind',
      summary: 'Whether they show a later or an earlier time.',
      source: 'surface.md §5',
    },
  ],
  moves: { metric: 'clients.successRatio', direction: 'down' },
  example: `- id: wrong-clock
  kind: clock.skew
  target: { service: payments, mode: one }
  window: { at: 60s, duration: 30s }
  offset: 10m
  direction: behind`,

  apply(target: FaultTarget, selection: Selection, context: FaultContext): ActiveFault {
    const sign = textOf(context.parameters, 'direction') === 'behind' ? -1 : 1;
    const fullNs = sign * numberOf(context.parameters, 'offset');
    const move = (byNs: number): void => {
      for (const host of selection.hosts) target.clock.skew(host, byNs);
    };
    let offsetNs = Math.round(fullNs * context.strength);
    move(offsetNs);
    if (fullNs !== 0) target.strike(selection.hosts.length);
    return {
      setStrength: (share) => {
        const nextNs = Math.round(fullNs * share);
        move(nextNs - offsetNs);
        offsetNs = nextNs;
      },
      revert: () => move(-offsetNs),
    };
  },
};
