/**
 * id.ca-outage: the issuer does not answer; certificates in use stay in use until they expire.
 *
 * A target says whom it does not answer, all by default. Whoever has to renew meanwhile tries again and again. Strikes are renewals that failed: an outage
 * that nobody noticed strikes nothing. Sources: surface.md §5; incidents.md I-27.
 */
import type { FaultTarget } from '../core/fault-target.ts';
import { RenewalFailure } from '../core/records.ts';
import type { ActiveFault, FaultKind, Selection } from './fault.ts';

export const ID_CA_OUTAGE: FaultKind = {
  kind: 'id.ca-outage',
  group: 'identity',
  summary: 'Stops the issuer of certificates, for all workloads or the selected ones.',
  targets: 'hosts',
  strikesAllByDefault: true,
  parameters: [],
  moves: { metric: 'clients.successRatio', direction: 'down' },
  example: `- id: issuer-out
  kind: id.ca-outage
  window: { at: 1h, duration: 24h }`,

  apply(target: FaultTarget, selection: Selection): ActiveFault {
    const handle = target.identity.blockRenewal(selection.hosts, RenewalFailure.issuerOut);
    return { revert: () => target.identity.unblockRenewal(handle) };
  },
};
