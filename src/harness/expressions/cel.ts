/**
 * The expression language of scenarios: CEL, with what numbers of a summary need.
 *
 * All numbers of a summary are doubles and literals like `2` are integers, so mixed arithmetic is
 * registered; comparing with null (a recovery that never came) is false rather than an error.
 * Source: scenario.md §3; CEL language definition.
 */
import { type ASTNode, Environment } from '@marcbachmann/cel-js';

export type { ASTNode };

/** A parsed expression; call it with a document. */
export interface CompiledExpression {
  (document: object): unknown;
  readonly ast: ASTNode;
}

/** What went wrong, with the offsets of the place in the expression; no range: all of it. */
export interface ExpressionProblem {
  readonly code: string;
  readonly message: string;
  readonly start: number;
  readonly end: number;
}

export type Compiled =
  | { readonly ok: true; readonly expression: CompiledExpression }
  | { readonly ok: false; readonly problem: ExpressionProblem };

type Operand = number | bigint | null;

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
};

function makeEnvironment(): Environment {
  const environment = new Environment({
    unlistedVariablesAreDyn: true,
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: 2_000, maxDepth: 60 },
  });
  const mixed = [
    ['double', 'int'],
    ['int', 'double'],
  ] as const;
  for (const [left, right] of mixed) {
    for (const [sign, apply] of Object.entries(ARITHMETIC)) {
      const handler = (a: Operand, b: Operand) => apply(Number(a), Number(b));
      environment.registerOperator(`${left} ${sign} ${right}: double`, handler);
    }
  }
  const equals = (a: Operand, b: Operand) => Number(a) === Number(b);
  environment.registerOperator('double == int: bool', equals);
  registerNullOrder(environment);
  registerFunctions(environment);
  return environment;
}

function registerNullOrder(environment: Environment): void {
  for (const sign of ['<', '<=', '>', '>=']) {
    for (const type of ['double', 'int']) {
      environment.registerOperator(`null ${sign} ${type}: bool`, () => false);
      environment.registerOperator(`${type} ${sign} null: bool`, () => false);
    }
  }
}

function registerFunctions(environment: Environment): void {
  const types = ['double', 'int'] as const;
  for (const type of types) {
    environment.registerFunction(`abs(${type}): double`, (a: Operand) => Math.abs(Number(a)));
    for (const other of types) {
      const signature = `(${type}, ${other}): double`;
      environment.registerFunction(`min${signature}`, (a: Operand, b: Operand) =>
        Math.min(Number(a), Number(b)),
      );
      environment.registerFunction(`max${signature}`, (a: Operand, b: Operand) =>
        Math.max(Number(a), Number(b)),
      );
    }
  }
}

const ENVIRONMENT = makeEnvironment();

/** Parses an expression; names are not looked at. */
export function compileExpression(text: string): Compiled {
  try {
    return { ok: true, expression: ENVIRONMENT.parse(text) as CompiledExpression };
  } catch (error) {
    return { ok: false, problem: problemOf(error, text) };
  }
}

export type Evaluated =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: ExpressionProblem };

/** Runs an expression; errors of the expression are results, not exceptions. */
export function evaluateExpression(expression: CompiledExpression, document: object): Evaluated {
  try {
    return { ok: true, value: expression(document) };
  } catch (error) {
    return { ok: false, problem: problemOf(error, expression.ast.input) };
  }
}

/** @throws what is not an error of the language */
function problemOf(error: unknown, text: string): ExpressionProblem {
  if (!isCelError(error)) throw error;
  const { code = '', summary, message, range } = error;
  const said = (summary ?? message).replace(/dyn<(\w+)>/g, '$1');
  const start = range?.start ?? 0;
  return { code, message: said, start, end: Math.max(start + 1, range?.end ?? text.length) };
}

interface CelError {
  readonly code?: string;
  readonly summary?: string;
  readonly message: string;
  readonly range?: { readonly start: number; readonly end: number };
}

function isCelError(error: unknown): error is CelError {
  return error instanceof Error && 'summary' in error;
}
