import { describe, expect, it } from 'vitest';
import { DurationSampler } from '../../src/core/distributions.ts';
import { MILLISECOND } from '../../src/core/time.ts';
import {
  findOverheadProfile,
  OVERHEAD_PROFILES,
} from '../../src/harness/data-planes/overhead-profiles.ts';

describe('overhead profiles', () => {
  /** Medians per traversal of the published table, ms. */
  it.each([
    ['istio-sidecar-1.24', 0.2],
    ['istio-sidecar-1.24-plaintext', 0.183],
    ['istio-sidecar-1.13', 0.444],
    ['istio-sidecar-1.7-telemetry', 1.003],
    ['istio-sidecar-1.7-wasm', 1.53],
    ['envoy-mtls-plain-2020', 0.468],
    ['envoy-mtls-plain-2020-lowconc', 0.367],
    ['istio-aks-1.22', 0.072],
    ['none', 0],
  ])('%s adds %f ms in the median', (id, medianMs) => {
    const profile = findOverheadProfile(id, 'sidecar');
    if (profile === undefined) throw new Error('no such profile');
    const median = new DurationSampler(profile.perTraversal).quantile(0.5) / MILLISECOND;
    expect(median).toBeCloseTo(medianMs, 2);
  });

  it('are found by product and version beside a kind', () => {
    expect(findOverheadProfile('istio-1.24', 'sidecar')?.id).toBe('istio-sidecar-1.24');
    expect(findOverheadProfile('istio-9.9', 'sidecar')).toBeUndefined();
  });

  it('have ids of their own and name their source', () => {
    expect(new Set(OVERHEAD_PROFILES.map(({ id }) => id)).size).toBe(OVERHEAD_PROFILES.length);
    for (const { source } of OVERHEAD_PROFILES) expect(source.length).toBeGreaterThan(10);
  });
});
