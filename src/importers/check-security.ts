/**
 * PeerAuthentications that another one for the same scope makes void.
 *
 * Source: config-istio.md §9 (one policy per scope, the oldest wins).
 */
import type { Diagnostics } from '../core/diagnostics.ts';
import type { MeshResources } from './mesh-resources.ts';
import type { PeerAuthentication } from './security-resources.ts';

export function checkPeerAuthentications(resources: MeshResources, diagnostics: Diagnostics): void {
  const first = new Map<string, PeerAuthentication>();
  for (const policy of resources.peerAuthentications) {
    const { meta } = policy;
    const scope = `${meta.namespace} ${JSON.stringify(sorted(policy.selector))}`;
    const earlier = first.get(scope);
    if (earlier === undefined) first.set(scope, policy);
    else {
      const text = `PeerAuthentication "${meta.name}" is not used: "${earlier.meta.name}" has the same scope`;
      diagnostics.warning('MQ-MTLS-003', meta.at, text);
    }
  }
}

function sorted(selector: PeerAuthentication['selector']) {
  return selector === null ? null : Object.entries(selector).sort();
}
