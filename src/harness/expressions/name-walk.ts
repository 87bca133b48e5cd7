/**
 * Walks an expression beside the document's shape: finds names that do not exist, and lists the
 * figures that the expression looks at.
 *
 * The language itself would only notice a wrong name during the run, and could not tell a slip of
 * the pen from a figure that has no samples.
 */
import { didYouMean } from '../../core/suggest.ts';
import type { ASTNode } from './cel.ts';
import { ANY, type Shape } from './document-shape.ts';

/** A figure that an expression looks at. */
export interface Access {
  /** As written. */
  readonly text: string;
  readonly path: readonly string[];
  /** Its parent is a table of counts: absent means 0. */
  readonly isCount: boolean;
  /** The size of a list, not the list. */
  readonly isSize: boolean;
}

export interface NameProblem {
  readonly message: string;
  readonly fix?: string;
  readonly start: number;
  readonly end: number;
}

export interface NameWalk {
  readonly accesses: readonly Access[];
  readonly problems: readonly NameProblem[];
  /** Of the whole expression. */
  readonly result: Shape;
}

/** Where a node leads: `path` is null when a part of it is computed. */
interface Place {
  readonly shape: Shape;
  readonly path: readonly string[] | null;
  readonly isCount?: boolean;
}

const TRUTH: Shape = { kind: 'truth' };
const NUMBER: Shape = { kind: 'number' };
const TEXT: Shape = { kind: 'text' };
const NOWHERE: Place = { shape: ANY, path: null };
const LOGICAL = new Set(['==', '!=', '<', '<=', '>', '>=', 'in', '||', '&&']);
const MACROS = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);

export function walkNames(ast: ASTNode, root: Readonly<Record<string, Shape>>): NameWalk {
  return new Walker(root).walk(ast);
}

type Scope = ReadonlyMap<string, Shape>;

class Walker {
  readonly #root: Readonly<Record<string, Shape>>;
  readonly #accesses = new Map<string, Access>();
  readonly #problems: NameProblem[] = [];

  constructor(root: Readonly<Record<string, Shape>>) {
    this.#root = root;
  }

  walk(ast: ASTNode): NameWalk {
    const { shape } = this.#visit(ast, new Map());
    return { accesses: [...this.#accesses.values()], problems: this.#problems, result: shape };
  }

  #visit(node: ASTNode, scope: Scope): Place {
    switch (node.op) {
      case 'id':
        return this.#named(node, node.args, scope);
      case '.':
      case '.?':
        return this.#field(node, scope);
      case '[]':
      case '[?]':
        return this.#index(node, scope);
      case 'call':
        return this.#call(node, node.args[0], node.args[1], scope);
      case 'rcall':
        return this.#method(node.args[0], node.args[1], node.args[2], scope);
      case 'value':
        return { shape: literalShape(node.args), path: null };
      case '!_':
        this.#visit(node.args, scope);
        return { shape: TRUTH, path: null };
      case '-_':
        return { shape: this.#visit(node.args, scope).shape, path: null };
      case '?:': {
        const [, chosen] = node.args.map((part) => this.#visit(part, scope));
        return { shape: chosen?.shape ?? ANY, path: null };
      }
      case 'list':
        for (const item of node.args) this.#visit(item, scope);
        return { shape: { kind: 'list', item: ANY }, path: null };
      case 'map':
        for (const [key, value] of node.args) {
          this.#visit(key, scope);
          this.#visit(value, scope);
        }
        return NOWHERE;
      default:
        for (const part of node.args) this.#visit(part, scope);
        return { shape: LOGICAL.has(node.op) ? TRUTH : NUMBER, path: null };
    }
  }

  #named(node: ASTNode, name: string, scope: Scope): Place {
    const bound = scope.get(name);
    if (bound !== undefined) return { shape: bound, path: null };
    const shape = this.#root[name];
    if (shape !== undefined) return { shape, path: [name] };
    const known = Object.keys(this.#root);
    this.#unknown(`unknown name "${name}"`, name, known, node.start, node.end);
    return NOWHERE;
  }

  #field(node: ASTNode & { op: '.' | '.?' }, scope: Scope): Place {
    const [base, name] = node.args;
    const start = Math.max(node.pos, node.end - name.length);
    return this.#child(node, this.#visit(base, scope), name, start, node.end);
  }

  #index(node: ASTNode & { op: '[]' | '[?]' }, scope: Scope): Place {
    const [base, key] = node.args;
    const place = this.#visit(base, scope);
    if (key.op === 'value' && typeof key.args === 'string') {
      return this.#child(node, place, key.args, key.start, key.end);
    }
    this.#visit(key, scope);
    const { shape } = place;
    if (shape.kind === 'list') return { shape: shape.item, path: null };
    if (shape.kind === 'named') return { shape: shape.row, path: null };
    return { shape: shape.kind === 'counts' ? NUMBER : ANY, path: null };
  }

  #child(node: ASTNode, base: Place, name: string, start: number, end: number): Place {
    const shape = this.#childShape(base, name, start, end);
    const path = base.path === null ? null : [...base.path, name];
    const place = { shape, path, isCount: base.shape.kind === 'counts' };
    this.#note(node, place);
    return place;
  }

  #childShape(base: Place, name: string, start: number, end: number): Shape {
    const { shape } = base;
    const where = base.path === null ? '' : ` in ${base.path.join('.')}`;
    switch (shape.kind) {
      case 'row': {
        const field = shape.fields[name];
        if (field !== undefined) return field;
        this.#unknown(
          `unknown field "${name}"${where}`,
          name,
          Object.keys(shape.fields),
          start,
          end,
        );
        return ANY;
      }
      case 'named': {
        if (shape.names.includes(name)) return shape.row;
        const [plain = '', narrowing] = name.split('@');
        const isNarrowed = narrowing !== undefined && shape.names.includes(plain);
        const message = isNarrowed
          ? `"${plain}" cannot be narrowed by "@${narrowing}"`
          : `unknown ${shape.what} "${name}"`;
        this.#unknown(message, name, shape.names, start, end);
        return shape.row;
      }
      case 'counts':
        return NUMBER;
      case 'any':
        return ANY;
      default: {
        const message = `"${name}" cannot be taken of ${SHAPE_WORDS[shape.kind]}${where}`;
        this.#problems.push({ message, start, end });
        return ANY;
      }
    }
  }

  #call(node: ASTNode, name: string, parts: readonly ASTNode[], scope: Scope): Place {
    const places = parts.map((part) => this.#visit(part, scope));
    const [first] = places;
    if (name === 'size' && first?.path != null) this.#add(node, first.path, { isSize: true });
    if (name === 'has') return { shape: TRUTH, path: null };
    return { shape: ['size', 'abs', 'min', 'max'].includes(name) ? NUMBER : ANY, path: null };
  }

  #method(name: string, receiver: ASTNode, parts: readonly ASTNode[], scope: Scope): Place {
    const [variable, ...rest] = parts;
    if (receiver.op === 'id' && receiver.args === 'cel' && variable?.op === 'id') {
      const inner = new Map(scope).set(variable.args, ANY);
      const results = rest.map((part) => this.#visit(part, inner));
      return { shape: results.at(-1)?.shape ?? ANY, path: null };
    }
    const place = this.#visit(receiver, scope);
    if (!MACROS.has(name) || variable?.op !== 'id') {
      for (const part of parts) this.#visit(part, scope);
      return { shape: name === 'size' ? NUMBER : ANY, path: null };
    }
    const inner = new Map(scope).set(variable.args, elementShape(place.shape));
    for (const part of rest) this.#visit(part, inner);
    if (name === 'filter') return { shape: place.shape, path: null };
    return { shape: name === 'map' ? { kind: 'list', item: ANY } : TRUTH, path: null };
  }

  #note(node: ASTNode, place: Place): void {
    const isFigure = ['number', 'text', 'truth'].includes(place.shape.kind);
    if (place.path === null || !isFigure) return;
    this.#add(node, place.path, { isCount: place.isCount === true });
  }

  #add(
    node: ASTNode,
    path: readonly string[],
    how: { readonly isCount?: boolean; readonly isSize?: boolean },
  ): void {
    const text = node.input.slice(node.start, node.end);
    const { isCount = false, isSize = false } = how;
    this.#accesses.set(text, { text, path, isCount, isSize });
  }

  #unknown(
    message: string,
    name: string,
    known: readonly string[],
    start: number,
    end: number,
  ): void {
    const fix =
      known.length === 0 ? 'there is none' : `there are: ${known.slice(0, 30).join(', ')}`;
    this.#problems.push({ message: `${message}${didYouMean(name, known)}`, fix, start, end });
  }
}

const SHAPE_WORDS = { number: 'a number', text: 'a text', truth: 'a truth value', list: 'a list' };

function elementShape(shape: Shape): Shape {
  if (shape.kind === 'list') return shape.item;
  return shape.kind === 'named' || shape.kind === 'counts' ? TEXT : ANY;
}

function literalShape(value: unknown): Shape {
  if (typeof value === 'boolean') return TRUTH;
  if (typeof value === 'string') return TEXT;
  return typeof value === 'number' || typeof value === 'bigint' ? NUMBER : ANY;
}
