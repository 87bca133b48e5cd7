/**
 * Which connections a proxy accepts, and whether an upstream is whom it should be.
 *
 * The driver has proved the peer's certificate, if it has one (`PeerFacts`); mode and names are
 * decided here, once per connection. Source: config-istio.md §9; policy-engine.md §10.1 steps 2, 3.
 */
import type { PeerFacts, TlsPlan } from '../../core/engine.ts';
import type { MtlsConfig } from '../config/security.ts';
import { hasName, trustDomainOf } from './identity.ts';

/** Why a downstream connection is closed before its first request. */
export type Refusal = 'plain-text' | 'untrusted';

/** @returns null = it is accepted */
export function refusalOf(config: MtlsConfig, peer: PeerFacts): Refusal | null {
  if (!peer.tls) return config.mode === 'strict' ? 'plain-text' : null;
  const { trustDomains } = config;
  if (trustDomains.length === 0) return null;
  const isOurs = hasName(peer, (name) => trustDomains.includes(trustDomainOf(name) ?? ''));
  return isOurs ? null : 'untrusted';
}

/** Whether an upstream that was reached over TLS bears one of the names that are expected. */
export function isExpected(plan: TlsPlan, peer: PeerFacts): boolean {
  const { expectedSans } = plan;
  return expectedSans.length === 0 || peer.sans.some(({ value }) => expectedSans.includes(value));
}
