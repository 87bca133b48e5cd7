/**
 * Who a peer is: SPIFFE ids, and the names that access rules compare.
 *
 * A workload's id is `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`, the only URI name
 * of its certificate. Source: SPIFFE-ID standard §2; config-istio.md §15; policy-engine.md §9.6, 10.1.
 */
import type { PeerFacts } from '../../core/engine.ts';

/** The id of a workload. */
export function spiffeId(trustDomain: string, namespace: string, serviceAccount: string): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}

/** The trust domain of a SPIFFE id; null when the text is none. */
export function trustDomainOf(id: string): string | null {
  const match = /^spiffe:\/\/([^/]+)(\/|$)/.exec(id);
  return match === null ? null : match[1]!;
}

/**
 * Whether a peer bears a name: any URI or DNS name of its certificate counts. The certificate's
 * subject, Envoy's last resort, is not known here.
 */
export function hasName(peer: PeerFacts, matches: (name: string) => boolean): boolean {
  for (const { type, value } of peer.sans) {
    if ((type === 'uri' || type === 'dns') && matches(value)) return true;
  }
  return false;
}

/** All names of one type, joined by commas. */
export function namesOf({ sans }: PeerFacts, wanted: 'uri' | 'dns'): string {
  return sans
    .filter(({ type }) => type === wanted)
    .map(({ value }) => value)
    .join(',');
}
