/**
 * Import cycles: groups of files that import each other at run time (types do not count).
 */
import type { SourceFile } from './source-tree.ts';

interface Mark {
  readonly index: number;
  low: number;
  isOpen: boolean;
}

/** Each group of at least two files, in the order found. Tarjan's strongly connected components. */
export function importCycles(files: readonly SourceFile[]): readonly (readonly string[])[] {
  const targets = new Map(files.map((file) => [file.path, valueTargets(file)]));
  const marks = new Map<string, Mark>();
  const open: string[] = [];
  const cycles: string[][] = [];
  const enter = (path: string): Mark => {
    const mark: Mark = { index: marks.size, low: marks.size, isOpen: true };
    marks.set(path, mark);
    open.push(path);
    for (const target of targets.get(path) ?? []) {
      const known = marks.get(target);
      if (known === undefined) mark.low = Math.min(mark.low, enter(target).low);
      else if (known.isOpen) mark.low = Math.min(mark.low, known.index);
    }
    if (mark.low === mark.index) close(path);
    return mark;
  };
  const close = (path: string): void => {
    const group = open.splice(open.indexOf(path));
    for (const member of group) {
      const mark = marks.get(member);
      if (mark !== undefined) mark.isOpen = false;
    }
    if (group.length > 1) cycles.push(group);
  };
  for (const { path } of files) if (!marks.has(path)) enter(path);
  return cycles;
}

function valueTargets(file: SourceFile): readonly string[] {
  return file.imports.flatMap(({ target, isTypeOnly }) =>
    target === null || isTypeOnly ? [] : [target],
  );
}
