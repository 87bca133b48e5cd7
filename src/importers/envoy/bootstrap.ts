/**
 * An Envoy bootstrap → the configuration of one proxy, and where it listens and logs.
 *
 * Called by `cli/proxy.ts` and by the conformance runner. Reads static resources, the static
 * runtime layer, and endpoints from files (`readAssignment`, whose text the caller provides).
 * Source: Envoy v3 API, config/bootstrap/v3; config-other-meshes.md §5.
 */
import type { Diagnostics } from '../../core/diagnostics.ts';
import type { Endpoint } from '../../core/engine.ts';
import type { ClusterConfig, MeshConfig } from '../../mesh/config/config.ts';
import { parseDocuments } from '../document.ts';
import type { MeshFile } from '../index.ts';
import type { NameIds } from '../name-ids.ts';
import type { SourceNode } from '../source-node.ts';
import {
  type EdsSource,
  type ReadCluster,
  readCluster,
  withoutLocalityWeight,
} from './clusters.ts';
import { readAddress, readEndpoints, readLocalityName } from './endpoints.ts';
import { Fields, typedMessage } from './fields.ts';
import { type BootstrapListener, readListener } from './listeners.ts';
import { readOverload } from './overload.ts';
import { Runtime } from './runtime.ts';

/** What a bootstrap says. */
export interface Bootstrap {
  /** Clusters with endpoints from files have none here. */
  readonly config: MeshConfig;
  /** In the order of `config.listeners`. */
  readonly listeners: readonly BootstrapListener[];
  readonly admin: { readonly host: string; readonly port: number } | null;
  readonly eds: readonly EdsSource[];
}

/** Whether a text looks like a bootstrap rather than like mesh resources. */
export function isBootstrap(text: string): boolean {
  return (
    /^["']?(?:static_resources|staticResources)["']?\s*:/m.test(text) ||
    /"static_?[rR]esources"/.test(text)
  );
}

/** @returns undefined, after diagnostics, when the file holds no bootstrap at all */
export function readBootstrap(
  file: MeshFile,
  ids: NameIds,
  diagnostics: Diagnostics,
): Bootstrap | undefined {
  const [document] = parseDocuments(file.path, file.text, diagnostics);
  if (document === undefined) return undefined;
  const fields = new Fields(document, 'Bootstrap');
  const runtime = new Runtime(fields);
  const resources = fields.message('static_resources', 'StaticResources');
  if (resources === undefined) {
    document.error('MQ-ENVOY-004', 'the bootstrap has no static_resources');
    return undefined;
  }
  const clusters = resources
    .messages('clusters', 'Cluster')
    .map((cluster) => readCluster(cluster, ids, runtime));
  const node = fields.message('node', 'Node');
  const proxyName = node?.text('id') ?? 'envoy';
  const surroundings = {
    clusters: new Set(clusters.map(({ config }) => config.name)),
    nodeId: node?.text('id') ?? '',
    nodeCluster: node?.text('cluster') ?? '',
  };
  const listeners = resources
    .messages('listeners', 'Listener')
    .flatMap((listener) => readListener(listener, ids, runtime, surroundings) ?? []);
  resources.close();
  node?.ignore('metadata');
  const locality = node?.message('locality', 'Locality');
  const localityName = locality === undefined ? undefined : readLocalityName(locality);
  node?.close();
  const manager = fields.message('cluster_manager', 'ClusterManager');
  const localCluster = readLocalCluster(manager, clusters);
  // Where ejections are logged.
  manager?.ignore('outlier_detection', 'enable_deferred_cluster_creation');
  manager?.close();
  const admin = readAdmin(fields);
  const overload = readOverload(fields);
  // How the process looks after itself.
  fields.ignore(
    'stats_config',
    'stats_flush_interval',
    'stats_flush_on_admin',
    'stats_server_version_override',
    'enable_dispatcher_stats',
    'watchdog',
    'watchdogs',
    'memory_allocator_manager',
    'flags_path',
    'inline_headers',
    'application_log_config',
    'perf_tracing_file_path',
    'use_tcp_for_dns_lookups',
  );
  fields.withoutEffect('stats_sinks');
  fields.close();
  runtime.close();
  reportDoubles(
    clusters.map(({ config }) => config.name),
    document,
  );
  return {
    config: {
      version: 1,
      proxyName,
      listeners: listeners.map(({ config }) => config),
      clusters: clusters.map(({ config }) =>
        localCluster === undefined || localCluster === config.name ? unzoned(config) : config,
      ),
      ...(localityName === undefined ? {} : { locality: localityName }),
      ...(localCluster === undefined ? {} : { localCluster }),
      ...(overload === undefined ? {} : { overload }),
    },
    listeners,
    admin,
    eds: clusters.flatMap(({ eds }) => eds ?? []),
  };
}

/** Without a local cluster zones do not count, nor do they among its own hosts. */
function unzoned(config: ClusterConfig): ClusterConfig {
  const { zoneRouting: _unused, ...others } = config;
  return others;
}

function readLocalCluster(
  manager: Fields | undefined,
  clusters: readonly ReadCluster[],
): string | undefined {
  const name = manager?.text('local_cluster_name');
  if (name === undefined || name === '') return undefined;
  if (!clusters.some(({ config }) => config.name === name)) {
    const message = `the local cluster "${name}" is not among the clusters`;
    manager?.get('local_cluster_name')?.error('MQ-ENVOY-003', message);
  }
  return name;
}

function readAdmin(fields: Fields): Bootstrap['admin'] {
  const admin = fields.message('admin', 'Admin');
  if (admin === undefined) return null;
  const address = readAddress(admin);
  admin.ignore('access_log', 'access_log_path', 'profile_path');
  admin.close();
  return address ?? null;
}

function reportDoubles(names: readonly string[], document: SourceNode): void {
  names.forEach((name, index) => {
    if (names.indexOf(name) < index) {
      document.error('MQ-ENVOY-003', `two clusters have the name "${name}"`);
    }
  });
}

/**
 * The endpoints of a cluster in a file of `ClusterLoadAssignment`s (a discovery response).
 *
 * @returns undefined, after diagnostics, when the file holds none for the cluster
 */
export function readAssignment(
  file: MeshFile,
  source: EdsSource,
  ids: NameIds,
  diagnostics: Diagnostics,
): readonly Endpoint[] | undefined {
  const [document] = parseDocuments(file.path, file.text, diagnostics);
  if (document === undefined) return undefined;
  const response = new Fields(document, 'DiscoveryResponse');
  response.ignore('version_info', 'type_url', 'nonce');
  for (const resource of response.list('resources')) {
    const fields = typedMessage(resource)?.fields;
    if (fields?.get('cluster_name')?.value === source.serviceName) {
      const members = readEndpoints(fields, ids);
      return source.isLocalityWeighted ? members : members.map(withoutLocalityWeight);
    }
  }
  document.error('MQ-ENVOY-005', `the file has no endpoints of "${source.serviceName}"`);
  return undefined;
}
