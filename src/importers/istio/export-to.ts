/**
 * The list of namespaces that an object is visible in.
 *
 * Source: config-istio.md §0.7, rules XT-1 to XT-4.
 */
import type { ExportTo } from '../mesh-resources.ts';
import type { Message } from '../message.ts';
import type { SourceNode } from '../source-node.ts';
import { isDnsLabel } from './names.ts';

const ALL: ExportTo = ['*'];

/**
 * Resolved entries: `*`, `~` or names; `.` has become the object's own namespace.
 *
 * @param allowsNobody whether `~` may be given (ServiceEntry and Service only)
 */
export function readExportTo(message: Message, namespace: string, allowsNobody: boolean): ExportTo {
  const nodes = message.list('exportTo');
  const names: string[] = [];
  for (const node of nodes) {
    const name = readEntry(node, namespace, allowsNobody);
    if (name === undefined) continue;
    if (names.includes(name)) node.error('MQ-NAME-001', `exportTo names "${node.value}" twice`);
    else names.push(name);
  }
  for (const alone of ['*', '~']) {
    if (names.length > 1 && names.includes(alone)) {
      message.get('exportTo')?.error('MQ-NAME-001', `exportTo "${alone}" must stand alone`);
    }
  }
  return names.length === 0 ? ALL : names;
}

function readEntry(node: SourceNode, namespace: string, allowsNobody: boolean) {
  const text = node.string();
  if (text === undefined) return undefined;
  if (text === '.') return namespace;
  if (text === '*' || (text === '~' && allowsNobody) || isDnsLabel(text)) return text;
  const expected = allowsNobody ? '".", "*", "~"' : '".", "*"';
  node.error('MQ-NAME-001', `exportTo "${text}" is neither ${expected} nor a namespace`);
  return undefined;
}

/** Whether proxies of `namespace` see an object with this list. */
export function isVisible(exportTo: ExportTo, namespace: string): boolean {
  return exportTo.includes('*') || exportTo.includes(namespace);
}
