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

const NAME_KINDS = ['uri', 'dns'] as const;

/**
 * Whether a peer bears a name: any of its URI names counts; without such, any DNS name.
 * The certificate's subject, Envoy's last resort, is not known here.
 */
export function hasName(peer: PeerFacts, matches: (name: string) => boolean): boolean {
  for (const kind of NAME_KINDS) {
    let isOfKind = false;
    for (const san of peer.sans) {
      if (san.type !== kind) continue;
      if (matches(san.value)) return true;
      isOfKind = true;
    }
    if (isOfKind) return false;
  }
  return false;
}
