/**
 * Turns the syntax tree of the YAML library into `SourceNode`s: aliases and merge keys expanded,
 * duplicate keys reported, everything with its range. Called by `importers/document.ts` only.
 *
 * Expansion is limited, because a dozen nested aliases can stand for billions of values; a document
 * beyond the limit is refused at the alias that would break it.
 * Source: YAML 1.2.2 §7.1 (aliases), yaml.org/type/merge (merge keys).
 */
import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  type ParsedNode,
  type Scalar,
} from 'yaml';
import {
  type PathStep,
  type Range,
  type ScalarValue,
  type SourceContext,
  SourceNode,
} from './source-node.ts';

/** Levels of maps and lists. */
export const MAX_DEPTH = 100;
/** Values that aliases may stand for in one file. */
const MAX_ALIASED_NODES = 100_000;

/** What the documents of one file may spend together. */
export class TreeBudget {
  aliasedNodes = 0;
}

/** The tree of one document; null, after a diagnostic, when it had to be refused. */
export function buildTree(
  context: SourceContext,
  contents: ParsedNode,
  budget: TreeBudget,
): SourceNode | null {
  try {
    return new TreeBuilder(context, budget).node(contents, ROOT);
  } catch (error) {
    if (error instanceof RefusedError) return null;
    throw error;
  }
}

/** Thrown after the diagnostic: the document is of no use. */
class RefusedError extends Error {}

/** The place in the tree that a node is built for. */
interface Place {
  readonly key: PathStep | null;
  readonly keyRange: Range | null;
  readonly parent: SourceNode | null;
}

type Entry = Pair<ParsedNode, ParsedNode | null>;

const ROOT: Place = { key: null, keyRange: null, parent: null };

class TreeBuilder {
  readonly #context: SourceContext;
  readonly #budget: TreeBudget;
  readonly #anchors = new Map<string, ParsedNode>();
  /** What each alias stands for; an anchor's name may be given again later. */
  readonly #targets = new Map<Alias, ParsedNode>();
  readonly #openAliases: Alias[] = [];
  #depth = 0;

  constructor(context: SourceContext, budget: TreeBudget) {
    this.#context = context;
    this.#budget = budget;
  }

  node(node: ParsedNode | null, place: Place): SourceNode {
    this.#spend();
    if (isAlias(node)) {
      const target = this.#resolve(node);
      return this.#expanding(node, () => this.node(target, place));
    }
    if (node?.anchor !== undefined && this.#openAliases.length === 0) {
      this.#anchors.set(node.anchor, node);
    }
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH && node !== null) {
      this.#refuse(node, 'MQ-DOC-006', `the structure is more than ${MAX_DEPTH} levels deep here`);
    }
    const result = this.#convert(node, place);
    this.#depth -= 1;
    return result;
  }

  #convert(node: ParsedNode | null, place: Place): SourceNode {
    const start = node?.range[0] ?? place.keyRange?.[1] ?? 0;
    const range: Range = [start, node?.range[1] ?? start];
    const make = (kind: SourceNode['kind'], value: ScalarValue) => {
      const parts = { kind, value, range, keyRange: place.keyRange ?? range, key: place.key };
      return new SourceNode(this.#context, parts, place.parent);
    };
    if (isMap(node)) return this.#fillMap(make('map', null), node.items as Entry[]);
    if (isSeq(node)) return this.#fillList(make('list', null), node.items as ParsedNode[]);
    const value = isScalar(node) ? (node.value as ScalarValue) : null;
    return make(value === null ? 'null' : 'scalar', value);
  }

  #fillList(list: SourceNode, items: readonly ParsedNode[]): SourceNode {
    for (const [index, item] of items.entries()) {
      list.append(this.node(item, { key: index, keyRange: null, parent: list }));
    }
    return list;
  }

  #fillMap(map: SourceNode, entries: readonly Entry[]): SourceNode {
    const merges: ParsedNode[] = [];
    for (const entry of entries) {
      if (isMergeKey(entry.key)) merges.push(...this.#mergeSources(entry.value));
      else this.#appendEntry(map, entry, true);
    }
    for (const source of merges) this.#merge(map, source);
    return map;
  }

  #appendEntry(map: SourceNode, entry: Entry, isOwn: boolean): void {
    const key = this.#keyText(entry.key);
    const keyRange: Range = [entry.key.range[0], entry.key.range[1]];
    const earlier = map.get(key);
    if (earlier === undefined) {
      map.append(this.node(entry.value, { key, keyRange, parent: map }));
    } else if (isOwn) {
      const line = earlier.keyPosition.line;
      this.#report(entry.key, 'MQ-DOC-002', `duplicate key "${key}", first given in line ${line}`);
    }
  }

  #keyText(key: ParsedNode): string {
    const plain = isAlias(key) ? this.#resolve(key) : key;
    if (isScalar(plain) && plain.value !== null) return this.#scalarKey(plain);
    return this.#refuse(key, 'MQ-DOC-007', 'a key must be plain text');
  }

  #scalarKey(key: Scalar.Parsed): string {
    const text = String(key.value);
    if (typeof key.value === 'boolean' && key.source !== text) {
      const at = this.#context.text.position(key.range[0], key.range[1]);
      const message = `the unquoted key ${key.source} is the truth value ${text} here`;
      this.#context.diagnostics.warning('MQ-DOC-010', at, message);
    }
    return text;
  }

  /** What a merge key names, with its aliases resolved as of here. */
  #mergeSources(value: ParsedNode | null): ParsedNode[] {
    const sources = isSeq(value) ? (value.items as ParsedNode[]) : value === null ? [] : [value];
    for (const source of sources) if (isAlias(source)) this.#resolve(source);
    return sources;
  }

  /** Adds the entries that `map` does not have yet. */
  #merge(map: SourceNode, source: ParsedNode): void {
    if (isAlias(source)) {
      const target = this.#resolve(source);
      this.#expanding(source, () => this.#merge(map, target));
      return;
    }
    if (!isMap(source)) this.#refuse(source, 'MQ-DOC-008', 'a merge key "<<" takes maps only');
    const merges: ParsedNode[] = [];
    for (const entry of source.items as Entry[]) {
      if (isMergeKey(entry.key)) merges.push(...this.#mergeSources(entry.value));
      else this.#appendEntry(map, entry, false);
    }
    for (const inner of merges) this.#merge(map, inner);
  }

  #resolve(alias: Alias.Parsed): ParsedNode {
    const known = this.#targets.get(alias) ?? this.#anchors.get(alias.source);
    if (known === undefined) {
      const message = `alias "*${alias.source}" has no anchor before it`;
      return this.#refuse(alias, 'MQ-DOC-008', message);
    }
    this.#targets.set(alias, known);
    return known;
  }

  /** Runs `step` as part of what `alias` stands for; an alias inside itself is refused. */
  #expanding<T>(alias: Alias.Parsed, step: () => T): T {
    if (this.#openAliases.includes(alias)) {
      const message = `alias "*${alias.source}" stands inside its own anchor`;
      this.#refuse(alias, 'MQ-DOC-008', message);
    }
    this.#openAliases.push(alias);
    const result = step();
    this.#openAliases.pop();
    return result;
  }

  #spend(): void {
    const alias = this.#openAliases[0];
    if (alias === undefined) return;
    this.#budget.aliasedNodes += 1;
    if (this.#budget.aliasedNodes <= MAX_ALIASED_NODES) return;
    const message = `aliases stand for more than ${MAX_ALIASED_NODES} values`;
    this.#refuse(alias as Alias.Parsed, 'MQ-DOC-005', message);
  }

  #report(node: ParsedNode, code: string, message: string): void {
    const at = this.#context.text.position(node.range[0], node.range[1]);
    this.#context.diagnostics.error(code, at, message);
  }

  #refuse(node: ParsedNode, code: string, message: string): never {
    this.#report(node, code, message);
    throw new RefusedError();
  }
}

function isMergeKey(key: ParsedNode): boolean {
  return isScalar(key) && key.value === '<<' && key.type === 'PLAIN';
}
