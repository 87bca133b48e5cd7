/**
 * Who the client is, and whether its control headers count: what a request's head says about it.
 *
 * Applied before anything else looks at the head, on listeners that say how clients are told apart.
 * Source: policy-engine.md §0.4; Envoy, connection manager utility (x-forwarded-for, x-envoy-internal).
 */
import type { Head, PeerFacts } from '../../core/engine.ts';
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

  /** Whether it stands between the world and the mesh. */
  get isEdge(): boolean {
    return this.#trust.usesRemoteAddress;
  }

  /** Whether what clients say in `x-forwarded-…` is overruled. */
  get replacesForwarded(): boolean {
    return this.#trust.usesRemoteAddress && this.#trust.trustedHops === 0;
  }

  addedTo(head: Head, peer: PeerFacts): Head {
    const trust = this.#trust;
    const remote = withoutPort(peer.remoteAddress);
    const forwarded = head.get('x-forwarded-for');
    const chain = (forwarded ?? '').split(',').map((part) => part.trim());
    const addresses = chain.filter((part) => part !== '');
    const client = this.clientOf(remote, addresses);
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
      if (!isInternal) headers.push(['x-envoy-external-address', client ?? remote]);
      if (trust.trustedHops === 0) {
        headers = headers.filter(([name]) => name !== 'x-forwarded-proto');
        headers.push(['x-forwarded-proto', peer.tls ? 'https' : 'http']);
      }
    }
    if (isInternal) headers.push(['x-envoy-internal', 'true']);
    else headers = headers.filter(([name]) => !CONTROL_HEADERS.includes(name));
    const remove = [...new Set(head.headers.map(([name]) => name))];
    return head.with({ remove, append: headers });
  }

  /** undefined = nobody that can be believed. */
  private clientOf(remote: string, addresses: readonly string[]): string | undefined {
    const { trustedHops, usesRemoteAddress } = this.#trust;
    if (!usesRemoteAddress) return addresses.at(-1 - trustedHops);
    const named = trustedHops === 0 ? undefined : addresses.at(-trustedHops);
    return named !== undefined && isIpAddress(named) ? named : remote;
  }
}

function isIpAddress(text: string): boolean {
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text) || /^[0-9a-fA-F:]*:[0-9a-fA-F:.]*$/.test(text);
}

/** What an edge proxy lets nobody outside say. */
function isEdgeOnly(name: string): boolean {
  if (name === 'x-envoy-decorator-operation' || name === 'x-envoy-original-path') return true;
  return name.startsWith('x-envoy-downstream-service-');
}
