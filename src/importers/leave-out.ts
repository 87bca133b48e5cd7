/**
 * A mesh file without the parts that diagnostics point at: a field, an item of a list, an object.
 *
 * For imports that are told to go on where something is not modelled. The rest keeps its text's
 * order and comments. Called by `meshquake import`.
 */
import { type Document, isMap, isScalar, LineCounter, parseAllDocuments, visit } from 'yaml';
import type { SourcePosition } from '../core/diagnostics.ts';

/** Documents that hold one of the kinds left out entirely are dropped, too. */
export function leaveOut(text: string, places: readonly SourcePosition[]): string {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, keepSourceTokens: true });
  if ('empty' in documents) return '';
  const marks = new Set(places.map(({ line, column }) => `${line}:${column}`));
  const isMarked = (range: readonly number[] | null | undefined): boolean => {
    if (range === null || range === undefined) return false;
    const { line, col } = lines.linePos(range[0] ?? 0);
    return marks.has(`${line}:${col}`);
  };
  const kept = documents.filter((document) => keep(document as Document, isMarked));
  return kept.map((document, index) => textOf(document as Document, index)).join('');
}

type Marked = (range: readonly number[] | null | undefined) => boolean;

/** Removes what is marked. @returns whether something is left of the document */
function keep(document: Document, isMarked: Marked): boolean {
  if (document.contents === null) return false;
  if (isMarked(document.contents.range) || hasMarkedKind(document.contents, isMarked)) return false;
  visit(document, {
    Pair(_key, pair) {
      const { key, value } = pair;
      const isGone = isScalar(key) && isMarked(key.range);
      const isValueGone = value !== null && isMarked((value as { range?: number[] }).range);
      return isGone || isValueGone ? visit.REMOVE : undefined;
    },
    Map(key, map) {
      const isItem = typeof key === 'number';
      return isItem && (isMarked(map.range) || hasMarkedKind(map, isMarked))
        ? visit.REMOVE
        : undefined;
    },
  });
  return true;
}

/** Objects of a kind that is not modelled are marked at their `kind`. */
function hasMarkedKind(node: unknown, isMarked: Marked): boolean {
  if (!isMap(node)) return false;
  const kind = node.get('kind', true);
  return isScalar(kind) && isMarked(kind.range);
}

function textOf(document: Document, index: number): string {
  const text = document.toString({ lineWidth: 0 });
  return index === 0 || text.startsWith('---') ? text : `---\n${text}`;
}
