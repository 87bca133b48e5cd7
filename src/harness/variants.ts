/**
 * Variants and command-line overrides: edits of a scenario document before it is checked.
 *
 * `--set a.b=1` and a variant's `set: { a.b: 1 }` are the same thing. A path walks maps by key and
 * lists by the `id` of their items, or by index; `mesh.KIND/NAME.spec…` goes on inside a resource of the
 * policy files. Source: scenario.md (dotted paths), §2.1 (variants).
 */
import type { Diagnostics, SourcePosition } from '../core/diagnostics.ts';
import { didYouMean } from '../core/suggest.ts';
import { parseDocuments } from '../importers/document.ts';
import type { PathStep, Plain, SourceNode } from '../importers/source-node.ts';
import { isPlainList, isPlainMap, pathText, type ScenarioDocument } from './scenario-document.ts';

/** What the command line changes; texts as typed. */
export interface Overrides {
  /** `key=value` each. */
  readonly set: readonly string[];
  /** In place of the scenario's; null = not given. */
  readonly mesh: readonly string[] | null;
  readonly dataPlane: string | null;
  readonly duration: string | null;
}

export const NO_OVERRIDES: Overrides = { set: [], mesh: null, dataPlane: null, duration: null };

/** Name of the "file" that a command-line option is, in positions. */
export function optionFile(option: string): string {
  return `<command line>:${option}`;
}

/** The texts of those "files", for code frames. */
export function overrideSources(overrides: Overrides): ReadonlyMap<string, string> {
  const sources = new Map([[optionFile('--set'), overrides.set.join('\n')]]);
  if (overrides.duration !== null) sources.set(optionFile('--duration'), overrides.duration);
  if (overrides.dataPlane !== null) sources.set(optionFile('--data-plane'), overrides.dataPlane);
  if (overrides.mesh !== null) sources.set(optionFile('--mesh'), overrides.mesh.join('\n'));
  return sources;
}

/** Names of the variants, in the order of the file; none when it declares none. */
export function variantNames(root: SourceNode): readonly string[] {
  return (
    root
      .get('variants')
      ?.entries()
      .map(([name]) => name) ?? []
  );
}

/** The document as one variant has it, `variants` removed. */
export function applyVariant(
  base: ScenarioDocument,
  root: SourceNode,
  variant: string,
  diagnostics: Diagnostics,
): ScenarioDocument {
  const node = root.get('variants')?.get(variant);
  let document = base.without('variants');
  const mesh = node?.get('mesh');
  if (mesh !== undefined) document = document.with(['mesh'], mesh);
  for (const [path, value] of node?.get('set')?.entries() ?? []) {
    document = applySet(document, { path, at: value.keyPosition, value }, diagnostics);
  }
  return appendExpectations(document, node?.get('expect')?.items() ?? []);
}

function appendExpectations(
  document: ScenarioDocument,
  items: readonly SourceNode[],
): ScenarioDocument {
  if (items.length === 0 || !isPlainMap(document.plain)) return document;
  const common = document.plain['expect'];
  const before = isPlainList(common) ? common.length : 0;
  const start = isPlainList(common) ? document : document.withPlain('expect', []);
  return items.reduce((edited, item, i) => edited.with(['expect', before + i], item), start);
}

/** The document with the command line's changes. */
export function applyOverrides(
  document: ScenarioDocument,
  overrides: Overrides,
  diagnostics: Diagnostics,
): ScenarioDocument {
  let edited = document;
  for (const [line, text] of overrides.set.entries()) {
    const assignment = parseAssignment(text, line, diagnostics);
    if (assignment !== null) edited = applySet(edited, assignment, diagnostics);
  }
  const { duration, dataPlane } = overrides;
  if (duration !== null)
    edited = replaceByOption(edited, 'duration', '--duration', duration, diagnostics);
  if (dataPlane !== null) {
    edited = replaceByOption(edited, 'dataPlane', '--data-plane', dataPlane, diagnostics);
  }
  return edited;
}

function replaceByOption(
  document: ScenarioDocument,
  key: string,
  option: string,
  text: string,
  diagnostics: Diagnostics,
): ScenarioDocument {
  const [node] = parseDocuments(optionFile(option), text, diagnostics);
  return node === undefined ? document : document.with([key], node);
}

interface Assignment {
  readonly path: string;
  readonly at: SourcePosition;
  readonly value: SourceNode;
}

/** `key=value`; the value keeps its line and column among all `--set` of the command line. */
function parseAssignment(text: string, line: number, diagnostics: Diagnostics): Assignment | null {
  const file = optionFile('--set');
  const equals = indexOfEquals(text);
  const at = { file, line: line + 1, column: 1, endColumn: Math.max(2, equals + 1) };
  if (equals < 1) {
    const message = `"${text}" is not of the form key=value`;
    diagnostics.error('MQ-SCENARIO-008', { ...at, endColumn: text.length + 1 }, message);
    return null;
  }
  const indent = '\n'.repeat(line) + ' '.repeat(equals + 1);
  const [value] = parseDocuments(file, indent + text.slice(equals + 1), diagnostics);
  return value === undefined ? null : { path: text.slice(0, equals), at, value };
}

/** The first `=` outside quotes; -1 when there is none. */
function indexOfEquals(text: string): number {
  let isQuoted = false;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === '"') isQuoted = !isQuoted;
    if (text[index] === '=' && !isQuoted) return index;
  }
  return -1;
}

function applySet(
  document: ScenarioDocument,
  assignment: Assignment,
  diagnostics: Diagnostics,
): ScenarioDocument {
  const steps = parsePath(assignment.path);
  if (steps === null || steps.length === 0) {
    const message = `"${assignment.path}" is not a dotted path like services.payments.workers`;
    diagnostics.error('MQ-SCENARIO-008', assignment.at, message);
    return document;
  }
  const [first, target, ...path] = steps;
  if (first === 'mesh' && typeof target === 'string' && target.includes('/')) {
    const { at, value } = assignment;
    return document.withMeshEdit({ target, path, value: value.toPlain(), at });
  }
  const resolved = resolveSteps(document.plain, steps);
  if ('problem' in resolved) {
    diagnostics.error('MQ-SCENARIO-008', assignment.at, resolved.problem);
    return document;
  }
  return document.with(resolved.path, assignment.value);
}

/** `a.b["c.d"][0]` or `mesh.Kind/name.spec` as steps; null when it is not one. */
export function parsePath(text: string): readonly PathStep[] | null {
  const steps: PathStep[] = [];
  const part = /(?:^|(?<!^)\.)([A-Za-z0-9_/-]+|"[^"]*")|\["([^"]*)"\]|\[(\d+)\]/y;
  while (part.lastIndex < text.length) {
    const match = part.exec(text);
    if (match === null) return null;
    const [, plain, quoted, index] = match;
    if (index !== undefined) steps.push(Number(index));
    else steps.push(quoted ?? (plain ?? '').replace(/^"|"$/g, ''));
  }
  return steps;
}

type Resolved = { readonly path: readonly PathStep[] } | { readonly problem: string };

/** Replaces ids by the index of the list item that bears them. */
function resolveSteps(root: Plain, steps: readonly PathStep[]): Resolved {
  const path: PathStep[] = [];
  let value: Plain | undefined = root;
  for (const step of steps) {
    if (!isPlainList(value)) {
      path.push(String(step));
      value = isPlainMap(value) ? value[String(step)] : undefined;
      continue;
    }
    const index = indexInList(value, step);
    if (index === -1) return { problem: noSuchItem(value, step, path) };
    path.push(index);
    value = value[index];
  }
  return { path };
}

function indexInList(list: readonly Plain[], step: PathStep): number {
  const byId = list.findIndex((item) => isPlainMap(item) && item['id'] === String(step));
  if (byId !== -1) return byId;
  const index = Number(step);
  return Number.isInteger(index) && index < list.length ? index : -1;
}

function noSuchItem(list: readonly Plain[], step: PathStep, path: readonly PathStep[]): string {
  const ids = list.flatMap((item) => (isPlainMap(item) ? [String(item['id'])] : []));
  return `${pathText(path)} has no item "${step}"${didYouMean(String(step), ids)}`;
}
