/**
 * id.rotate-fail: some workloads cannot renew their certificates, although the issuer works.
 *
 * An agent that has stopped, a token that is refused, a path that is closed. Strikes are renewals that
 * failed. Source: surface.md §5.
 */
import type { FaultTarget } from '../core/fault-target.ts';
import { RenewalFailure } from '../core/records.ts';
import type { ActiveFault, FaultKind, Selection } from './fault.ts';

export const ID_ROTATE_FAIL: FaultKind = {
  kind: 'id.rotate-fail',
  group: 'identity',
  summary: 'Keeps the selected workloads from renewing their certificates.',
  targets: 'hosts',
  parameters: [],
  moves: { metric: 'clients.successRatio', direction: 'down' },
  example: `- id: stuck-agents
  kind: id.rotate-fail
  target: { service: payments, mode: share, value: 50% }
  window: { at: 1h, duration: 24h }`,

  apply(target: FaultTarget, selection: Selection): ActiveFault {
    const handle = target.identity.blockRenewal(selection.hosts, RenewalFailure.blocked);
    return { revert: () => target.identity.unblockRenewal(handle) };
  },
};
