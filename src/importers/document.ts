/**
 * Parses YAML (and JSON, its subset) into `SourceNode` trees. The only place that parses.
 *
 * Every defect of the text becomes a positioned diagnostic: syntax errors, duplicate keys, bytes
 * that are not text, and texts built to exhaust a reader (nested aliases, deep nesting, huge
 * files), which are refused before they cost anything. Depth is watched while lexing, because the
 * recursive composer of the library would exhaust the stack.
 * Source: YAML 1.2.2; config-istio.md §0.4 (YAML 1.1 for Istio and Kubernetes files).
 */
import {
  Composer,
  type CST,
  type Document,
  type DocumentOptions,
  Lexer,
  type ParsedNode,
  type ParseOptions,
  Parser,
  type SchemaOptions,
} from 'yaml';
import type { Diagnostics } from '../core/diagnostics.ts';
import { kubernetesTags } from './kubernetes-yaml.ts';
import type { SourceContext, SourceNode } from './source-node.ts';
import { SourceText } from './source-text.ts';
import { buildTree, MAX_DEPTH, TreeBudget } from './tree-builder.ts';

export { SourceNode } from './source-node.ts';

const MAX_LENGTH = 10_000_000;
const MAX_SYNTAX_ERRORS = 5;

export interface ParseDocumentsOptions {
  /** Read as YAML 1.1, as Kubernetes and Istio do: `yes` is a boolean and `010` is eight. */
  readonly yaml11?: boolean;
  /** How a file without any document is reported (error). */
  readonly empty?: 'error' | 'warning';
}

/**
 * All non-empty documents of a text.
 *
 * A document with syntax errors is reported and left out; the others are returned.
 *
 * @param file name as users know it; stands in every position
 */
export function parseDocuments(
  file: string,
  text: string,
  diagnostics: Diagnostics,
  options: ParseDocumentsOptions = {},
): SourceNode[] {
  if (!isReadableText(file, text, diagnostics)) return [];
  const context: SourceContext = { text: new SourceText(file, text), diagnostics };
  const documents = composeAll(context, options);
  if (documents === null) return [];
  const budget = new TreeBudget();
  const nodes: SourceNode[] = [];
  for (const document of documents) {
    if (reportSyntax(context, document) || document.contents === null) continue;
    const node = buildTree(context, document.contents as ParsedNode, budget);
    if (node === null) break;
    if (node.kind !== 'null') nodes.push(node);
  }
  if (documents.every(isEmptyDocument)) reportEmpty(context, options.empty ?? 'error');
  return nodes;
}

function isEmptyDocument(document: Document.Parsed): boolean {
  return document.contents === null && document.errors.length + document.warnings.length === 0;
}

function isReadableText(file: string, text: string, diagnostics: Diagnostics): boolean {
  if (text.length > MAX_LENGTH) {
    const megabytes = (text.length / 1e6).toFixed(1);
    const message = `the file has ${megabytes} MB, at most ${MAX_LENGTH / 1e6} MB are read`;
    diagnostics.error('MQ-DOC-004', { file, line: 1, column: 1 }, message);
    return false;
  }
  const bad = text.search(/[\0\ufffd]/);
  if (bad === -1) return true;
  const at = new SourceText(file, text.slice(0, bad + 1)).position(bad, bad + 1);
  const what = text[bad] === '\0' ? 'a NUL byte' : 'bytes that are not UTF-8';
  diagnostics.error('MQ-DOC-003', at, `the file holds ${what}, so it is not a text file`);
  return false;
}

function reportEmpty(context: SourceContext, severity: 'error' | 'warning'): void {
  const at = context.text.position(0, 1);
  context.diagnostics[severity]('MQ-DOC-009', at, 'the file is empty');
}

class TooDeepError extends Error {
  readonly offset: number;
  constructor(offset: number) {
    super('too deep');
    this.offset = offset;
  }
}

/** null when the text had to be refused. */
function composeAll(
  context: SourceContext,
  options: ParseDocumentsOptions,
): Document.Parsed[] | null {
  const composer = new Composer(composerOptions(options.yaml11 === true));
  const documents: Document.Parsed[] = [];
  try {
    for (const document of composer.compose(shallowTokens(context.text.text))) {
      documents.push(document as Document.Parsed);
    }
  } catch (error) {
    if (!(error instanceof TooDeepError)) throw error;
    const at = context.text.position(error.offset, error.offset + 1);
    const message = `the structure is more than ${MAX_DEPTH} levels deep here`;
    context.diagnostics.error('MQ-DOC-006', at, message);
    return null;
  }
  return documents;
}

/** The library's concrete syntax tree, cut off with an error as soon as it nests too deeply. */
function* shallowTokens(text: string): Generator<CST.Token, void> {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > MAX_DEPTH) throw new TooDeepError(parser.offset);
  }
  yield* parser.end();
}

function composerOptions(yaml11: boolean): ParseOptions & DocumentOptions & SchemaOptions {
  const common = { prettyErrors: false, uniqueKeys: false, logLevel: 'error' } as const;
  if (!yaml11) return { ...common, version: '1.2', schema: 'core', resolveKnownTags: false };
  return {
    ...common,
    version: '1.1',
    schema: 'yaml-1.1',
    resolveKnownTags: false,
    customTags: kubernetesTags,
  };
}

/** @returns whether the document has to be left out */
function reportSyntax(context: SourceContext, document: Document.Parsed): boolean {
  const problems = [...document.errors, ...document.warnings];
  for (const problem of problems.slice(0, MAX_SYNTAX_ERRORS)) {
    const code = problem.code === 'TAG_RESOLVE_FAILED' ? 'MQ-DOC-008' : 'MQ-DOC-001';
    const at = context.text.position(problem.pos[0], problem.pos[1]);
    const message = problem.message.replace(/\s+/g, ' ');
    context.diagnostics.error(code, at, message.charAt(0).toLowerCase() + message.slice(1));
  }
  return problems.length > 0;
}
