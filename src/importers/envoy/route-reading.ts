/**
 * What all parts of a route configuration are read with: the runtime, and which clusters there are.
 */
import type { SourceNode } from '../source-node.ts';
import type { Runtime } from './runtime.ts';

export class RouteReading {
  readonly runtime: Runtime;
  /** null = routes may name clusters that are not there. */
  readonly #clusters: ReadonlySet<string> | null;

  constructor(runtime: Runtime, clusters: ReadonlySet<string> | null) {
    this.runtime = runtime;
    this.#clusters = clusters;
  }

  /** A static route configuration is refused when it names a cluster that does not exist. */
  checkCluster(name: string, at: SourceNode): void {
    if (this.#clusters === null || this.#clusters.has(name)) return;
    const fix = { fix: 'define the cluster, or set validate_clusters to false' };
    at.error('MQ-ENVOY-003', `there is no cluster "${name}"`, fix);
  }
}
