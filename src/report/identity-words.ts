/**
 * Certificates and access in words, for the page and for plain text.
 */
import type { HandshakeFailureSummary, IdentitySummary } from '../core/summary.ts';
import { countOf, formatCount, formatSeconds } from './format.ts';

const REASONS: Readonly<Record<string, string>> = {
  expired: 'certificate expired',
  'not-yet-valid': 'certificate not yet valid',
  untrusted: 'issuer not trusted',
  'wrong-san': 'another identity than expected',
  'plain-text-peer': 'the server speaks plain text',
  'plain-text-client': 'plain text where mTLS is required',
  'foreign-trust-domain': 'foreign trust domain',
  'no-certificate': 'no certificate',
};

/** `certificate expired`; a reason without words stands for itself. */
export function reasonWords(reason: string): string {
  return REASONS[reason] ?? reason;
}

/** `orders → payments`, `any → payments`. */
export function whoWords({ from, to }: Pick<HandshakeFailureSummary, 'from' | 'to'>): string {
  return `${from === '' ? 'any' : from} → ${to}`;
}

/** One sentence for each kind of thing that happened; none when nothing went wrong. */
export function identitySentences(identity: IdentitySummary): readonly string[] {
  const sentences: string[] = [];
  const [worst] = identity.failures;
  if (worst !== undefined) {
    const firstS = Math.min(...identity.failures.map((row) => row.firstS));
    const most = `${formatCount(worst.count)} of them ${whoWords(worst)}: ${reasonWords(worst.reason)}`;
    sentences.push(
      `${countOf(identity.handshakesFailed, 'handshake')} failed, first at ${formatSeconds(firstS)}; ${most}`,
    );
  }
  if (identity.renewalsFailed > 0) {
    sentences.push(`${countOf(identity.renewalsFailed, 'renewal')} of certificates failed`);
  }
  if (identity.requestsDenied > 0) {
    sentences.push(`${countOf(identity.requestsDenied, 'request')} denied by access policy`);
  }
  return sentences;
}
