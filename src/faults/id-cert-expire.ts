/**
 * id.cert-expire: the certificates of some workloads expire now, and are not renewed until the end.
 *
 * Connections that are open live on; whoever dials, or is dialled, fails the handshake. When the window
 * ends a new certificate is asked for at once. Source: surface.md §5; policy-engine.md §10.2.
 */
import type { FaultTarget } from '../core/fault-target.ts';
import type { ActiveFault, FaultContext, FaultKind, Selection } from './fault.ts';
import { numberOf } from './parameters.ts';

export const ID_CERT_EXPIRE: FaultKind = {
  kind: 'id.cert-expire',
  group: 'identity',
  summary: 'Makes the certificates of the selected workloads expire.',
  targets: 'hosts',
  parameters: [
    {
      name: 'lead',
      unit: 'duration',
      default: '0s',
      range: '>= 0s',
      summary: 'Time from the start of the window to the expiry.',
      source: 'surface.md §5',
    },
  ],
  moves: { metric: 'clients.successRatio', direction: 'down' },
  example: `- id: expired
  kind: id.cert-expire
  target: { service: payments }
  window: { at: 60s, duration: 30s }`,

  apply(target: FaultTarget, selection: Selection, context: FaultContext): ActiveFault {
    let expired: readonly number[] = [];
    const expire = (): void => {
      expired = selection.hosts.filter((host) => target.identity.expire(host));
      target.strike(expired.length);
    };
    const leadNs = numberOf(context.parameters, 'lead');
    if (leadNs === 0) expire();
    else context.after(leadNs, expire);
    return {
      revert: () => {
        for (const host of expired) target.identity.unexpire(host);
      },
    };
  },
};
