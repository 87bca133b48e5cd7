/**
 * The static runtime layer of a bootstrap: numbers by dotted key, later layers first.
 *
 * Only keys that some reader asks for have an effect; the others are refused by name.
 * Source: Envoy v3 API, config/bootstrap/v3 LayeredRuntime; config-other-meshes.md §5.2.
 */
import type { FractionalPercent } from '../../mesh/config/config.ts';
import type { SourceNode } from '../source-node.ts';
import { DENOMINATORS, type Fields } from './fields.ts';

const DENOMINATOR_WORDS = ['HUNDRED', 'TEN_THOUSAND', 'MILLION'] as const;

export class Runtime {
  readonly #values = new Map<string, SourceNode>();
  readonly #asked = new Set<string>();
  /** `node.cluster` of the same bootstrap. */
  readonly nodeCluster: string;

  /** @param bootstrap undefined = there is no layer */
  constructor(bootstrap: Fields | undefined) {
    const node = bootstrap?.message('node', 'Node');
    this.nodeCluster = node?.text('cluster') ?? '';
    const runtime = bootstrap?.message('layered_runtime', 'LayeredRuntime');
    for (const layer of runtime?.messages('layers', 'RuntimeLayer') ?? []) {
      layer.ignore('name', 'admin_layer');
      const values = layer.get('static_layer');
      if (values !== undefined) this.#flatten('', values);
      layer.close();
    }
    runtime?.close();
  }

  /** undefined = the key is not set. */
  integer(key: string): number | undefined {
    this.#asked.add(key);
    const node = this.#values.get(key);
    return node === undefined ? undefined : Math.trunc(node.number() ?? 0);
  }

  flag(key: string): boolean | undefined {
    this.#asked.add(key);
    return this.#values.get(key)?.boolean();
  }

  number(key: string): number | undefined {
    this.#asked.add(key);
    return this.#values.get(key)?.number();
  }

  /** A `FractionalPercent`, or a number of percent. */
  fraction(key: string): FractionalPercent | undefined {
    this.#asked.add(key);
    const parts = [`${key}.numerator`, `${key}.denominator`] as const;
    for (const part of parts) this.#asked.add(part);
    const plain = this.#values.get(key)?.number();
    if (plain !== undefined) return { numerator: Math.max(0, Math.trunc(plain)), denominator: 100 };
    const [numerator, denominator] = parts.map((part) => this.#values.get(part));
    if (numerator === undefined && denominator === undefined) return undefined;
    const word = denominator?.oneOf(DENOMINATOR_WORDS) ?? 'HUNDRED';
    return { numerator: numerator?.integer(0, 1e9) ?? 0, denominator: DENOMINATORS[word] };
  }

  close(): void {
    for (const [key, node] of this.#values) {
      if (this.#asked.has(key)) continue;
      node.keyError('MQ-ENVOY-001', `the runtime key "${key}" is unknown or not modelled`);
    }
  }

  #flatten(prefix: string, node: SourceNode): void {
    for (const [key, child] of node.entries()) {
      const path = prefix === '' ? key : `${prefix}.${key}`;
      if (child.kind === 'map') this.#flatten(path, child);
      else this.#values.set(path, child);
    }
  }
}
