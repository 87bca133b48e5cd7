/**
 * Mesh files → `MeshResources`: reads every document, hands each object to its importer.
 *
 * All diagnostics are collected; reading never stops at the first. Whoever goes on must ask
 * `diagnostics.hasErrors` first: objects with errors are loaded as far as they could be read, so
 * that one mistake does not look like ten.
 * Source: config-istio.md §0.3, 0.4, 0.6; design.md §10.
 */
import type { Diagnostics } from '../core/diagnostics.ts';
import { didYouMean } from '../core/suggest.ts';
import { parseDocuments } from './document.ts';
import { readAuthorizationPolicy } from './istio/authorization-policy.ts';
import { readDestinationRule } from './istio/destination-rule.ts';
import { DEFAULT_MESH_NAMES, type MeshNames } from './istio/names.ts';
import { readPeerAuthentication } from './istio/peer-authentication.ts';
import { readServiceEntry } from './istio/service-entry.ts';
import { readVirtualService } from './istio/virtual-service.ts';
import { readWorkloadEntry } from './istio/workload-entry.ts';
import { KINDS, type KindEntry, kindsOf, MESH_GROUPS } from './kinds.ts';
import { readPod, readWorkload } from './kubernetes/deployment.ts';
import { readEndpointSlice } from './kubernetes/endpoint-slice.ts';
import { readKubernetesService } from './kubernetes/service.ts';
import type {
  DestinationRule,
  EndpointSlice,
  KubernetesService,
  MeshResources,
  ObjectMeta,
  ServiceEntry,
  VirtualService,
  Workload,
  WorkloadEntry,
} from './mesh-resources.ts';
import { compareAge, readMeta } from './object-meta.ts';
import type { AuthorizationPolicy, PeerAuthentication } from './security-resources.ts';
import type { SourceNode } from './source-node.ts';

/** A file's text; nothing here reads files. */
export interface MeshFile {
  readonly path: string;
  readonly text: string;
}

interface Loaded {
  readonly meta: ObjectMeta;
}

/**
 * Reads mesh files, in order; later objects replace earlier ones of the same kind, namespace and
 * name, as `kubectl apply` would.
 */
export function importMesh(
  files: readonly MeshFile[],
  diagnostics: Diagnostics,
  names: MeshNames = DEFAULT_MESH_NAMES,
): MeshResources {
  const collection = new Collection(names);
  for (const file of files) {
    const options = { yaml11: true, empty: 'warning' } as const;
    for (const document of parseDocuments(file.path, file.text, diagnostics, options)) {
      collection.addDocument(document);
    }
  }
  return collection.resources();
}

class Collection {
  readonly #names: MeshNames;
  readonly #virtualServices = new Map<string, VirtualService>();
  readonly #destinationRules = new Map<string, DestinationRule>();
  readonly #serviceEntries = new Map<string, ServiceEntry>();
  readonly #workloadEntries = new Map<string, WorkloadEntry>();
  readonly #peerAuthentications = new Map<string, PeerAuthentication>();
  readonly #authorizationPolicies = new Map<string, AuthorizationPolicy>();
  readonly #services = new Map<string, KubernetesService>();
  readonly #workloads = new Map<string, Workload>();
  readonly #endpointSlices = new Map<string, EndpointSlice>();

  constructor(names: MeshNames) {
    this.#names = names;
  }

  addDocument(document: SourceNode): void {
    if (!document.expectMap()) return;
    const kind = document.get('kind')?.value;
    if (typeof kind === 'string' && kind.endsWith('List') && document.has('items')) {
      for (const item of document.get('items')?.items() ?? []) this.addDocument(item);
      return;
    }
    const entry = findKind(document);
    if (entry === undefined) return;
    const meta = readMeta(document, entry.kind);
    if (meta !== undefined) this.#read(document, meta, entry);
  }

  resources(): MeshResources {
    return {
      virtualServices: inOrder(this.#virtualServices),
      destinationRules: inOrder(this.#destinationRules),
      serviceEntries: inOrder(this.#serviceEntries),
      workloadEntries: inOrder(this.#workloadEntries),
      peerAuthentications: inOrder(this.#peerAuthentications),
      authorizationPolicies: inOrder(this.#authorizationPolicies),
      services: inOrder(this.#services),
      workloads: inOrder(this.#workloads),
      endpointSlices: inOrder(this.#endpointSlices),
    };
  }

  #read(object: SourceNode, meta: ObjectMeta, entry: KindEntry): void {
    if (entry.treatment === 'endpoint-slice') {
      put(this.#endpointSlices, readEndpointSlice(object, meta), object);
      return;
    }
    object.checkKeys(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
    const spec = object.get('spec');
    if (spec === undefined || spec.kind === 'null') {
      object.error('MQ-FIELD-003', `${entry.kind} "${meta.name}" has no spec`);
      return;
    }
    switch (entry.treatment) {
      case 'virtual-service':
        put(this.#virtualServices, readVirtualService(spec, meta, this.#names), object);
        break;
      case 'destination-rule':
        put(this.#destinationRules, readDestinationRule(spec, meta, this.#names), object);
        break;
      case 'service-entry':
        put(this.#serviceEntries, readServiceEntry(spec, meta, this.#names), object);
        break;
      case 'workload-entry':
        put(this.#workloadEntries, readWorkloadEntry(spec, meta), object);
        break;
      case 'peer-authentication':
        put(this.#peerAuthentications, readPeerAuthentication(spec, meta, this.#names), object);
        break;
      case 'authorization-policy':
        put(this.#authorizationPolicies, readAuthorizationPolicy(spec, meta, this.#names), object);
        break;
      case 'service':
        put(this.#services, readKubernetesService(spec, meta), object);
        break;
      case 'pod':
        put(this.#workloads, readPod(spec, meta), object);
        break;
      case 'workload':
        put(this.#workloads, readWorkload(spec, meta), object);
        break;
      default:
    }
  }
}

/** Oldest first, then by name and namespace: the order in which istiod sees objects. */
function inOrder<T extends Loaded>(objects: ReadonlyMap<string, T>): T[] {
  return [...objects.values()].sort((a, b) => compareAge(a.meta, b.meta));
}

function put<T extends Loaded>(
  objects: Map<string, T>,
  object: T | undefined,
  node: SourceNode,
): void {
  if (object === undefined) return;
  const { kind, namespace, name } = object.meta;
  const key = `${kind}/${namespace}/${name}`;
  const earlier = objects.get(key);
  if (earlier !== undefined) {
    const { file, line } = earlier.meta.at;
    const message = `${kind} ${namespace}/${name} replaces the one in ${file}:${line}`;
    node.diagnostics.info('MQ-IMPORT-007', object.meta.at, message);
  }
  objects.set(key, object);
}

/** The entry of a kind that is to be read; all others are reported here. */
function findKind(object: SourceNode): KindEntry | undefined {
  const apiVersion = object.get('apiVersion')?.value;
  const kind = object.get('kind')?.value;
  if (typeof kind !== 'string' || typeof apiVersion !== 'string') {
    reportNoResource(object, kind);
    return undefined;
  }
  const slash = apiVersion.indexOf('/');
  const group = slash === -1 ? '' : apiVersion.slice(0, slash);
  const entry = KINDS.find((item) => item.group === group && item.kind === kind);
  if (entry === undefined) {
    reportUnknownKind(object, group, kind);
    return undefined;
  }
  return isUsable(object, entry, apiVersion.slice(slash + 1)) ? entry : undefined;
}

function isUsable(object: SourceNode, entry: KindEntry, version: string): boolean {
  const { kind, versions, treatment } = entry;
  if (!versions.includes(version)) {
    const list = versions.join(', ');
    const message = `unknown version "${version}" of ${kind}, expected ${list}`;
    object.get('apiVersion')?.error('MQ-IMPORT-002', message);
    return false;
  }
  const kindNode = object.get('kind');
  if (treatment === 'not-modelled' || isMeshConfig(object, kind)) {
    const what = kind === 'ConfigMap' ? 'MeshConfig' : kind;
    kindNode?.error('MQ-IMPORT-003', `${what} is not modelled yet`);
    return false;
  }
  if (treatment === 'skipped') reportSkipped(object, kind);
  return treatment !== 'skipped';
}

/** The mesh-wide settings live in a ConfigMap named `istio`. */
function isMeshConfig(object: SourceNode, kind: string): boolean {
  const name = object.at(['metadata', 'name'])?.value;
  return kind === 'ConfigMap' && name === 'istio' && object.at(['data', 'mesh']) !== undefined;
}

function reportNoResource(object: SourceNode, kind: unknown): void {
  const known = KINDS.filter((entry) => entry.kind === kind);
  const versions = known.map((entry) => `${entry.group === '' ? '' : `${entry.group}/`}v1`);
  const missing = typeof kind === 'string' ? 'apiVersion' : 'kind';
  const fix = versions.length === 0 ? {} : { fix: `apiVersion: ${versions.join(' or ')}` };
  object.error('MQ-IMPORT-001', `this document has no "${missing}", so it is no resource`, fix);
}

function reportUnknownKind(object: SourceNode, group: string, kind: string): void {
  const known = kindsOf(group);
  const isMesh = MESH_GROUPS.some((pattern) => pattern.test(group));
  const node = object.get('kind') ?? object;
  const hint = didYouMean(kind, known);
  if (known.length > 0 && (isMesh || hint !== '')) {
    node.error('MQ-IMPORT-005', `unknown kind "${kind}" in ${group || 'the core group'}${hint}`);
  } else if (isMesh) {
    node.error('MQ-IMPORT-003', `${kind} of ${group} is not modelled yet`);
  } else reportSkipped(object, kind);
}

function reportSkipped(object: SourceNode, kind: string): void {
  const name = object.at(['metadata', 'name'])?.value;
  const text = typeof name === 'string' ? `${kind} "${name}"` : kind;
  const message = `${text} does not concern the mesh's policy and is skipped`;
  (object.get('kind') ?? object).info('MQ-IMPORT-006', message);
}
