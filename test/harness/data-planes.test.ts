import { describe, expect, test } from 'vitest';
import { Diagnostics } from '../../src/core/diagnostics.ts';
import { DATA_PLANES, findDataPlane } from '../../src/harness/data-planes/index.ts';
import { importMesh } from '../../src/importers/index.ts';
import { DEFAULT_MESH_NAMES } from '../../src/importers/istio/names.ts';
import type { MeshConfig } from '../../src/mesh/config/config.ts';

function policyOf(kind: string, config: MeshConfig): MeshConfig {
  const diagnostics = new Diagnostics();
  const resources = importMesh([], diagnostics);
  return findDataPlane(kind)!.policyOf(resources, DEFAULT_MESH_NAMES, diagnostics)(config);
}

const EMPTY = { listeners: [], clusters: [] } as unknown as MeshConfig;

describe('data planes', () => {
  test('are found by kinds of their own', () => {
    const kinds = DATA_PLANES.map((plane) => plane.kind);
    expect(new Set(kinds).size).toBe(kinds.length);
    for (const plane of DATA_PLANES) expect(findDataPlane(plane.kind)).toBe(plane);
    expect(findDataPlane('nothing-like-it')).toBeUndefined();
  });

  test('sidecars leave the policy as it is; without proxies a limit says that none acts', () => {
    expect(policyOf('sidecar', EMPTY)).toBe(EMPTY);
    expect(findDataPlane('none')?.hasInbound).toBe(false);
    expect(findDataPlane('none')?.limits.join()).toContain('no policy acts');
  });

  test('without proxies endpoints are drawn, and nothing is limited or ejected', () => {
    const clusters = [{ name: 'c', lb: { kind: 'round-robin' }, outlier: {} }];
    const config = { listeners: [], clusters } as unknown as MeshConfig;
    const [cluster] = policyOf('none', config).clusters;
    expect(cluster?.lb).toEqual({ kind: 'random' });
    expect(cluster?.outlier).toBeNull();
    expect(cluster?.circuitBreakers.default.maxRequests).toBe(4_294_967_295);
  });
});
