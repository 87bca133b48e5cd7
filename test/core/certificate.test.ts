import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  type Certificate,
  chainProblem,
  PLAIN_TEXT_PEER_TEXT,
  verifyErrorText,
} from '../../src/core/certificate.ts';

function certificate(subject: string, issuer: string, from: number, to: number): Certificate {
  return { subject, issuer, notBeforeMs: from, notAfterMs: to };
}

const LEAF = certificate('leaf', 'middle', 100, 200);
const MIDDLE = certificate('middle', 'root', 50, 150);
const ROOT = certificate('root', 'root', 0, 1000);
const CHAIN = [LEAF, MIDDLE, ROOT];

describe('a chain of certificates', () => {
  it.each([
    [99, 'not-yet-valid'],
    [100, null],
    [150, null],
    [151, 'expired'],
    [200, 'expired'],
    [1001, 'expired'],
  ])('at %s: %s (the shortest certificate counts)', (nowMs, problem) => {
    expect(chainProblem(CHAIN, ['root'], nowMs)).toBe(problem);
  });

  it.each([
    ['nobody trusts the root', CHAIN, ['other']],
    ['a link is missing', [LEAF, ROOT], ['root']],
    ['it is empty', [], ['root']],
  ])('is untrusted when %s', (_what, chain, trusted) => {
    expect(chainProblem(chain, trusted, 120)).toBe('untrusted');
  });

  test('is good exactly while all of its certificates are', () => {
    const span = fc.tuple(fc.nat(50), fc.nat(50));
    fc.assert(
      fc.property(span, span, span, fc.nat(110), (leaf, middle, root, nowMs) => {
        const spans = [leaf, middle, root].map(([from, length]) => [from, from + length] as const);
        const chain = CHAIN.map(({ subject, issuer }, i) =>
          certificate(subject, issuer, spans[i]![0], spans[i]![1]),
        );
        const isGood = spans.every(([from, to]) => nowMs >= from && nowMs <= to);
        expect(chainProblem(chain, ['root'], nowMs) === null).toBe(isGood);
      }),
    );
  });
});

it('failures read as Envoy writes them', () => {
  expect(verifyErrorText('expired')).toMatch(
    /^TLS_error:\|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:.*has expired:TLS_error_end$/,
  );
  expect(PLAIN_TEXT_PEER_TEXT).toContain('WRONG_VERSION_NUMBER');
});
