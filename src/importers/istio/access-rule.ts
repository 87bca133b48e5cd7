/**
 * One rule of an AuthorizationPolicy: `from`, `to` and `when` as RBAC conditions.
 *
 * A rule matches when some source, some operation and every condition do. What istiod puts into
 * permissions and principals stands there here, too.
 * Source: config-istio.md §10.3, §10.5 AP-4 to AP-8, AP-10; Istio, security/authz/model.
 */
import type { RbacCondition } from '../../mesh/config/security.ts';
import type { ObjectMeta } from '../mesh-resources.ts';
import { type FieldRules, type Message, notModelled, openMessage, readFields } from '../message.ts';
import type { AccessRule } from '../security-resources.ts';
import type { SourceNode } from '../source-node.ts';
import { type AccessValue, ATTRIBUTES, type AttributeContext } from './access-values.ts';
import type { MeshNames } from './names.ts';

const RULE = readFields('from', 'to', 'when');
const NO_TOKENS = 'tokens (RequestAuthentication) are not modelled';
const SOURCE_FIELDS: readonly (readonly [field: string, attribute: string])[] = [
  ['principals', 'source.principal'],
  ['serviceAccounts', 'source.serviceAccount'],
  ['trustDomains', 'source.trustDomain'],
  ['namespaces', 'source.namespace'],
  ['remoteIpBlocks', 'remote.ip'],
  ['ipBlocks', 'source.ip'],
];
const OPERATION_FIELDS: readonly (readonly [field: string, attribute: string])[] = [
  ['hosts', 'host'],
  ['methods', 'method'],
  ['paths', 'path'],
  ['ports', 'destination.port'],
];
const SOURCE: FieldRules = {
  ...bothForms(SOURCE_FIELDS),
  ...notModelled(NO_TOKENS, 'requestPrincipals', 'notRequestPrincipals'),
};
const OPERATION: FieldRules = bothForms(OPERATION_FIELDS);
const CONDITION = readFields('key', 'values', 'notValues');
/** Fields of a source that a TCP filter could check. */
const TCP_SOURCE_FIELDS = [
  'principals',
  'serviceAccounts',
  'namespaces',
  'ipBlocks',
  'remoteIpBlocks',
];

function bothForms(fields: readonly (readonly [string, string])[]): FieldRules {
  return readFields(...fields.flatMap(([field]) => [field, negated(field)]));
}

/** `paths` → `notPaths`. */
function negated(field: string): string {
  return `not${field[0]!.toUpperCase()}${field.slice(1)}`;
}

/** What a rule is read in. */
export interface RuleContext {
  readonly policy: ObjectMeta;
  readonly names: MeshNames;
  readonly isDeny: boolean;
}

export function readAccessRule(node: SourceNode, context: RuleContext): AccessRule | undefined {
  if (node.kind === 'null') {
    node.error('MQ-AUTHZ-002', 'a rule must not be null; {} matches every request');
    return undefined;
  }
  const message = openMessage(node, RULE, 'AuthorizationPolicy.rules');
  if (message === undefined) return undefined;
  const when = readConditions(message, context);
  const sources = readParts(message, 'from', 'source', SOURCE);
  const operations = readParts(message, 'to', 'operation', OPERATION);
  for (const source of sources) checkAccounts(source);
  if (context.isDeny) warnAboutTcp(node, sources, operations);
  const principals = sources.map((source) => [
    ...readFieldsOf(source, SOURCE_FIELDS, context),
    ...when.principals,
  ]);
  const permissions = operations.map((operation) => [
    ...readFieldsOf(operation, OPERATION_FIELDS, context),
    ...when.permissions,
  ]);
  return {
    at: node.position,
    permissions: (permissions.length === 0 ? [when.permissions] : permissions).map(all),
    principals: (principals.length === 0 ? [when.principals] : principals).map(all),
  };
}

function all(of: readonly RbacCondition[]): RbacCondition {
  if (of.length === 0) return { kind: 'any' };
  return of.length === 1 ? of[0]! : { kind: 'and', of };
}

/** The inner messages of `from` or `to`. */
function readParts(
  rule: Message,
  list: 'from' | 'to',
  inner: 'source' | 'operation',
  fields: FieldRules,
): Message[] {
  const node = rule.get(list);
  if (node?.kind === 'list' && node.items().length === 0) {
    const text = `"${list}" is empty, so every request matches this part of the rule`;
    node.diagnostics.warning('MQ-AUTHZ-009', node.keyPosition, text);
  }
  return rule.list(list).flatMap((item) => {
    const part = item.kind === 'null' ? undefined : openMessage(item, readFields(inner), list);
    const child = part?.get(inner);
    const message = child === undefined ? undefined : openMessage(child, fields, inner);
    if (item.kind === 'null' || (part !== undefined && child === undefined)) {
      item.error('MQ-AUTHZ-002', `an item of "${list}" needs ${inner}`);
    }
    if (message === undefined) return [];
    const isEmpty = message.names().every((name) => message.list(name).length === 0);
    if (isEmpty) item.error('MQ-AUTHZ-002', `${inner} is empty`);
    return [message];
  });
}

function readFieldsOf(
  message: Message,
  fields: readonly (readonly [field: string, attribute: string])[],
  context: RuleContext,
): RbacCondition[] {
  return fields.flatMap(([field, attribute]) => {
    const wanted = readValues(message.list(field), attribute, context);
    const unwanted = readValues(message.list(negated(field)), attribute, context);
    return combined(wanted, unwanted);
  });
}

/** Any of the wanted, and none of the unwanted. */
function combined(
  wanted: readonly RbacCondition[],
  unwanted: readonly RbacCondition[],
): RbacCondition[] {
  const conditions: RbacCondition[] = [];
  if (wanted.length > 0) conditions.push(anyOf(wanted));
  if (unwanted.length > 0) conditions.push({ kind: 'not', of: anyOf(unwanted) });
  return conditions;
}

function anyOf(of: readonly RbacCondition[]): RbacCondition {
  return of.length === 1 ? of[0]! : { kind: 'or', of };
}

function readValues(
  nodes: readonly SourceNode[],
  attribute: string,
  context: RuleContext,
  parameter = '',
): RbacCondition[] {
  const reader = ATTRIBUTES.get(attribute);
  if (reader === undefined) return [];
  const { names, policy } = context;
  const attributeContext: AttributeContext = {
    trustDomain: names.trustDomain,
    namespace: policy.namespace,
    parameter,
  };
  if (attribute === 'source.serviceAccount' && nodes.length > 16) {
    nodes[16]!.error('MQ-AUTHZ-004', 'at most 16 service accounts may be listed');
  }
  return nodes.flatMap((node) => {
    const text = node.string();
    if (text === undefined) return [];
    const value: AccessValue = { text, node };
    if (text !== '') return reader.read(value, attributeContext) ?? [];
    node.error('MQ-AUTHZ-003', 'an empty value is not allowed');
    return [];
  });
}

/** `when`, parted as istiod parts it. */
function readConditions(
  rule: Message,
  context: RuleContext,
): { readonly permissions: RbacCondition[]; readonly principals: RbacCondition[] } {
  const permissions: RbacCondition[] = [];
  const principals: RbacCondition[] = [];
  for (const node of rule.list('when')) {
    const message = openMessage(node, CONDITION, 'Condition');
    const key = message?.get('key')?.string() ?? '';
    if (message === undefined) continue;
    if (key === '') {
      node.error('MQ-AUTHZ-006', 'a condition needs a key');
      continue;
    }
    const attribute = findAttribute(message.get('key')!, key);
    const [values, notValues] = [message.list('values'), message.list('notValues')];
    if (values.length + notValues.length === 0) {
      node.error('MQ-AUTHZ-006', `condition "${key}" needs values or notValues`);
    }
    if (attribute === null) continue;
    const { name, parameter } = attribute;
    const list = ATTRIBUTES.get(name)?.isPermission === true ? permissions : principals;
    const wanted = readValues(values, name, context, parameter);
    list.push(...combined(wanted, readValues(notValues, name, context, parameter)));
  }
  return { permissions, principals };
}

const REPLACED_KEYS = ['destination.namespace', 'destination.name', 'destination.user'];

/** The attribute of a key and what stands in its brackets; null after a diagnostic. */
function findAttribute(
  node: SourceNode,
  key: string,
): { readonly name: string; readonly parameter: string } | null {
  const open = key.indexOf('[');
  const name = open < 0 ? key : key.slice(0, open);
  if (name.startsWith('request.auth.') || name.startsWith('experimental.envoy.filters.')) {
    const why = name.startsWith('request') ? NO_TOKENS : 'metadata of filters is not modelled';
    node.error('MQ-IMPORT-004', `condition "${key}" is not modelled yet`, { why });
    return null;
  }
  if (REPLACED_KEYS.includes(name) || name === 'destination.labels') {
    node.error('MQ-AUTHZ-006', `condition "${key}" was replaced by the selector and the namespace`);
    return null;
  }
  const attribute = ATTRIBUTES.get(name);
  if (attribute === undefined || !attribute.isKey) {
    const keys = [...ATTRIBUTES].filter(([, item]) => item.isKey).map(([known]) => known);
    node.error('MQ-AUTHZ-006', `unknown condition "${key}"`, { fix: `known: ${keys.join(', ')}` });
    return null;
  }
  const isBracketed = open > 0 && key.endsWith(']') && open < key.length - 2;
  if (attribute.hasParameter !== open >= 0 || (open >= 0 && !isBracketed)) {
    const shown = attribute.hasParameter ? `${name}[NAME]` : name;
    node.error('MQ-AUTHZ-006', `condition "${key}" has the wrong form, expected ${shown}`);
    return null;
  }
  return { name, parameter: open < 0 ? '' : key.slice(open + 1, -1) };
}

function checkAccounts(source: Message): void {
  const has = (field: string) => source.list(field).length + source.list(negated(field)).length > 0;
  if (!has('serviceAccounts') || (!has('principals') && !has('namespaces'))) return;
  const node = source.get('serviceAccounts') ?? source.get('notServiceAccounts');
  node?.keyError('MQ-AUTHZ-004', 'serviceAccounts may not stand with principals or namespaces');
}

/** On TCP ports such a rule would deny every connection. */
function warnAboutTcp(
  node: SourceNode,
  sources: readonly Message[],
  operations: readonly Message[],
): void {
  const some = (parts: readonly Message[], fields: readonly string[]) =>
    parts.some((part) => fields.some((field) => part.has(field) || part.has(negated(field))));
  const onlyHttpSources =
    sources.length > 0 && operations.length === 0 && !some(sources, TCP_SOURCE_FIELDS);
  const onlyHttpOperations = operations.length > 0 && !some(operations, ['ports']);
  if (!onlyHttpSources && !onlyHttpOperations) return;
  node.warning('MQ-AUTHZ-008', 'this DENY rule would deny every connection to a TCP port');
}
