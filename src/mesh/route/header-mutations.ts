/**
 * Header changes of a route, its virtual host and its table, compiled in the order they apply.
 *
 * The most specific level comes first, so that a less specific one sees and may overwrite what it
 * did; a table may turn that round. Within a level removals come first, then all values are made,
 * then headers are overwritten, and last what is added is added, whatever the order of the file.
 * Source: policy-engine.md §8.5; Envoy, HeaderParser::evaluateHeaders.
 */
import type { Head, HeadEdits } from '../../core/engine.ts';
import { readsRequest } from '../config/header-commands.ts';
import type { HeaderAddition, HeaderMutations } from '../config/rewriting.ts';
import { compileHeaderValue, type HeaderContext, type HeaderValue } from './header-value.ts';

interface Level {
  readonly remove: readonly string[];
  readonly add: readonly Step[];
}

interface Step {
  readonly addition: HeaderAddition;
  readonly value: HeaderValue;
}

type Line = readonly [name: string, value: string];

/** All changes of one direction; `null` instead where there are none. */
export class HeaderEditor {
  /** Whether what it does depends on more than the head that it changes. */
  readonly readsRequest: boolean;
  private readonly levels: readonly Level[];
  private readonly names: readonly string[];

  private constructor(levels: readonly Level[]) {
    this.levels = levels;
    const additions = levels.flatMap(({ add }) => add);
    this.readsRequest = additions.some(({ addition }) => readsRequest(addition.value));
    const names = levels.flatMap(({ remove, add }) => [
      ...remove,
      ...add.map(({ addition }) => addition.name),
    ]);
    this.names = [...new Set(names)];
  }

  /** @param levels in the order in which they apply */
  static of(levels: readonly (HeaderMutations | undefined)[]): HeaderEditor | null {
    const made = levels.flatMap((level): readonly Level[] => {
      const { remove = [], add = [] } = level ?? {};
      if (remove.length + add.length === 0) return [];
      const steps = add.map((addition): Step => {
        return { addition, value: compileHeaderValue(addition.value) };
      });
      return [{ remove, add: steps }];
    });
    return made.length === 0 ? null : new HeaderEditor(made);
  }

  /**
   * The edits that bring all changes about; every header they touch moves to the end.
   *
   * @param context with `head` as its response, or else as its request
   */
  editsFor(head: Head, context: HeaderContext): HeadEdits {
    let live = head;
    for (const level of this.levels) {
      if (level.remove.length > 0) live = live.with({ remove: level.remove });
      const seen =
        context.response === null ? { ...context, request: live } : { ...context, response: live };
      live = added(live, level.add, seen);
    }
    const append = this.names.flatMap((name) => {
      return live.values(name).map((value): Line => [name, value]);
    });
    return { remove: this.names, append };
  }
}

function added(head: Head, steps: readonly Step[], context: HeaderContext): Head {
  const set = new Map<string, string>();
  const append: Line[] = [];
  for (const { addition, value: make } of steps) {
    const { name, action, keepsEmpty } = addition;
    const value = make(context);
    if (value === '' && !keepsEmpty) continue;
    const isPresent = head.values(name).length > 0;
    switch (action) {
      case 'append-if-exists-or-add':
        append.push([name, value]);
        break;
      case 'add-if-absent':
        if (!isPresent) append.push([name, value]);
        break;
      case 'overwrite-if-exists-or-add':
        set.set(name, value);
        break;
      case 'overwrite-if-exists':
        if (isPresent) set.set(name, value);
        break;
    }
  }
  if (set.size === 0 && append.length === 0) return head;
  return head.with({ remove: [...set.keys()], append: [...set, ...append] });
}
