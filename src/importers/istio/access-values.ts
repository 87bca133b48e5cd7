/**
 * Values of access rules, by attribute: text as users write it → a condition of Envoy's RBAC.
 *
 * `*` alone means present and not empty, at the beginning "ends with", at the end "begins with".
 * Source: config-istio.md §10.3, §10.5 AP-5 to AP-8; Istio, security/authz/model and matcher.
 */
import { RE2JS } from 're2js';
import type { ValueMatch } from '../../mesh/config/config.ts';
import type { RbacCondition } from '../../mesh/config/security.ts';
import type { SourceNode } from '../source-node.ts';
import { isIpOrCidr } from './names.ts';

/** A value that is not empty. */
export interface AccessValue {
  readonly text: string;
  readonly node: SourceNode;
}

/** What a value may depend on. */
export interface AttributeContext {
  readonly trustDomain: string;
  /** Of the policy. */
  readonly namespace: string;
  /** What stands in the key's brackets. */
  readonly parameter: string;
}

export interface Attribute {
  /** Whether it may be the key of a condition under `when`. */
  readonly isKey: boolean;
  /** Whether the key needs brackets. */
  readonly hasParameter: boolean;
  /** About where a request goes, not about who sends it. */
  readonly isPermission: boolean;
  /** undefined after a diagnostic. */
  read(value: AccessValue, context: AttributeContext): RbacCondition | undefined;
}

type Read = Attribute['read'];

function key(read: Read, isPermission = false): Attribute {
  return { isKey: true, hasParameter: false, isPermission, read };
}

function field(read: Read): Attribute {
  return { isKey: false, hasParameter: false, isPermission: true, read };
}

const NOT_EMPTY: ValueMatch = { kind: 'regex', value: '.+' };
const LOCAL_TRUST_DOMAIN = 'cluster.local';

/** By their names in Istio; `host`, `method` and `path` are fields of operations only. */
export const ATTRIBUTES: ReadonlyMap<string, Attribute> = new Map<string, Attribute>([
  ['source.ip', key((value) => addressIn('direct-remote-ip', value))],
  ['remote.ip', key((value) => addressIn('remote-ip', value))],
  ['source.namespace', key((value) => peer(namespaceMatch(value.text)))],
  ['source.serviceAccount', key(serviceAccount)],
  ['source.trustDomain', key(trustDomain)],
  ['source.principal', key((value, { trustDomain: own }) => peer(principalMatch(value.text, own)))],
  [
    'request.headers',
    { isKey: true, hasParameter: true, isPermission: false, read: requestHeader },
  ],
  ['destination.ip', key((value) => addressIn('destination-ip', value), true)],
  ['destination.port', key(port, true)],
  [
    'connection.sni',
    key((value) => ({ kind: 'server-name', value: textMatch(value.text, NOT_EMPTY) }), true),
  ],
  ['host', field((value) => headerCondition(':authority', value.text, true))],
  ['method', field((value) => headerCondition(':method', value.text, false))],
  ['path', field(path)],
]);

/** @param any what `*` alone means */
function textMatch(text: string, any: ValueMatch, ignoreCase = false): ValueMatch {
  const folding = ignoreCase ? { ignoreCase } : {};
  if (text === '*') return any;
  if (text.startsWith('*')) return { kind: 'suffix', value: text.slice(1), ...folding };
  if (text.endsWith('*')) return { kind: 'prefix', value: text.slice(0, -1), ...folding };
  return { kind: 'exact', value: text, ...folding };
}

function peer(name: ValueMatch): RbacCondition {
  return { kind: 'authenticated', name };
}

/** A policy that names `cluster.local` means the mesh's own trust domain. */
function principalMatch(text: string, own: string): ValueMatch {
  const [domain, ...rest] = text.split('/');
  const isWhole = rest.length === 4 && rest[0] === 'ns' && rest[2] === 'sa';
  const principal = isWhole && domain === LOCAL_TRUST_DOMAIN ? [own, ...rest].join('/') : text;
  const match = textMatch(principal, NOT_EMPTY);
  if (match.kind === 'suffix') {
    return { kind: 'regex', value: `spiffe://.*${RE2JS.quote(match.value)}` };
  }
  if (match.kind !== 'exact' && match.kind !== 'prefix') return match;
  return { ...match, value: `spiffe://${match.value}` };
}

function namespaceMatch(text: string): ValueMatch {
  const pattern = text.split('*').map(RE2JS.quote).join('.*');
  return { kind: 'regex', value: `.*/ns/${pattern}/.*` };
}

function serviceAccount(value: AccessValue, context: AttributeContext): RbacCondition | undefined {
  const { text, node } = value;
  const parts = text.split('/');
  const isValid = parts.length <= 2 && parts.every((part) => part !== '') && !text.includes('*');
  if (!isValid || text.length > 320) {
    node.error('MQ-AUTHZ-004', `"${text}" is not a service account`, {
      fix: 'write NAME or NAMESPACE/NAME, without "*", 320 characters at most',
    });
    return undefined;
  }
  const [namespace, name] = parts.length === 2 ? parts : [context.namespace, text];
  const quoted = { namespace: RE2JS.quote(namespace!), name: RE2JS.quote(name!) };
  const pattern = `spiffe://.+/ns/${quoted.namespace}/(.+/|)sa/${quoted.name}(/.+)?`;
  return peer({ kind: 'regex', value: pattern });
}

function trustDomain(value: AccessValue, context: AttributeContext): RbacCondition | undefined {
  const { text, node } = value;
  const inner = text.slice(1, -1);
  if (text.includes('/') || inner.includes('*') || /^\*.+\*$/.test(text)) {
    node.error('MQ-AUTHZ-003', `"${text}" is not a trust domain`, {
      fix: '"*" may stand at one end, and "/" nowhere',
    });
    return undefined;
  }
  const domain = text === LOCAL_TRUST_DOMAIN ? context.trustDomain : text;
  if (domain === '*') return peer({ kind: 'prefix', value: 'spiffe://' });
  if (!domain.includes('*')) return peer({ kind: 'prefix', value: `spiffe://${domain}/` });
  const [before, after] = domain.split('*').map(RE2JS.quote);
  return peer({ kind: 'regex', value: `spiffe://${before}[^/]*${after}/.*` });
}

function requestHeader(value: AccessValue, context: AttributeContext): RbacCondition {
  return headerCondition(context.parameter.toLowerCase(), value.text, false);
}

function headerCondition(name: string, text: string, ignoreCase: boolean): RbacCondition {
  const value = textMatch(text, { kind: 'present' }, ignoreCase);
  return { kind: 'header', match: { name, value, invert: false, treatMissingAsEmpty: false } };
}

function addressIn(
  kind: 'destination-ip' | 'direct-remote-ip' | 'remote-ip',
  { text, node }: AccessValue,
): RbacCondition | undefined {
  if (isIpOrCidr(text)) return { kind, cidr: text };
  node.error('MQ-AUTHZ-003', `"${text}" is neither an IP address nor a range of them`);
  return undefined;
}

function port({ text, node }: AccessValue): RbacCondition | undefined {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number <= 65_535) return { kind: 'destination-port', from: number, to: number };
  node.error('MQ-AUTHZ-003', `"${text}" is not a port, expected 0 to 65535`);
  return undefined;
}

function path({ text, node }: AccessValue): RbacCondition | undefined {
  const problem = templateProblem(text);
  if (problem !== null) {
    node.error('MQ-AUTHZ-005', `path "${text}" ${problem}`);
    return undefined;
  }
  if (isTemplate(text)) return { kind: 'path-template', template: text };
  return { kind: 'path', value: textMatch(text, NOT_EMPTY) };
}

function isTemplate(text: string): boolean {
  return text.includes('{*}') || text.includes('{**}');
}

const SEGMENT = /^[a-zA-Z0-9\-._~%!$&'()+,;:@=]+$/;

function templateProblem(text: string): string | null {
  let hasEnded = false;
  for (const segment of text.replace(/^\/+|\/+$/g, '').split('/')) {
    if (segment === '{*}' || segment === '{**}') {
      if (hasEnded) return 'has an operator after {**}';
      hasEnded = segment === '{**}';
    } else if (/[{}]/.test(segment)) return 'has braces that are neither {*} nor {**}';
    else if (isTemplate(text) && !SEGMENT.test(segment)) {
      return `has the segment "${segment}", which no path can have`;
    }
  }
  return null;
}
