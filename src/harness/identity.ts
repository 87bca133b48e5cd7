/**
 * Whether the workloads of a scenario have certificates: where it says so, and where policy needs them.
 *
 * Source: scenario.md §2.5; config-istio.md §5.9 (automatic mTLS), §9, §10.
 */
import type { DestinationRule, MeshResources } from '../importers/mesh-resources.ts';
import { DEFAULT_IDENTITY, type IdentityPlan } from './normalise/identity.ts';
import type { Scenario } from './scenario.ts';

/** `identity`, or what it is by default where mesh files ask for mTLS or for identities. */
export function identityOf(scenario: Scenario, resources: MeshResources): IdentityPlan | null {
  if (scenario.identity !== undefined) return scenario.identity;
  const { authorizationPolicies, destinationRules, peerAuthentications } = resources;
  const asks =
    authorizationPolicies.length + peerAuthentications.length > 0 ||
    destinationRules.some(asksForMtls);
  return asks ? DEFAULT_IDENTITY : null;
}

function asksForMtls({ policy, subsets }: DestinationRule): boolean {
  return [policy, ...subsets.map((subset) => subset.policy)].some((item) => {
    const blocks = item === undefined ? [] : [item, ...item.ports.values()];
    return blocks.some(({ tls }) => tls?.mode === 'istio-mutual');
  });
}
