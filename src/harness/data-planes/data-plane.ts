/**
 * How proxies stand on the path between two applications. One file per data plane, one line in
 * `index.ts`; `build.ts` asks, it never looks at the kind.
 */
import type { MeshConfig } from '../../mesh/config/config.ts';

export interface DataPlane {
  readonly kind: string;
  /** Whether a proxy of its own stands before a server's application. */
  readonly hasInbound: boolean;
  /**
   * What a caller's side does, from what the mesh configures: a data plane without proxies drops
   * policy and keeps only what the operating system does.
   */
  outbound(config: MeshConfig): MeshConfig;
  /** Lines for the `limits` of a summary. */
  readonly limits: readonly string[];
}
