/**
 * Checks an expression before the run: its syntax, the names in it, and by a trial on a made-up
 * document that its operators fit its operands and that it yields true or false.
 */
import type { Advice, Diagnostics, SourcePosition } from '../../core/diagnostics.ts';
import { compileExpression, evaluateExpression } from './cel.ts';
import { type DocumentNames, documentShape, type Shape } from './document-shape.ts';
import { type Access, walkNames } from './name-walk.ts';

/** Where the expression's text stands. */
export interface ExpressionPlace {
  readonly position: SourcePosition;
  /** The scalar as it stands in the file; a part of it can be marked if the expression is in it. */
  readonly sourceText: string;
}

/** Adds a diagnostic for each mistake. */
export function checkExpression(
  text: string,
  place: ExpressionPlace,
  names: DocumentNames,
  diagnostics: Diagnostics,
): void {
  const report = (code: string, message: string, start: number, end: number, advice: Advice = {}) =>
    diagnostics.error(code, positionInside(text, place, start, end), message, advice);
  const compiled = compileExpression(text);
  if (!compiled.ok) {
    const { message, start, end } = compiled.problem;
    report('MQ-SCENARIO-006', `the expression cannot be read: ${message}`, start, end);
    return;
  }
  const root = documentShape(names);
  const walk = walkNames(compiled.expression.ast, root);
  for (const { message, fix, start, end } of walk.problems) {
    report('MQ-SCENARIO-007', message, start, end, fix === undefined ? {} : { fix });
  }
  if (walk.problems.length > 0) return;
  const tried = evaluateExpression(compiled.expression, sampleDocument(root, walk.accesses));
  if (!tried.ok) {
    const { message, start, end } = tried.problem;
    report('MQ-SCENARIO-006', `the expression does not work: ${message}`, start, end);
  } else if (typeof tried.value !== 'boolean') {
    const fix = 'compare it with something, e.g. ">= 0.99"';
    report('MQ-SCENARIO-006', 'the expression must yield true or false', 0, text.length, { fix });
  }
}

/** Line and column of a part of the expression, where the file has it in one piece and line. */
function positionInside(
  text: string,
  place: ExpressionPlace,
  start: number,
  end: number,
): SourcePosition {
  const { position, sourceText } = place;
  const shift = sourceText.indexOf(text);
  if (shift === -1 || sourceText.slice(0, shift).includes('\n') || text.includes('\n'))
    return position;
  const column = position.column + shift + start;
  return { ...position, column, endColumn: position.column + shift + end };
}

/** A document in which every number is 1, every list has one item and every name exists. */
function sampleDocument(
  root: Readonly<Record<string, Shape>>,
  accesses: readonly Access[],
): Record<string, unknown> {
  const fields = Object.entries(root).map(([name, shape]) => [name, sample(shape)] as const);
  const document: Record<string, unknown> = Object.fromEntries(fields);
  fillCounts(document, accesses, 1);
  return document;
}

function sample(shape: Shape): unknown {
  switch (shape.kind) {
    case 'number':
    case 'any':
      return 1;
    case 'text':
      return 'x';
    case 'truth':
      return true;
    case 'counts':
      return {};
    case 'list':
      return [sample(shape.item)];
    case 'named':
      return Object.fromEntries(shape.names.map((name) => [name, sample(shape.row)]));
    case 'row':
      return Object.fromEntries(
        Object.entries(shape.fields).map(([name, field]) => [name, sample(field)]),
      );
  }
}

/** Gives counts that are looked at and absent a value. */
export function fillCounts(document: object, accesses: readonly Access[], value: number): void {
  for (const access of accesses) {
    if (!access.isCount) continue;
    const parent = valueAt(document, access.path.slice(0, -1));
    const key = access.path.at(-1) ?? '';
    if (typeof parent === 'object' && parent !== null && !Object.hasOwn(parent, key)) {
      (parent as Record<string, unknown>)[key] = value;
    }
  }
}

/** The value at a path; undefined when there is none. */
export function valueAt(document: object, path: readonly string[]): unknown {
  let value: unknown = document;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step))
      return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}
