/**
 * One block of `http[].match`.
 *
 * Source: config-istio.md §2.3 (fields), §2.14 VS-12 to VS-15.
 */
import type { HeaderMatch, PathMatch, QueryMatch } from '../../mesh/config/config.ts';
import type { HttpMatch } from '../mesh-resources.ts';
import { type FieldRules, type Message, openMessage, readFields } from '../message.ts';
import type { SourceNode } from '../source-node.ts';
import { readGateways } from './gateways.ts';
import { isDnsLabel, readLabels } from './names.ts';
import { readStringMatch } from './string-match.ts';

const RULES: FieldRules = {
  ...readFields('name', 'uri', 'scheme', 'method', 'authority', 'headers', 'port', 'sourceLabels'),
  ...readFields('gateways', 'queryParams', 'ignoreUriCase', 'withoutHeaders', 'sourceNamespace'),
  statPrefix: 'no-effect',
};

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const PSEUDO_HEADERS = [':method', ':scheme', ':authority', ':path', ':status'];
const JWT_CLAIMS = '@request.auth.claims';
const MISLEADING = ['uri', 'scheme', 'method', 'authority'];

/** @param isForMesh whether sidecars use it; conditions on JWT claims are for gateways only */
export function readHttpMatch(node: SourceNode, isForMesh: boolean): HttpMatch | undefined {
  if (node.kind === 'null') {
    node.error('MQ-ROUTE-006', 'a match must not be null');
    return undefined;
  }
  const message = openMessage(node, RULES, 'VirtualService.http.match');
  if (message === undefined) return undefined;
  if (isForMesh) reportClaims(message);
  return {
    name: message.get('name')?.string() ?? '',
    at: node.position,
    path: readPath(message),
    headers: [
      ...readHeaders(message.get('headers')),
      ...readWithoutHeaders(message.get('withoutHeaders')),
      ...readPseudo(message, 'method'),
      ...readPseudo(message, 'authority'),
      ...readPseudo(message, 'scheme'),
    ],
    query: readQuery(message.get('queryParams')),
    port: readPort(message.get('port')),
    gateways: readGateways(message.list('gateways')),
    sourceLabels: readLabels(message.get('sourceLabels')),
    sourceNamespace: readNamespace(message.get('sourceNamespace')),
  };
}

function readPath(message: Message): PathMatch | null {
  const ignoreCase = message.get('ignoreUriCase')?.boolean() ?? false;
  const uri = message.get('uri');
  const match = uri === undefined ? undefined : readStringMatch(uri, { allowsEmptyPrefix: true });
  if (match === undefined || match.kind === 'present') return null;
  return match.kind === 'regex' ? match : { ...match, ignoreCase };
}

function readPseudo(message: Message, name: 'method' | 'authority' | 'scheme'): HeaderMatch[] {
  const node = message.get(name);
  const value = node === undefined ? undefined : readStringMatch(node);
  if (value === undefined) return [];
  return [{ name: `:${name}`, value, invert: false, treatMissingAsEmpty: false }];
}

function readHeaders(node: SourceNode | undefined): HeaderMatch[] {
  if (node === undefined || !node.expectMap()) return [];
  return sortedEntries(node).flatMap(([name, child]) => {
    const value = isHeaderName(name, child) ? readStringMatch(child) : undefined;
    if (value === undefined) return [];
    return [{ name: name.toLowerCase(), value, invert: false, treatMissingAsEmpty: false }];
  });
}

/** A missing header counts as the empty text, so that it satisfies the negation. */
function readWithoutHeaders(node: SourceNode | undefined): HeaderMatch[] {
  if (node === undefined || !node.expectMap()) return [];
  return sortedEntries(node).flatMap(([name, child]) => {
    const options = { allowsStarRegex: true };
    const value = isHeaderName(name, child) ? readStringMatch(child, options) : undefined;
    if (value === undefined) return [];
    const treatMissingAsEmpty = value.kind !== 'present';
    return [{ name: name.toLowerCase(), value, invert: true, treatMissingAsEmpty }];
  });
}

function readQuery(node: SourceNode | undefined): QueryMatch[] {
  if (node === undefined || !node.expectMap()) return [];
  return sortedEntries(node).flatMap(([name, child]) => {
    const value = readStringMatch(child);
    return value === undefined ? [] : [{ name, value }];
  });
}

/** The API's maps have no order; sorting makes the same files give the same configuration. */
function sortedEntries(node: SourceNode): (readonly [string, SourceNode])[] {
  return [...node.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
}

function reportClaims(message: Message): void {
  for (const field of ['headers', 'withoutHeaders']) {
    for (const [name, node] of message.get(field)?.entries() ?? []) {
      if (!name.startsWith(JWT_CLAIMS)) continue;
      const text = 'a condition on JWT claims is for gateways only';
      node.keyError('MQ-ROUTE-006', text, { fix: 'bind the VirtualService to a gateway' });
    }
  }
}

function isHeaderName(name: string, node: SourceNode): boolean {
  if (name.startsWith(JWT_CLAIMS)) return false;
  if (node.kind === 'null') {
    node.keyError('MQ-ROUTE-006', `header "${name}" has no condition`, {
      fix: 'write {} to ask for its presence',
    });
    return false;
  }
  if (!TOKEN.test(name) && !PSEUDO_HEADERS.includes(name)) {
    node.keyError('MQ-ROUTE-006', `${JSON.stringify(name)} is not a header name`);
    return false;
  }
  if (MISLEADING.includes(name)) warnAboutName(name, node);
  return true;
}

function warnAboutName(name: string, node: SourceNode): void {
  const message = `"${name}" inside headers means a header of that name`;
  const fix = `move it out of headers if the request's ${name} is meant`;
  node.diagnostics.warning('MQ-ROUTE-017', node.keyPosition, message, { fix });
}

/** 0 = any port. */
function readPort(node: SourceNode | undefined): number {
  return node?.integer(0, 65_535) ?? 0;
}

function readNamespace(node: SourceNode | undefined): string {
  const name = node?.string() ?? '';
  if (name === '' || isDnsLabel(name)) return name;
  node?.error('MQ-ROUTE-006', `"${name}" is not a namespace`);
  return '';
}
