/**
 * Reads one message of Envoy's API (proto JSON) from a document, field by field.
 *
 * Names are asked for in snake_case and found in both spellings. Whatever nobody asked for by the
 * time `close` is called is refused by name, so a policy is never left out silently.
 * Source: config-other-meshes.md §5.1 (proto JSON: durations, wrappers, enums, single items).
 */
import { MILLISECOND } from '../../core/time.ts';
import type { FractionalPercent } from '../../mesh/config/config.ts';
import type { SourceNode } from '../source-node.ts';

const DURATION = /^(-?)(\d+)(?:\.(\d{1,9}))?s$/;

/** What a runtime layer says of shares. */
export interface RuntimeNumbers {
  /** undefined = the key is not set. */
  fraction(key: string): FractionalPercent | undefined;
}

/** A message under reading. */
export class Fields {
  readonly node: SourceNode;
  /** Of the message, for diagnostics: `Cluster`. */
  readonly kind: string;
  readonly #byName = new Map<string, SourceNode>();
  readonly #asked = new Set<string>();

  /** A node that is no map is reported and read as an empty message. */
  constructor(node: SourceNode, kind: string) {
    this.node = node;
    this.kind = kind;
    if (!node.expectMap()) return;
    for (const [key, child] of node.entries()) {
      if (child.kind !== 'null') this.#byName.set(snakeCase(key), child);
    }
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** The field's value; undefined when it is absent or null. */
  get(name: string): SourceNode | undefined {
    this.#asked.add(name);
    return this.#byName.get(name);
  }

  /** These may stand there: they change nothing that is compared or simulated. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#asked.add(name);
  }

  /** These are known and change nothing here; whoever sets one to more than false is told so. */
  withoutEffect(...names: readonly string[]): void {
    for (const name of names) {
      const node = this.get(name);
      if (node === undefined || node.value === false) continue;
      const message = `${this.kind} field "${name}" has no effect here: it is not modelled`;
      node.warning('MQ-ENVOY-006', message);
    }
  }

  /** A message field. */
  message(name: string, kind: string): Fields | undefined {
    const node = this.get(name);
    return node === undefined ? undefined : new Fields(node, kind);
  }

  /** A repeated field; a single item stands for a list of one. */
  list(name: string): readonly SourceNode[] {
    const node = this.get(name);
    if (node === undefined) return [];
    return node.kind === 'list' ? node.items() : [node];
  }

  messages(name: string, kind: string): readonly Fields[] {
    return this.list(name).map((node) => new Fields(node, kind));
  }

  text(name: string): string | undefined {
    return textOf(this.get(name));
  }

  texts(name: string): readonly string[] {
    return this.list(name).map((node) => textOf(node) ?? '');
  }

  flag(name: string, absent = false): boolean {
    const node = this.get(name);
    return node === undefined ? absent : (unwrapped(node).boolean() ?? absent);
  }

  integer(name: string, min = 0, max = 4_294_967_295): number | undefined {
    const node = this.get(name);
    if (node === undefined) return undefined;
    const inner = unwrapped(node);
    // Proto JSON writes 64-bit numbers as text.
    if (typeof inner.value === 'string' && /^-?\d+$/.test(inner.value)) return Number(inner.value);
    return inner.integer(min, max);
  }

  number(name: string): number | undefined {
    const node = this.get(name);
    return node === undefined ? undefined : unwrapped(node).number();
  }

  /** A real number within bounds that Envoy checks, too. */
  ratio(name: string, min: number, max: number): number | undefined {
    const value = this.number(name);
    if (value === undefined || (value >= min && value <= max)) return value;
    const message = `${this.kind} field "${name}" is ${value}, expected ${min} to ${max}`;
    this.get(name)?.error('MQ-ENVOY-003', message);
    return undefined;
  }

  /** Whole milliseconds, cut off as Envoy cuts them. */
  durationMs(name: string): number | undefined {
    const node = this.get(name);
    if (node === undefined) return undefined;
    const text = node.string();
    if (text === undefined) return undefined;
    const match = DURATION.exec(text);
    if (match === null || match[1] === '-') {
      const fix = { fix: 'seconds with a unit: "0.25s"' };
      node.error('MQ-FIELD-006', `${name} is "${text}", which is no duration`, fix);
      return undefined;
    }
    const nanos = Number((match[3] ?? '').padEnd(9, '0'));
    return Number(match[2]) * 1_000 + Math.floor(nanos / MILLISECOND);
  }

  oneOf<const T extends string>(name: string, words: readonly T[]): T | undefined {
    const node = this.get(name);
    if (node === undefined) return undefined;
    if (typeof node.value === 'number' && Number.isInteger(node.value)) return words[node.value];
    return node.oneOf(words);
  }

  /** `Percent { value }`, 0..100, as a real number. */
  percent(name: string): number | undefined {
    const fields = this.message(name, 'Percent');
    if (fields === undefined) return undefined;
    const value = fields.number('value') ?? 0;
    fields.close();
    return value;
  }

  fraction(name: string): FractionalPercent | undefined {
    const fields = this.message(name, 'FractionalPercent');
    return fields === undefined ? undefined : readFraction(fields);
  }

  /**
   * `RuntimeFractionalPercent`: what the runtime says under its key, else its default. A plain
   * number there is a percentage, as in Envoy.
   */
  runtimeFraction(name: string, runtime: RuntimeNumbers | null): FractionalPercent | undefined {
    const fields = this.message(name, 'RuntimeFractionalPercent');
    if (fields === undefined) return undefined;
    const value = fields.fraction('default_value') ?? { numerator: 0, denominator: 100 };
    const key = fields.text('runtime_key') ?? '';
    fields.close();
    return (key === '' ? undefined : runtime?.fraction(key)) ?? value;
  }

  /** Refuses a field that is known and not modelled, if it is there. */
  refuse(...names: readonly string[]): void {
    for (const name of names) {
      const node = this.get(name);
      node?.keyError('MQ-ENVOY-001', `${this.kind} field "${name}" is not modelled`);
    }
  }

  /** Reports every field that nobody asked for. */
  close(): void {
    for (const [name, node] of this.#byName) {
      if (this.#asked.has(name)) continue;
      const message = `${this.kind} field "${name}" is unknown or not modelled`;
      node.keyError('MQ-ENVOY-001', message);
    }
  }
}

/** Text, or what stands for it: numbers are allowed where YAML lost the quotes. */
function textOf(node: SourceNode | undefined): string | undefined {
  if (node === undefined) return undefined;
  if (typeof node.value === 'number' || typeof node.value === 'boolean') return node.sourceText;
  return node.string();
}

/** Wrapper messages may be written as `{ value: 5 }` in YAML that people write. */
function unwrapped(node: SourceNode): SourceNode {
  return node.kind === 'map' ? (node.get('value') ?? node) : node;
}

/** `FractionalPercent`. */
export function readFraction(fields: Fields): FractionalPercent {
  const numerator = fields.integer('numerator') ?? 0;
  const words = ['HUNDRED', 'TEN_THOUSAND', 'MILLION'] as const;
  const word = fields.oneOf('denominator', words) ?? 'HUNDRED';
  fields.close();
  return { numerator, denominator: DENOMINATORS[word] };
}

export const DENOMINATORS = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 } as const;

function snakeCase(key: string): string {
  if (key.startsWith('@') || !/[A-Z]/.test(key)) return key;
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The message inside a `typed_config` and its type without the URL's prefix. */
export interface TypedConfig {
  readonly type: string;
  readonly fields: Fields;
}

/** @param owner holds the `typed_config`, e.g. an HTTP filter */
export function typedConfigOf(owner: Fields): TypedConfig | undefined {
  const node = owner.get('typed_config');
  if (node === undefined) {
    owner.node.error('MQ-FIELD-003', `${owner.kind} has no typed_config`);
    return undefined;
  }
  return typedMessage(node);
}

/** A message that says its type itself. */
export function typedMessage(node: SourceNode): TypedConfig | undefined {
  const url = node.get('@type');
  const text = url?.string();
  if (text === undefined) {
    if (url === undefined) node.error('MQ-FIELD-003', 'a typed message has no "@type"');
    return undefined;
  }
  const type = text.slice(text.lastIndexOf('/') + 1);
  const fields = new Fields(node, type.slice(type.lastIndexOf('.') + 1));
  fields.ignore('@type');
  return { type, fields };
}

/** Refuses an extension that is not modelled, by its name. */
export function refuseExtension({ type, fields }: TypedConfig, what: string): void {
  const at = fields.node.get('@type') ?? fields.node;
  at.error('MQ-ENVOY-002', `${what} "${type}" is not modelled`);
}
