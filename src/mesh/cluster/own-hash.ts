/**
 * Hashing balancers, and the hash policy that some of them bring along.
 */
import type { LoadBalancerConfig } from '../config/config.ts';
import type { MaglevConfig, RingHashConfig } from '../config/load-balancing.ts';
import { RequestHash } from '../route/request-hash.ts';

/** Whether picks follow a hash of the request. */
export function isHashing(lb: LoadBalancerConfig): lb is RingHashConfig | MaglevConfig {
  return lb.kind === 'ring-hash' || lb.kind === 'maglev';
}

/** null = the route says by what requests are hashed. */
export function ownHash(lb: LoadBalancerConfig): RequestHash | null {
  const policies = isHashing(lb) ? lb.hashPolicy : undefined;
  return policies === undefined ? null : new RequestHash(policies);
}
