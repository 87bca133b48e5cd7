import { expect, test } from 'vitest';
import type { IdentitySummary } from '../../../src/core/summary.ts';
import { identitySentences } from '../../../src/report/identity-words.ts';
import { identityPanel } from '../../../src/report/panels/identity.ts';
import { renderText } from '../../../src/report/text.ts';
import { stormModel } from '../fixture.ts';
import { renderPanel, withSummaries } from '../render-panel.ts';

const IDENTITY: IdentitySummary = {
  certificatesIssued: 3,
  renewalsFailed: 1,
  handshakesFailed: 120,
  requestsDenied: 7,
  failures: [
    {
      from: 'orders',
      to: 'payments',
      seenBy: 'caller',
      reason: 'expired',
      count: 100,
      firstS: 3600,
      lastS: 7200,
    },
    {
      from: '',
      to: 'payments',
      seenBy: 'server',
      reason: 'plain-text-client',
      count: 20,
      firstS: 60,
      lastS: 90,
    },
  ],
};

test('a run without certificates has no such panel', () => {
  expect(renderPanel(identityPanel, stormModel()).markup).toBeNull();
});

test('tells when handshakes failed, between whom, and why', () => {
  const model = withSummaries(stormModel(), { identity: IDENTITY });
  const { charts, text } = renderPanel(identityPanel, model);
  expect(charts.charts).toHaveLength(1);
  expect(text).toContain('orders → payments certificate expired caller 100 1h 2h');
  expect(text).toContain('any → payments plain text where mTLS is required server 20 1m 1m30s');
});

test('plain text has a sentence for each', () => {
  const text = renderText(withSummaries(stormModel(), { identity: IDENTITY }));
  const flat = text.replace(/\s+/g, ' ');
  expect(flat).toContain('120 handshakes failed, first at 1m; 100 of them orders → payments');
  expect(flat).toContain('7 requests denied by access policy');
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  const quiet = {
    ...IDENTITY,
    failures: [],
    handshakesFailed: 0,
    renewalsFailed: 0,
    requestsDenied: 0,
  };
  expect(identitySentences(quiet)).toEqual([]);
});
