/**
 * One value of a parsed document that still knows where it stands.
 *
 * Whoever reads configuration reads it through these nodes: the typed readers return the value, or
 * report a positioned diagnostic and return undefined, so that readers never check types or compute
 * positions themselves. Nodes are immutable; aliases and merge keys are already expanded.
 * Built by `importers/document.ts`, the only place that parses.
 */
import type { Advice, Diagnostics, SourcePosition } from '../core/diagnostics.ts';
import { didYouMean } from '../core/suggest.ts';
import {
  type Parsed,
  parseBandwidthBytesPerSecond,
  parseDurationNs,
  parseRateRps,
  parseRatio,
  parseSizeBytes,
} from '../core/units.ts';
import type { SourceText } from './source-text.ts';

export type NodeKind = 'map' | 'list' | 'scalar' | 'null';
export type ScalarValue = string | number | boolean | null;
/** What `toPlain` returns: JSON. */
export type Plain = ScalarValue | readonly Plain[] | { readonly [key: string]: Plain };
export type PathStep = string | number;

/** Half-open range of offsets in the file's text. */
export type Range = readonly [start: number, end: number];

/** What a node is made of. */
export interface NodeParts {
  readonly kind: NodeKind;
  readonly value: ScalarValue;
  readonly range: Range;
  /** The key in front of it, or `range` where there is none. */
  readonly keyRange: Range;
  readonly key: PathStep | null;
}

/** What all nodes of a file share. */
export interface SourceContext {
  readonly text: SourceText;
  readonly diagnostics: Diagnostics;
}

/** A value in a document. See the file's comment. */
export class SourceNode {
  readonly kind: NodeKind;
  /** Of scalars; null for all other kinds. */
  readonly value: ScalarValue;
  readonly parent: SourceNode | null;
  /** Name in a map, index in a list, null at the root. */
  readonly key: PathStep | null;
  readonly #context: SourceContext;
  readonly #range: Range;
  readonly #keyRange: Range;
  readonly #children: SourceNode[] = [];
  readonly #byKey: Map<string, SourceNode> | null;

  constructor(context: SourceContext, parts: NodeParts, parent: SourceNode | null) {
    this.kind = parts.kind;
    this.value = parts.value;
    this.parent = parent;
    this.key = parts.key;
    this.#context = context;
    this.#range = parts.range;
    this.#keyRange = parts.keyRange;
    this.#byKey = parts.kind === 'map' ? new Map() : null;
  }

  /** For `document.ts` only, while it builds the tree. */
  append(child: SourceNode): void {
    this.#children.push(child);
    this.#byKey?.set(String(child.key), child);
  }

  get file(): string {
    return this.#context.text.file;
  }

  get diagnostics(): Diagnostics {
    return this.#context.diagnostics;
  }

  /** Where the value stands; of an empty value, where its key stands. */
  get position(): SourcePosition {
    const [start, end] = this.#range;
    return start === end ? this.keyPosition : this.#context.text.position(start, end);
  }

  /** Where the key stands; of list items and roots, where the value starts. */
  get keyPosition(): SourcePosition {
    return this.#context.text.position(this.#keyRange[0], this.#keyRange[1]);
  }

  /** `spec.http[0].route`, '' at the root; for messages. */
  get path(): string {
    if (this.parent === null || this.key === null) return '';
    const before = this.parent.path;
    if (typeof this.key === 'number') return `${before}[${this.key}]`;
    const step = /^[\w-]+$/.test(this.key) ? this.key : JSON.stringify(this.key);
    return before === '' ? step : `${before}.${step}`;
  }

  /** Entries of a map in the order of the file; none for other kinds. */
  entries(): readonly (readonly [key: string, node: SourceNode])[] {
    if (this.kind !== 'map') return [];
    return this.#children.map((child) => [String(child.key), child] as const);
  }

  /** Items of a list; none for other kinds. */
  items(): readonly SourceNode[] {
    return this.kind === 'list' ? this.#children : [];
  }

  /** The value of a map's key, also when it is null; undefined when it is absent. */
  get(key: string): SourceNode | undefined {
    return this.#byKey?.get(key);
  }

  has(key: string): boolean {
    return this.#byKey?.has(key) ?? false;
  }

  /** The node at a path, or undefined. */
  at(path: readonly PropertyKey[]): SourceNode | undefined {
    const { node, depth } = this.nearest(path);
    return depth === path.length ? node : undefined;
  }

  /** The deepest node that exists on the way to a path, and how many steps lead to it. */
  nearest(path: readonly PropertyKey[]): { readonly node: SourceNode; readonly depth: number } {
    let node: SourceNode = this;
    for (const [depth, step] of path.entries()) {
      const next = node.kind === 'list' ? node.#children[Number(step)] : node.get(String(step));
      if (next === undefined) return { node, depth };
      node = next;
    }
    return { node, depth: path.length };
  }

  /** The scalar as it stands in the file, without its quotes if it has any. */
  get sourceText(): string {
    return this.#context.text.slice(this.#range[0], this.#range[1]);
  }

  /** Plain JSON data, e.g. for a schema library. */
  toPlain(): Plain {
    if (this.kind === 'list') return this.#children.map((child) => child.toPlain());
    if (this.kind !== 'map') return this.value;
    return Object.fromEntries(this.#children.map((child) => [String(child.key), child.toPlain()]));
  }

  /** Reports an error at this value. */
  error(code: string, message: string, advice?: Advice): void {
    this.diagnostics.error(code, this.position, message, advice);
  }

  /** Reports an error at this value's key. */
  keyError(code: string, message: string, advice?: Advice): void {
    this.diagnostics.error(code, this.keyPosition, message, advice);
  }

  warning(code: string, message: string, advice?: Advice): void {
    this.diagnostics.warning(code, this.position, message, advice);
  }

  info(code: string, message: string, advice?: Advice): void {
    this.diagnostics.info(code, this.position, message, advice);
  }

  string(): string | undefined {
    return typeof this.value === 'string' ? this.value : this.#wrongType('text');
  }

  number(): number | undefined {
    return typeof this.value === 'number' ? this.value : this.#wrongType('a number');
  }

  /** @param max inclusive, as `min` */
  integer(min: number = Number.MIN_SAFE_INTEGER, max: number = Number.MAX_SAFE_INTEGER) {
    if (typeof this.value !== 'number' || !Number.isInteger(this.value)) {
      return this.#wrongType('a whole number');
    }
    if (this.value >= min && this.value <= max) return this.value;
    const expected = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
    this.error('MQ-FIELD-005', `${this.#name} is ${this.value}, expected ${expected}`);
    return undefined;
  }

  boolean(): boolean | undefined {
    return typeof this.value === 'boolean' ? this.value : this.#wrongType('true or false');
  }

  /** One of a fixed list of words. */
  oneOf<const T extends string>(words: readonly T[]): T | undefined {
    const word = this.string();
    if (word === undefined) return undefined;
    const found = words.find((candidate) => candidate === word);
    if (found !== undefined) return found;
    const hint = didYouMean(word, words);
    const list = words.join(', ');
    this.error('MQ-FIELD-004', `${this.#name} is "${word}", expected one of ${list}${hint}`);
    return undefined;
  }

  /** True for a map; reports otherwise. */
  expectMap(): boolean {
    return this.kind === 'map' || this.#wrongType('a map') !== undefined;
  }

  /** True for a list; reports otherwise. */
  expectList(): boolean {
    return this.kind === 'list' || this.#wrongType('a list') !== undefined;
  }

  durationNs(): number | undefined {
    return this.#quantity(parseDurationNs);
  }

  rateRps(): number | undefined {
    return this.#quantity(parseRateRps);
  }

  /** 0..1 */
  ratio(): number | undefined {
    return this.#quantity(parseRatio);
  }

  sizeBytes(): number | undefined {
    return this.#quantity(parseSizeBytes);
  }

  bandwidthBytesPerSecond(): number | undefined {
    return this.#quantity(parseBandwidthBytesPerSecond);
  }

  /** Reports each key of this map that is not among `known`, with the nearest valid spelling. */
  checkKeys(known: readonly string[]): void {
    for (const [key, node] of this.entries()) {
      if (known.includes(key)) continue;
      const where = this.path === '' ? '' : ` in ${this.path}`;
      const message = `unknown field "${key}"${where}${didYouMean(key, known)}`;
      node.keyError('MQ-FIELD-002', message, { fix: knownFields(known) });
    }
  }

  #quantity(parse: (input: string | number) => Parsed): number | undefined {
    if (typeof this.value !== 'string' && typeof this.value !== 'number') {
      return this.#wrongType('a number with a unit');
    }
    const parsed = parse(this.value);
    if (parsed.ok) return parsed.value;
    this.error('MQ-FIELD-006', `${this.#name}: ${parsed.problem}`);
    return undefined;
  }

  get #name(): string {
    return this.path === '' ? 'the document' : this.path;
  }

  #wrongType(expected: string): undefined {
    const { found, fix } = this.#describe(expected);
    const advice = fix === undefined ? {} : { fix };
    this.error('MQ-FIELD-001', `${this.#name} must be ${expected}, found ${found}`, advice);
    return undefined;
  }

  #describe(expected: string): { readonly found: string; readonly fix?: string } {
    if (this.kind === 'map' || this.kind === 'list') return { found: `a ${this.kind}` };
    if (this.value === null) return { found: 'nothing' };
    if (typeof this.value === 'string') {
      const unquoted = expected !== 'text' && /^-?[\d.]+$|^(true|false)$/.test(this.value);
      const found = `the text ${JSON.stringify(this.value.slice(0, 60))}`;
      return unquoted ? { found, fix: 'remove the quotes' } : { found };
    }
    const source = this.sourceText;
    const kind = typeof this.value === 'boolean' ? 'truth value' : 'number';
    const fix = expected === 'text' ? { fix: `write it in quotes: "${source}"` } : {};
    return { found: `the ${kind} ${source}`, ...fix };
  }
}

function knownFields(known: readonly string[]): string {
  if (known.length === 0) return 'no field is allowed here';
  const shown = known.slice(0, 24).join(', ');
  return `known here: ${shown}${known.length > 24 ? ', …' : ''}`;
}
