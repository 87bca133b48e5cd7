/**
 * Who the client is, and whether its control headers count: what a request's head says about it.
 *
 * Applied before anything else looks at the head, on listeners that say how clients are told apart.
 * Source: policy-engine.md §0.4; Envoy, connection manager utility (x-forwarded-for, x-envoy-internal).
 */
import type { Head } from '../../core/engine.ts';
import { withoutPort } from '../../core/socket-address.ts';
import type { ClientTrust } from '../config/config.ts';
import { CONTROL_HEADERS } from '../policy/control-headers.ts';
import { compileIpRange } from '../security/ip-range.ts';

/** One listener's way to tell clients apart, its ranges compiled once. */
export class ClientFacts {
  readonly #trust: ClientTrust;
  readonly #ranges: readonly ((address: string) => boolean)[];

  constructor(trust: ClientTrust) {
    this.#trust = trust;
    this.#ranges = trust.internalRanges.map(compileIpRange);
  }

  /** @param remoteAddress ip:port of the connection's other end */
  addedTo(head: Head, remoteAddress: string): Head {
    const trust = this.#trust;
    const remote = withoutPort(remoteAddress);
    const forwarded = head.get('x-forwarded-for');
    const chain = (forwarded ?? '').split(',').map((part) => part.trim());
    const addresses = chain.filter((part) => part !== '');
    const client = trust.usesRemoteAddress ? remote : addresses.at(-1 - trust.trustedHops);
    const isSingle = trust.usesRemoteAddress ? addresses.length === 0 : addresses.length === 1;
    const isInternal =
      isSingle && client !== undefined && this.#ranges.some((contains) => contains(client));
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
    else headers = headers.filter(([name]) => !CONTROL_HEADERS.includes(name));
    const remove = [...new Set(head.headers.map(([name]) => name))];
    return head.with({ remove, append: headers });
  }
}

/** What an edge proxy lets nobody outside say. */
function isEdgeOnly(name: string): boolean {
  return name.startsWith('x-envoy-downstream-service-');
}
