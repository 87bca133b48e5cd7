/**
 * PeerAuthentication of security.istio.io: which connections a workload accepts.
 *
 * Source: config-istio.md §9, PA-1 to PA-3.
 */
import type { MtlsMode } from '../../mesh/config/security.ts';
import type { ObjectMeta } from '../mesh-resources.ts';
import { type Message, openMessage, type Placed, readFields } from '../message.ts';
import type { PeerAuthentication } from '../security-resources.ts';
import type { SourceNode } from '../source-node.ts';
import type { MeshNames } from './names.ts';
import { readSelector } from './selector.ts';

const FIELDS = readFields('selector', 'mtls', 'portLevelMtls');
const MTLS = readFields('mode');
const MODES = ['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT'] as const;

export function readPeerAuthentication(
  spec: SourceNode,
  meta: ObjectMeta,
  names: MeshNames,
): PeerAuthentication | undefined {
  const message = openMessage(spec, FIELDS, 'PeerAuthentication');
  if (message === undefined) return undefined;
  const labels = readSelector(message);
  const selector = Object.keys(labels).length === 0 ? null : labels;
  if (selector !== null && meta.namespace === names.rootNamespace) {
    const text = `PeerAuthentication "${meta.name}" is ignored: it has a selector and stands in ${meta.namespace}`;
    spec.diagnostics.warning('MQ-MTLS-002', meta.at, text);
  }
  const ports = readPorts(message, selector !== null);
  return { meta, selector, mode: readMode(message.get('mtls')), ports };
}

/** null when the mode is left to the wider scope. */
function readMode(node: SourceNode | undefined): Placed<MtlsMode> | null {
  const mode = node === undefined ? undefined : openMessage(node, MTLS, 'MutualTLS')?.get('mode');
  const word = mode?.oneOf(MODES);
  if (mode === undefined || word === undefined || word === 'UNSET') return null;
  return { value: word.toLowerCase() as MtlsMode, at: mode.position };
}

function readPorts(message: Message, hasSelector: boolean): PeerAuthentication['ports'] {
  const ports = new Map<number, Placed<MtlsMode> | null>();
  const node = message.get('portLevelMtls');
  if (node === undefined || !node.expectMap()) return ports;
  if (node.entries().length === 0) {
    node.keyError('MQ-MTLS-001', 'portLevelMtls needs at least one port');
  } else if (!hasSelector) {
    node.keyError('MQ-MTLS-001', 'portLevelMtls needs a selector: only workloads have ports');
  }
  for (const [key, child] of node.entries()) {
    const port = /^\d+$/.test(key) ? Number(key) : 0;
    if (port < 1 || port > 65_535) {
      child.keyError('MQ-MTLS-001', `"${key}" is not a port, expected 1 to 65535`);
    } else ports.set(port, readMode(child));
  }
  return ports;
}
