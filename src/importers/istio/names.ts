/**
 * Names as Istio checks and expands them: hosts, labels, wildcards, short names.
 *
 * Source: config-istio.md §0.7; Istio's variant of a DNS label allows upper case.
 */
import type { Placed } from '../message.ts';
import type { SourceNode } from '../source-node.ts';

const LABEL = /^[a-zA-Z0-9](?:[-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/;
const LABEL_KEY_NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_KEY_PREFIX = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** Names and constants of one mesh that expansion needs. */
export interface MeshNames {
  /** `cluster.local` */
  readonly clusterDomain: string;
  /** `istio-system` */
  readonly rootNamespace: string;
  /** Of the mesh's own workloads: `cluster.local`. */
  readonly trustDomain: string;
}

export const DEFAULT_MESH_NAMES: MeshNames = {
  clusterDomain: 'cluster.local',
  rootNamespace: 'istio-system',
  trustDomain: 'cluster.local',
};

export function isDnsLabel(text: string): boolean {
  return LABEL.test(text);
}

/** Why `name` is no fully qualified domain name; null when it is one. */
export function fqdnProblem(name: string): string | null {
  const text = name.endsWith('.') ? name.slice(0, -1) : name;
  if (text === '') return 'is empty';
  if (text.length > 255) return 'is longer than 255 characters';
  const labels = text.split('.');
  const bad = labels.find((label) => !isDnsLabel(label));
  if (bad !== undefined) return `has the invalid part "${bad}"`;
  return /^\d+$/.test(labels.at(-1) ?? '') ? 'ends in a number' : null;
}

/** Like `fqdnProblem`, but the first part may be `*` or start with it. */
export function wildcardDomainProblem(name: string): string | null {
  if (name === '*') return null;
  if (!name.startsWith('*')) return fqdnProblem(name);
  const [first = '', ...rest] = name.split('.');
  if (first !== '*' && !isDnsLabel(first.slice(1).replace(/^-/, 'x'))) {
    return `has the invalid part "${first}"`;
  }
  return rest.length === 0 ? null : fqdnProblem(rest.join('.'));
}

export function isIpAddress(text: string): boolean {
  return isIpv4(text) || isIpv6(text);
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return (
    parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && +part < 256)
  );
}

function isIpv6(text: string): boolean {
  if (!/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(':')) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1) ?? '';
  const count = groups.length + (last.includes('.') ? 1 : 0);
  const areHex = groups.every((group, index) => {
    const isLast = index === groups.length - 1;
    return /^[0-9a-fA-F]{1,4}$/.test(group) || (isLast && isIpv4(group));
  });
  return areHex && (halves.length === 2 ? count < 8 : count === 8);
}

/** IP or CIDR. */
export function isIpOrCidr(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  if (rest.length > 0 || !isIpAddress(address)) return false;
  const max = address.includes(':') ? 128 : 32;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= max);
}

/** A name without a dot becomes the full name of a service in `namespace`. */
export function expandShortName(host: string, namespace: string, names: MeshNames): string {
  if (host === '' || host.includes('.') || host.startsWith('*') || isIpAddress(host)) return host;
  return serviceHost(host, namespace, names);
}

/** The full name of a Kubernetes service. */
export function serviceHost(name: string, namespace: string, names: MeshNames): string {
  return `${name}.${namespace}.svc.${names.clusterDomain}`;
}

export function isWildcard(host: string): boolean {
  return host.startsWith('*');
}

/** Whether some name is covered by both. Symmetric. */
export function hostsOverlap(a: string, b: string): boolean {
  if (a === b) return true;
  if (isWildcard(a) && isWildcard(b)) {
    return a.slice(1).endsWith(b.slice(1)) || b.slice(1).endsWith(a.slice(1));
  }
  if (isWildcard(a)) return covers(a, b);
  return isWildcard(b) && covers(b, a);
}

/** Whether the exact name `host` is `pattern`, or covered by it. */
export function covers(pattern: string, host: string): boolean {
  return isWildcard(pattern) ? host.endsWith(pattern.slice(1)) : pattern === host;
}

/**
 * The entry with the most specific pattern that covers `host`: exact before wildcards, longer
 * wildcards before shorter ones, earlier entries first.
 */
export function mostSpecific<T>(
  host: string,
  entries: Iterable<T>,
  patternOf: (entry: T) => string,
): T | undefined {
  let best: T | undefined;
  let bestLength = -1;
  for (const entry of entries) {
    const pattern = patternOf(entry);
    if (pattern === host) return entry;
    if (covers(pattern, host) && pattern.length > bestLength) {
      best = entry;
      bestLength = pattern.length;
    }
  }
  return best;
}

/** A map of labels with Kubernetes' syntax; entries that break it are reported and left out. */
export function readLabels(node: SourceNode | undefined): Readonly<Record<string, string>> {
  if (node === undefined || node.kind === 'null' || !node.expectMap()) return {};
  const labels: [string, string][] = [];
  for (const [key, child] of node.entries()) {
    const value = child.string();
    if (value === undefined) continue;
    if (!isLabelKey(key)) {
      child.keyError('MQ-FIELD-009', `"${key}" is not a valid label name`);
    } else if (value !== '' && !LABEL_KEY_NAME.test(value)) {
      child.error('MQ-FIELD-009', `"${value}" is not a valid label value`);
    } else labels.push([key, value]);
  }
  return Object.fromEntries(labels);
}

function isLabelKey(key: string): boolean {
  const slash = key.indexOf('/');
  if (slash === -1) return LABEL_KEY_NAME.test(key);
  const prefix = key.slice(0, slash);
  const isPrefix = prefix.length <= 253 && LABEL_KEY_PREFIX.test(prefix);
  return isPrefix && LABEL_KEY_NAME.test(key.slice(slash + 1));
}

/** Whether `labels` has every one of `wanted`. */
export function hasLabels(
  labels: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

/** A host given in an object of `namespace`, expanded. */
export function readHost(
  node: SourceNode,
  namespace: string,
  names: MeshNames,
): Placed<string> | undefined {
  const host = node.string();
  if (host === undefined) return undefined;
  return { value: expandShortName(host, namespace, names), at: node.position };
}
