/**
 * What pure code must not do, found in the syntax tree: clocks, timers, the environment, random
 * numbers, promises, and arithmetic that differs between JavaScript engines.
 */
import ts from 'typescript';
import { ALLOWED_MATH, BANNED_GLOBALS, BANNED_METHODS } from './rules.ts';
import { lineOf, type SourceFile, visit } from './source-tree.ts';

/** `path:line: what: why`, for each place. */
export function bannedUses({ path, tree }: SourceFile): readonly string[] {
  const found: string[] = [];
  visit(tree, (node) => {
    const problem = problemOf(node);
    if (problem !== null) found.push(`${path}:${lineOf(tree, node)}: ${problem}`);
  });
  return found;
}

function problemOf(node: ts.Node): string | null {
  if (ts.isIdentifier(node)) return problemOfName(node);
  if (ts.isPropertyAccessExpression(node)) return problemOfAccess(node);
  if (isPower(node)) return '`**` rounds differently between engines; use core/math.ts';
  if (node.kind === ts.SyntaxKind.AsyncKeyword || ts.isAwaitExpression(node)) {
    return 'async: microtasks run in an order that wrappers change';
  }
  return null;
}

function isPower(node: ts.Node): boolean {
  if (!ts.isBinaryExpression(node)) return false;
  const kind = node.operatorToken.kind;
  return (
    kind === ts.SyntaxKind.AsteriskAsteriskToken ||
    kind === ts.SyntaxKind.AsteriskAsteriskEqualsToken
  );
}

function problemOfName(node: ts.Identifier): string | null {
  if (!isReference(node)) return null;
  const banned = BANNED_GLOBALS.find(({ name }) => name === node.text);
  if (banned !== undefined) return `${banned.name}: ${banned.because}`;
  const isAlone = node.text === 'Math' && !isObjectOfAccess(node);
  return isAlone ? 'Math as a value: its functions would escape this check' : null;
}

function problemOfAccess(node: ts.PropertyAccessExpression): string | null {
  const name = node.name.text;
  const isMath = ts.isIdentifier(node.expression) && node.expression.text === 'Math';
  if (isMath && !ALLOWED_MATH.has(name)) {
    return `Math.${name} is not the same on all engines; use core/math.ts or core/draws.ts`;
  }
  const banned = BANNED_METHODS.find((method) => method.name === name);
  return banned === undefined ? null : `.${name}(): ${banned.because}`;
}

function isObjectOfAccess(node: ts.Identifier): boolean {
  return ts.isPropertyAccessExpression(node.parent) && node.parent.expression === node;
}

/** Not a member's name, not a declaration's, not a type's. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isTypeReferenceNode(parent) || ts.isQualifiedName(parent)) return false;
  if (ts.isPropertySignature(parent) || ts.isPropertyDeclaration(parent)) return false;
  if (ts.isMethodDeclaration(parent) || ts.isMethodSignature(parent)) return false;
  return !(ts.isImportSpecifier(parent) || ts.isBindingElement(parent));
}
