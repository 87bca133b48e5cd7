import { describe, expect, it } from 'vitest';
import type { PeerFacts } from '../../../src/core/engine.ts';
import { hasName, spiffeId, trustDomainOf } from '../../../src/mesh/security/identity.ts';
import { DOWNSTREAM_PEER } from '../engine/one-proxy.ts';

function peer(...sans: PeerFacts['sans']): PeerFacts {
  return { ...DOWNSTREAM_PEER, tls: true, validated: true, sans };
}

describe('the identity of a workload', () => {
  it('is a SPIFFE id of namespace and service account', () => {
    expect(spiffeId('cluster.local', 'shop', 'cart')).toBe(
      'spiffe://cluster.local/ns/shop/sa/cart',
    );
    expect(trustDomainOf(spiffeId('td', 'shop', 'cart'))).toBe('td');
    expect(trustDomainOf('https://td/ns/shop')).toBeNull();
  });
});

describe('the names of a peer', () => {
  const uri = { type: 'uri', value: 'spiffe://td/a' } as const;
  const dns = { type: 'dns', value: 'a.example' } as const;

  it('are its URI names and its DNS names', () => {
    const isDns = (name: string) => name === 'a.example';
    expect(hasName(peer(dns), isDns)).toBe(true);
    expect(hasName(peer(uri, dns), isDns)).toBe(true);
    expect(hasName(peer(dns, uri), (name) => name === uri.value)).toBe(true);
  });

  it('are none for a peer without a certificate', () => {
    expect(hasName(peer(), () => true)).toBe(false);
  });
});
