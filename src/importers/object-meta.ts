/**
 * `metadata` of a Kubernetes-style object: identity, labels, annotations.
 *
 * Source: Kubernetes API conventions; config-istio.md §0.5 (annotations that change acceptance).
 */
import { epochMsOf } from '../core/calendar.ts';
import type { ObjectMeta } from './mesh-resources.ts';
import type { SourceNode } from './source-node.ts';

/** Annotations that istiod's webhook refuses on users' objects. */
const REFUSED_ANNOTATIONS: readonly string[] = [
  'internal.istio.io/webhook-always-reject',
  'internal.istio.io/parents',
  'internal.istio.io/parent-namespace',
];

/** undefined, after a diagnostic, when the object has no usable name. */
export function readMeta(object: SourceNode, kind: string): ObjectMeta | undefined {
  const metadata = object.get('metadata');
  const nameNode = metadata?.get('name');
  if (metadata === undefined || metadata.kind === 'null' || nameNode === undefined) {
    object.error('MQ-FIELD-003', `${kind} has no metadata.name`);
    return undefined;
  }
  const name = metadata.expectMap() ? nameNode.string() : undefined;
  const namespace = readOptional(metadata.get('namespace')) ?? 'default';
  if (name === undefined) return undefined;
  const annotations = readStrings(metadata.get('annotations'));
  checkAnnotations(metadata, annotations, kind);
  return {
    kind,
    name,
    namespace,
    labels: readStrings(metadata.get('labels')),
    annotations,
    createdMs: readCreation(metadata.get('creationTimestamp')),
    at: nameNode.position,
  };
}

function readOptional(node: SourceNode | undefined): string | undefined {
  return node === undefined || node.kind === 'null' ? undefined : node.string();
}

/** A map of texts. */
function readStrings(node: SourceNode | undefined): Readonly<Record<string, string>> {
  if (node === undefined || node.kind === 'null' || !node.expectMap()) return {};
  const entries: [string, string][] = [];
  for (const [key, child] of node.entries()) {
    const value = child.string();
    if (value !== undefined) entries.push([key, value]);
  }
  return Object.fromEntries(entries);
}

function checkAnnotations(
  metadata: SourceNode,
  annotations: Readonly<Record<string, string>>,
  kind: string,
): void {
  for (const name of Object.keys(annotations)) {
    const isDryRun = name === 'istio.io/dry-run' && kind !== 'AuthorizationPolicy';
    const isRefused = REFUSED_ANNOTATIONS.includes(name) || isDryRun;
    if (!isRefused) continue;
    const message = `annotation "${name}" is not allowed on a ${kind}`;
    metadata.get('annotations')?.get(name)?.keyError('MQ-IMPORT-009', message);
  }
}

/** RFC 3339 in UTC, as the API server writes it; 0 when absent or different. */
function readCreation(node: SourceNode | undefined): number {
  const text = typeof node?.value === 'string' ? node.value : '';
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?Z$/.exec(text);
  if (match === null) return 0;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map(Number);
  return epochMsOf(year, month, day, hour, minute, second);
}

/** Order of precedence among objects of one kind: oldest, then by name, then by namespace. */
export function compareAge(a: ObjectMeta, b: ObjectMeta): number {
  return (
    a.createdMs - b.createdMs ||
    compareText(a.name, b.name) ||
    compareText(a.namespace, b.namespace)
  );
}

/** Order by UTF-16 units, the same everywhere. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
