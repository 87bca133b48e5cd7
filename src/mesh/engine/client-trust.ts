/**
 * Who the client is, and whether its control headers count: what a request's head says about it.
 *
 * Applied before anything else looks at the head, on listeners that say how clients are told apart.
 * Source: policy-engine.md §0.4; Envoy, connection manager utility (x-forwarded-for, x-envoy-internal).
 */
import type { Head } from '../../core/engine.ts';
import type { ClientTrust } from '../config/config.ts';
import { compileIpRange, withoutPort } from '../security/ip-range.ts';

/** @param remoteAddress ip:port of the connection's other end */
export function withClientFacts(head: Head, trust: ClientTrust, remoteAddress: string): Head {
  const remote = withoutPort(remoteAddress);
  const forwarded = head.get('x-forwarded-for');
  const chain = (forwarded ?? '').split(',').map((part) => part.trim());
  const addresses = chain.filter((part) => part !== '');
  const client = trust.usesRemoteAddress ? remote : addresses.at(-1 - trust.trustedHops);
  const isSingle = trust.usesRemoteAddress ? addresses.length === 0 : addresses.length === 1;
  const ranges = trust.internalRanges.map(compileIpRange);
  const isInternal =
    isSingle && client !== undefined && ranges.some((contains) => contains(client));
  let headers = head.headers.filter(([name]) => name !== 'x-envoy-internal');
  if (trust.usesRemoteAddress) {
    headers = headers.filter(
      ([name]) => isInternal || (name !== 'x-envoy-external-address' && !isEdgeOnly(name)),
    );
    if (trust.appendsForwardedFor) {
      const appended = forwarded === undefined ? remote : `${forwarded},${remote}`;
      headers = headers.filter(([name]) => name !== 'x-forwarded-for');
      headers.push(['x-forwarded-for', appended]);
    }
    if (!isInternal) headers.push(['x-envoy-external-address', remote]);
  }
  if (isInternal) headers.push(['x-envoy-internal', 'true']);
  const remove = [...new Set(head.headers.map(([name]) => name))];
  return head.with({ remove, append: headers });
}

/** What an edge proxy lets nobody outside say. */
function isEdgeOnly(name: string): boolean {
  return name.startsWith('x-envoy-downstream-service-');
}
