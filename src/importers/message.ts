/**
 * Reads one message of a typed API (a map with known fields) from a document.
 *
 * Each field is either read by the importer or refused by name; a field that is neither is unknown.
 * So nothing is ever ignored silently. Both spellings of a field are understood, as the API's own
 * parser does: camelCase, and snake_case with a warning.
 * Source: config-istio.md §0.4 (parsing rules).
 */
import type { SourcePosition } from '../core/diagnostics.ts';
import { didYouMean } from '../core/suggest.ts';
import type { SourceNode } from './source-node.ts';

/** A value, and where it was given. */
export interface Placed<T> {
  readonly value: T;
  readonly at: SourcePosition;
}

/** How a field is treated. */
export type FieldRule =
  /** The importer reads it. */
  | 'read'
  /** Nobody would expect it to matter to a proxy. */
  | 'irrelevant'
  /** It cannot change what is simulated; reported as information. */
  | 'no-effect'
  /** Valid, but not modelled yet, unless its value says the same as leaving it out. */
  | {
      readonly notModelled: string;
      readonly isHarmless?: (node: SourceNode) => boolean;
    };

/** All fields of a message, in camelCase. */
export type FieldRules = Readonly<Record<string, FieldRule>>;

/** Rules for fields that are all read. */
export function readFields(...names: readonly string[]): FieldRules {
  return Object.fromEntries(names.map((name) => [name, 'read' as const]));
}

/** Rules for fields that do not concern proxies. */
export function irrelevant(...names: readonly string[]): FieldRules {
  return Object.fromEntries(names.map((name) => [name, 'irrelevant' as const]));
}

/** Rules for fields that are all refused, for one reason. */
export function notModelled(reason: string, ...names: readonly string[]): FieldRules {
  return Object.fromEntries(names.map((name) => [name, { notModelled: reason }]));
}

/** A map whose fields were checked; fields are asked for in camelCase. */
export class Message {
  readonly node: SourceNode;
  readonly #fields: ReadonlyMap<string, SourceNode>;

  constructor(node: SourceNode, fields: ReadonlyMap<string, SourceNode>) {
    this.node = node;
    this.#fields = fields;
  }

  get at(): SourcePosition {
    return this.node.parent === null ? this.node.position : this.node.keyPosition;
  }

  /** The field's node; undefined when it is absent or null, which mean the same. */
  get(field: string): SourceNode | undefined {
    return this.#fields.get(field);
  }

  has(field: string): boolean {
    return this.#fields.has(field);
  }

  /** Items of a list field; none when it is absent or, after a diagnostic, no list. */
  list(field: string): readonly SourceNode[] {
    const node = this.#fields.get(field);
    return node?.expectList() ? node.items() : [];
  }

  /** A field read by `reader`, together with its place. */
  placed<T>(field: string, reader: (node: SourceNode) => T | undefined): Placed<T> | undefined {
    const node = this.#fields.get(field);
    const value = node === undefined ? undefined : reader(node);
    return node === undefined || value === undefined ? undefined : { value, at: node.position };
  }

  /** Names of the fields that are given, in camelCase. */
  names(): readonly string[] {
    return [...this.#fields.keys()];
  }
}

/**
 * Checks the fields of a map.
 *
 * @param kind of the message, for diagnostics: `VirtualService.http`
 * @param nulls the schemas of custom resources refuse null, Kubernetes' own types ignore it
 * @returns undefined, after a diagnostic, when the node is no map
 */
export function openMessage(
  node: SourceNode,
  rules: FieldRules,
  kind: string,
  nulls: 'error' | 'absent' = 'error',
): Message | undefined {
  if (!node.expectMap()) return undefined;
  const fields = new Map<string, SourceNode>();
  for (const [key, child] of node.entries()) {
    const name = canonicalName(key, rules);
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) reportUnknown(child, key, rules, kind);
    else if (child.kind === 'null') {
      if (nulls === 'error') reportNull(child, name, kind);
    } else {
      if (name !== key) reportSnakeCase(child, key, name);
      applyRule(child, rule, name, kind);
      fields.set(name, child);
    }
  }
  return new Message(node, fields);
}

function canonicalName(key: string, rules: FieldRules): string {
  if (Object.hasOwn(rules, key) || !key.includes('_')) return key;
  const camel = key.replace(/_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
  return Object.hasOwn(rules, camel) ? camel : key;
}

function applyRule(node: SourceNode, rule: FieldRule, name: string, kind: string): void {
  if (rule === 'read' || rule === 'irrelevant') return;
  if (rule === 'no-effect') {
    const message = `${kind} field "${name}" has no effect on what is simulated`;
    node.diagnostics.info('MQ-IMPORT-008', node.keyPosition, message);
  } else if (rule.isHarmless?.(node) !== true) {
    const message = `${kind} field "${name}" is not modelled yet`;
    node.keyError('MQ-IMPORT-004', message, { why: rule.notModelled });
  }
}

function reportUnknown(node: SourceNode, key: string, rules: FieldRules, kind: string): void {
  const names = Object.keys(rules);
  const message = `unknown field "${key}" in ${kind}${didYouMean(key, names)}`;
  node.keyError('MQ-FIELD-002', message, { fix: `fields of ${kind}: ${names.join(', ')}` });
}

function reportNull(node: SourceNode, name: string, kind: string): void {
  const message = `${kind} field "${name}" has no value`;
  node.keyError('MQ-FIELD-001', message, { fix: 'give it a value, or remove it' });
}

function reportSnakeCase(node: SourceNode, key: string, name: string): void {
  const message = `field "${key}" is spelt "${name}" in the API's schema`;
  node.diagnostics.warning('MQ-FIELD-008', node.keyPosition, message, {
    fix: `write "${name}"`,
  });
}
