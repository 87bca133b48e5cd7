/**
 * How proxies stand on the path between two applications. One file per data plane, one line in
 * `index.ts`; `build.ts` asks, it never looks at the kind.
 */
import type { Diagnostics } from '../../core/diagnostics.ts';
import type { MeshNames } from '../../importers/istio/names.ts';
import type { MeshResources } from '../../importers/mesh-resources.ts';
import type { MeshConfig } from '../../mesh/config/config.ts';

export interface DataPlane {
  readonly kind: string;
  /** Whether a proxy of its own stands before a server's application. */
  readonly hasInbound: boolean;
  /**
   * What its proxies do, from what istiod would configure: a data plane without proxies drops policy
   * and keeps only what the operating system does. Resources that have no meaning here are refused.
   */
  policyOf(
    resources: MeshResources,
    names: MeshNames,
    diagnostics: Diagnostics,
  ): (config: MeshConfig) => MeshConfig;
  /** Lines for the `limits` of a summary. */
  readonly limits: readonly string[];
}
