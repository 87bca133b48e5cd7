import { describe, expect, it } from 'vitest';
import type { NameMatch, SecretSource, TlsRules } from '../../../src/core/engine.ts';
import { type PeerCertificate, PeerRules } from '../../../src/mesh/security/peer-validation.ts';

const CA: SecretSource = { file: 'ca.crt', secret: '' };
const RULES: TlsRules = {
  certificates: [],
  trusted: CA,
  names: [],
  allowsExpired: false,
  acceptsUntrusted: false,
  pins: [],
  requiresCertificate: false,
  minVersion: '1.2',
  maxVersion: '1.3',
};
const trustOf = ({ file }: SecretSource) => (file === 'ca.crt' ? ['ca'] : []);

function peer(partial: Partial<PeerCertificate> = {}, issuer = 'ca'): PeerCertificate {
  const leaf = { subject: 'leaf', issuer, notBeforeMs: 0, notAfterMs: 100 };
  const root = { subject: issuer, issuer, notBeforeMs: 0, notAfterMs: 1_000 };
  const sans = [
    { type: 'dns', value: '*.shop.test' },
    { type: 'uri', value: 'spiffe://td/a' },
  ] as const;
  return { chain: [leaf, root], sans, fingerprint: 'ab', hasKeyUsage: true, ...partial };
}

function problem(rules: Partial<TlsRules>, of: PeerCertificate | null = peer(), nowMs = 50) {
  return new PeerRules({ ...RULES, ...rules }).problemOf(of, trustOf, nowMs);
}

const dns = (value: string): NameMatch => ({ type: 'dns', value: { kind: 'exact', value } });

describe('the other side of a handshake', () => {
  it('needs a certificate only where one is required', () => {
    expect(problem({}, null)).toBeNull();
    expect(problem({ requiresCertificate: true }, null)).toBe('no-certificate');
  });

  it('needs a chain to a trusted authority that is valid now', () => {
    expect(problem({})).toBeNull();
    expect(problem({}, peer({}, 'other'))).toBe('untrusted');
    expect(problem({}, peer(), 101)).toBe('expired');
    expect(problem({ trusted: null }, peer({}, 'other'), 101)).toBeNull();
  });

  it('may be expired where that is allowed, but not untrusted', () => {
    expect(problem({ allowsExpired: true }, peer(), 101)).toBeNull();
    expect(problem({ allowsExpired: true }, peer({}, 'other'), 101)).toBe('untrusted');
  });

  it('bears any of the names of the right type; a wildcard is one label', () => {
    expect(problem({ names: [dns('a.shop.test')] })).toBeNull();
    expect(problem({ names: [dns('a.b.shop.test')] })).toBe('wrong-name');
    expect(problem({ names: [dns('spiffe://td/a')] })).toBe('wrong-name');
    const uri: NameMatch = { type: 'uri', value: { kind: 'prefix', value: 'spiffe://td/' } };
    expect(problem({ names: [dns('nobody'), uri] })).toBeNull();
  });

  it('is one of those that are pinned', () => {
    expect(problem({ pins: ['ab'] })).toBeNull();
    expect(problem({ pins: ['cd'] })).toBe('wrong-pin');
  });

  it('is judged by the bundle of its trust domain', () => {
    const domain = (name: string) => ({ trustDomains: [{ name, bundle: CA }] });
    expect(problem(domain('td'))).toBeNull();
    expect(problem(domain('other'))).toBe('untrusted');
    expect(problem(domain('td'), peer({ hasKeyUsage: false }))).toBe('no-leaf');
  });

  it('may come in untrusted, but never without a certificate that is required', () => {
    const rules = new PeerRules({ ...RULES, acceptsUntrusted: true });
    expect(rules.accepts('untrusted')).toBe(true);
    expect(rules.accepts('no-certificate')).toBe(false);
    expect(new PeerRules(RULES).accepts('untrusted')).toBe(false);
  });
});
