/**
 * X.509 certificates as far as meshes care: who, from whom, from when to when; and why one is refused.
 *
 * Both drivers judge peers by this file's words: the simulator decides with `chainProblem`, the
 * details of a failed handshake read alike. Source: policy-engine.md §10.1 step 1, 10.3; RFC 5280 §6.1.
 */
import { ConnectFailure } from './engine.ts';

/** One certificate of a chain. Times are inclusive, ms since 1970. */
export interface Certificate {
  /** SPIFFE id of a workload, or the name of an authority. */
  readonly subject: string;
  /** Key of whoever signed it; a root signs itself. */
  readonly issuer: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Why a peer's certificate is refused. */
export type CertificateProblem = 'expired' | 'not-yet-valid' | 'untrusted';

/**
 * Judges a chain at one instant, as OpenSSL does: every certificate of it must be valid now.
 *
 * @param chain leaf first, root last; empty = the peer has none
 * @param trusted subjects of the roots that are trusted
 * @param nowMs wall clock of whoever judges
 * @returns null = the chain is good
 */
export function chainProblem(
  chain: readonly Certificate[],
  trusted: readonly string[],
  nowMs: number,
): CertificateProblem | null {
  const root = chain.at(-1);
  if (root === undefined || !trusted.includes(root.subject)) return 'untrusted';
  for (let i = 0; i + 1 < chain.length; i++) {
    if (chain[i]!.issuer !== chain[i + 1]!.subject) return 'untrusted';
  }
  for (const { notBeforeMs, notAfterMs } of chain) {
    if (nowMs < notBeforeMs) return 'not-yet-valid';
    if (nowMs > notAfterMs) return 'expired';
  }
  return null;
}

/** How the dialling side tells its engine. */
export const FAILURE_OF_PROBLEM: Readonly<Record<CertificateProblem, ConnectFailure>> = {
  expired: ConnectFailure.certificateExpired,
  'not-yet-valid': ConnectFailure.certificateNotYetValid,
  untrusted: ConnectFailure.certificateUntrusted,
};

const VERIFY_ERRORS: Readonly<Record<CertificateProblem, string>> = {
  expired: 'certificate has expired',
  'not-yet-valid': 'certificate is not yet valid',
  untrusted: 'unable to get local issuer certificate',
};

/** What Envoy says of a peer whose chain it refuses. */
export function verifyErrorText(problem: CertificateProblem): string {
  const { [problem]: reason } = VERIFY_ERRORS;
  return verifyFailedText(`X509_verify_cert: certificate verification error at depth 0: ${reason}`);
}

/** What Envoy says of a peer that is somebody else than expected. @param names of its certificate */
export function wrongNameText(names: readonly { readonly value: string }[]): string {
  const list = names.map(({ value }) => value).join(', ');
  return verifyFailedText(`SAN matcher, certificate SANs are [${list}]`);
}

/** What Envoy says of a peer that answers TLS with plain text. */
export const PLAIN_TEXT_PEER_TEXT = tlsError('268435703', 'WRONG_VERSION_NUMBER');

/** What Envoy says of a peer whose certificate does not do. */
export function verifyFailedText(reason: string): string {
  return tlsError('268435581', `CERTIFICATE_VERIFY_FAILED:verify cert failed: ${reason}`);
}

function tlsError(code: string, text: string): string {
  return `TLS_error:|${code}:SSL routines:OPENSSL_internal:${text}:TLS_error_end`;
}
