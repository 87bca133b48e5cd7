/**
 * A scenario document with edits: the file's tree, and values put in its place by variants and by
 * the command line.
 *
 * The data is plain JSON for the schema; every place in it can still say where it was written, be it
 * in the file, in a variant's `set` or on the command line. Edits replace whole values and never
 * move items of a list, so a place keeps its path.
 */
import type { SourcePosition } from '../core/diagnostics.ts';
import type { PathStep, Plain, SourceNode } from '../importers/source-node.ts';

/** A field of a policy resource that `set` gives another value. */
export interface MeshEdit {
  /** `DestinationRule/payments` */
  readonly target: string;
  readonly path: readonly PathStep[];
  readonly value: Plain;
  readonly at: SourcePosition;
}

interface Edit {
  readonly path: readonly PathStep[];
  readonly node: SourceNode;
}

/** Immutable; `with` makes an edited one. */
export class ScenarioDocument {
  readonly plain: Plain;
  /** In the order in which they were given; for the texts of the policy files. */
  readonly meshEdits: readonly MeshEdit[];
  readonly #root: SourceNode;
  readonly #edits: readonly Edit[];

  constructor(
    root: SourceNode,
    plain: Plain = root.toPlain(),
    edits: readonly Edit[] = [],
    meshEdits: readonly MeshEdit[] = [],
  ) {
    this.#root = root;
    this.plain = plain;
    this.meshEdits = meshEdits;
    this.#edits = edits;
  }

  /** A copy with the node's value at `path`; maps on the way that do not exist are made. */
  with(path: readonly PathStep[], node: SourceNode): ScenarioDocument {
    const plain = replaceAt(this.plain, path, node.toPlain());
    return this.#copy(plain, [...this.#edits, { path, node }]);
  }

  /** A copy whose policy files will be changed as well. */
  withMeshEdit(edit: MeshEdit): ScenarioDocument {
    return this.#copy(this.plain, this.#edits, [...this.meshEdits, edit]);
  }

  /** A copy with a value at the root that nobody wrote. */
  withPlain(key: string, value: Plain): ScenarioDocument {
    return this.#copy(replaceAt(this.plain, [key], value));
  }

  /** A copy without a key at the root. */
  without(key: string): ScenarioDocument {
    if (!isPlainMap(this.plain)) return this;
    const { [key]: _removed, ...rest } = this.plain;
    return this.#copy(rest);
  }

  #copy(plain: Plain, edits = this.#edits, meshEdits = this.meshEdits): ScenarioDocument {
    return new ScenarioDocument(this.#root, plain, edits, meshEdits);
  }

  /** The deepest node that exists on the way to a path; `isExact` when it is the path's own. */
  nearest(path: readonly PropertyKey[]): { readonly node: SourceNode; readonly isExact: boolean } {
    const edit = this.#edits.findLast((item) => startsWith(path, item.path));
    if (edit !== undefined) return nearestBelow(edit.node, path.slice(edit.path.length));
    const found = nearestBelow(this.#root, path);
    // A map that only edits have made: the first of them has to answer for it.
    const below = found.isExact
      ? undefined
      : this.#edits.find((item) => startsWith(item.path, path));
    return below === undefined ? found : { node: below.node, isExact: true };
  }

  /** Where the value at a path stands; for a missing one, where the map stands that lacks it. */
  position(path: readonly PropertyKey[]): SourcePosition {
    const { node, isExact } = this.nearest(path);
    return isExact ? node.position : node.keyPosition;
  }

  /** Where the key at a path stands. */
  keyPosition(path: readonly PropertyKey[]): SourcePosition {
    return this.nearest(path).node.keyPosition;
  }
}

function nearestBelow(root: SourceNode, path: readonly PropertyKey[]) {
  const { node, depth } = root.nearest(path);
  return { node, isExact: depth === path.length };
}

function startsWith(path: readonly PropertyKey[], start: readonly PropertyKey[]): boolean {
  return start.length <= path.length && start.every((step, index) => step === path[index]);
}

function replaceAt(value: Plain, path: readonly PathStep[], replacement: Plain): Plain {
  const [step, ...rest] = path;
  if (step === undefined) return replacement;
  if (isPlainList(value)) {
    const index = Number(step);
    const items = [...value];
    items[index] = replaceAt(items[index] ?? null, rest, replacement);
    return items;
  }
  const map = isPlainMap(value) ? value : {};
  return { ...map, [step]: replaceAt(map[step] ?? null, rest, replacement) };
}

export function isPlainMap(value: Plain | undefined): value is { readonly [key: string]: Plain } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isPlainList(value: Plain | undefined): value is readonly Plain[] {
  return Array.isArray(value);
}

/** `services.orders.calls[0]`, with quotes around keys that need them; for messages. */
export function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else {
      const key = String(step);
      const shown = /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
      text += text === '' ? shown : `.${shown}`;
    }
  }
  return text === '' ? 'the scenario' : text;
}
