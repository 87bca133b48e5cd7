/**
 * Header changes of a route, its virtual host and its table, compiled in the order they apply.
 *
 * The most specific level comes first, so that a less specific one sees and may overwrite what it
 * did; a table may turn that round. Within a level removals come before additions.
 * Source: policy-engine.md §8.5; Envoy, header parser.
 */
import type { Head, HeadEdits } from '../../core/engine.ts';
import type { HeaderAddition, HeaderMutations } from '../config/rewriting.ts';
import { compileHeaderValue, type HeaderContext, type HeaderValue } from './header-value.ts';

type Step =
  | { readonly name: string; readonly addition: null }
  | { readonly name: string; readonly addition: HeaderAddition; readonly value: HeaderValue };

/** All changes of one direction; `null` instead where there are none. */
export class HeaderEditor {
  private readonly steps: readonly Step[];

  private constructor(steps: readonly Step[]) {
    this.steps = steps;
  }

  /** @param levels in the order in which they apply */
  static of(levels: readonly (HeaderMutations | undefined)[]): HeaderEditor | null {
    const steps = levels.flatMap((level): Step[] => [
      ...(level?.remove ?? []).map((name): Step => ({ name, addition: null })),
      ...(level?.add ?? []).map((addition): Step => {
        return { name: addition.name, addition, value: compileHeaderValue(addition.value) };
      }),
    ]);
    return steps.length === 0 ? null : new HeaderEditor(steps);
  }

  /** The edits that bring all changes about; every header they touch moves to the end. */
  editsFor(head: Head, context: HeaderContext): HeadEdits {
    const lines = new Map<string, string[]>();
    for (const step of this.steps) {
      const known = lines.get(step.name) ?? [...head.values(step.name)];
      lines.set(step.name, step.addition === null ? [] : added(known, step, context));
    }
    const append = [...lines].flatMap(([name, values]) => {
      return values.map((value) => [name, value] as const);
    });
    return { remove: [...lines.keys()], append };
  }
}

function added(
  known: string[],
  step: Extract<Step, { value: HeaderValue }>,
  context: HeaderContext,
): string[] {
  const value = step.value(context);
  if (value === '' && !step.addition.keepsEmpty) return known;
  const isPresent = known.length > 0;
  switch (step.addition.action) {
    case 'append-if-exists-or-add':
      return [...known, value];
    case 'add-if-absent':
      return isPresent ? known : [value];
    case 'overwrite-if-exists-or-add':
      return [value];
    case 'overwrite-if-exists':
      return isPresent ? [value] : known;
  }
}
