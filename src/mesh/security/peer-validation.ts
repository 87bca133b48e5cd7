/**
 * Whether the other side of a TLS handshake is whom its rules ask for.
 *
 * Drivers ask it during handshakes, and never again for an open connection. The order of the
 * questions is Envoy's: is there a certificate, its chain, its names, its fingerprint.
 * Source: policy-engine.md §10.1; Envoy, default and SPIFFE certificate validators.
 */
import { type Certificate, type CertificateProblem, chainProblem } from '../../core/certificate.ts';
import type { NameMatch, PeerFacts, SecretSource, TlsRules } from '../../core/engine.ts';
import { compileValueMatch, type TextPredicate } from '../route/match.ts';
import { trustDomainOf } from './identity.ts';

export type PeerProblem =
  | CertificateProblem
  | 'no-certificate'
  | 'wrong-name'
  | 'wrong-pin'
  /** SPIFFE asks that leaves say what their key is for, and that it signs no certificates. */
  | 'no-leaf';

/** What a side presents. */
export interface PeerCertificate {
  /** Leaf first, root last. */
  readonly chain: readonly Certificate[];
  readonly sans: PeerFacts['sans'];
  /** SHA-256 of the leaf, hexadecimal; '' = not known. */
  readonly fingerprint: string;
  /** Whether the leaf says what its key is for. */
  readonly hasKeyUsage: boolean;
}

/** The subjects of the authorities that a source holds. */
export type TrustReader = (source: SecretSource) => readonly string[];

interface CompiledName {
  readonly type: NameMatch['type'];
  readonly matches: TextPredicate;
}

export class PeerRules {
  private readonly rules: TlsRules;
  private readonly names: readonly CompiledName[];

  /** @throws RE2JSException when a regular expression is not RE2 syntax; importers check it first */
  constructor(rules: TlsRules) {
    this.rules = rules;
    this.names = rules.names.map(({ type, value }) => {
      const isDnsName = type === 'dns' && value.kind === 'exact';
      return { type, matches: isDnsName ? dnsMatch(value.value) : compileValueMatch(value) };
    });
  }

  /**
   * @param peer null = it presents nothing
   * @param nowMs wall clock of whoever asks
   * @returns what is wrong with it; null = nothing. `accepts` says whether that keeps it out
   */
  problemOf(peer: PeerCertificate | null, trustOf: TrustReader, nowMs: number): PeerProblem | null {
    const { rules } = this;
    if (peer === null) return rules.requiresCertificate ? 'no-certificate' : null;
    return this.judge(peer, trustOf, nowMs);
  }

  /** Whether a peer may come in. */
  accepts(problem: PeerProblem | null): boolean {
    return problem === null || (this.rules.acceptsUntrusted && problem !== 'no-certificate');
  }

  private judge(peer: PeerCertificate, trustOf: TrustReader, nowMs: number): PeerProblem | null {
    const { rules } = this;
    if (rules.trustDomains !== undefined && !peer.hasKeyUsage) return 'no-leaf';
    const source = this.bundleFor(peer);
    if (source === undefined) return 'untrusted';
    if (source !== null) {
      const problem = chainProblem(peer.chain, trustOf(source), nowMs);
      const isAboutTime = problem === 'expired' || problem === 'not-yet-valid';
      if (problem !== null && !(isAboutTime && rules.allowsExpired)) return problem;
    }
    if (this.names.length > 0 && !this.names.some((name) => bears(peer, name))) return 'wrong-name';
    const isPinned = rules.pins.length === 0 || rules.pins.includes(peer.fingerprint);
    return isPinned ? null : 'wrong-pin';
  }

  /** null = chains do not matter; undefined = nobody vouches for this peer. */
  private bundleFor({ sans }: PeerCertificate): SecretSource | null | undefined {
    const { trustDomains, trusted } = this.rules;
    if (trustDomains === undefined) return trusted;
    const id = sans.find(({ type }) => type === 'uri')?.value ?? '';
    const domain = trustDomainOf(id);
    return trustDomains.find(({ name }) => name === domain)?.bundle;
  }
}

function bears({ sans }: PeerCertificate, { type, matches }: CompiledName): boolean {
  return sans.some((san) => (type === 'any' || san.type === type) && matches(san.value));
}

/** The certificate may have a wildcard as its first label: `*.shop.test`. Case does not matter. */
function dnsMatch(wanted: string): TextPredicate {
  const name = wanted.toLowerCase();
  return (text) => {
    const given = text.toLowerCase();
    if (given === name) return true;
    const dot = name.indexOf('.');
    return given.startsWith('*.') && dot > 0 && name.slice(dot) === given.slice(1);
  };
}
