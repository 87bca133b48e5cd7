/**
 * The sources as the architecture test sees them: files, their imports, the globals they use.
 *
 * Parsed with the TypeScript compiler, so that comments and strings are not taken for code.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { AREA_RULES } from './rules.ts';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

export interface ImportStatement {
  readonly specifier: string;
  /** The imported file's path from the root, for relative specifiers; else null. */
  readonly target: string | null;
  readonly isTypeOnly: boolean;
  readonly line: number;
}

export interface SourceFile {
  /** From the root, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly imports: readonly ImportStatement[];
  readonly tree: ts.SourceFile;
}

/** Every TypeScript file below a folder of the repository, in the order of their paths. */
export function readSources(folder: string): readonly SourceFile[] {
  return filesBelow(folder)
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .map(readSource);
}

/** Paths from the root, with `/`. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  return { path, text, lines: text.split('\n').length - 1, imports: importsOf(path, tree), tree };
}

/** The imports of any JavaScript or TypeScript text. */
export function importsIn(path: string, text: string): readonly ImportStatement[] {
  return importsOf(path, ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true));
}

function importsOf(path: string, tree: ts.SourceFile): readonly ImportStatement[] {
  const found: ImportStatement[] = [];
  const add = (literal: ts.Node, isTypeOnly: boolean): void => {
    if (!ts.isStringLiteralLike(literal)) return;
    const specifier = literal.text;
    const isRelative = specifier.startsWith('.');
    const target = isRelative ? posix.join(posix.dirname(path), specifier) : null;
    found.push({ specifier, target, isTypeOnly, line: lineOf(tree, literal) });
  };
  visit(tree, (node) => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeImport(node));
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      add(node.moduleSpecifier, node.isTypeOnly);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument !== undefined) add(argument, false);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, true);
    }
  });
  return found;
}

/** `import type …`, and imports all of whose names are marked as types. */
function isTypeImport(node: ts.ImportDeclaration): boolean {
  const clause = node.importClause;
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const bindings = clause.namedBindings;
  if (clause.name !== undefined || bindings === undefined) return false;
  if (!ts.isNamedImports(bindings)) return false;
  return bindings.elements.length > 0 && bindings.elements.every((element) => element.isTypeOnly);
}

export function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  ts.forEachChild(node, (child) => visit(child, look));
}

/** 1-based. */
export function lineOf(tree: ts.SourceFile, node: ts.Node): number {
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
}

/** The area of a path under `src/`; null for the files at the top. */
export function areaOf(path: string): string | null {
  const inside = path.slice('src/'.length);
  const areas = AREA_RULES.map((rule) => rule.area).filter((area) => inside.startsWith(`${area}/`));
  return areas.sort((a, b) => b.length - a.length)[0] ?? null;
}
