/** `--threshold` and `--constraint`: expectations over the measured run, given on the command line. */
import { Diagnostics } from '../core/diagnostics.ts';
import { InputError } from '../core/errors.ts';
import { checkExpression } from '../harness/expressions/check-expression.ts';
import { namesOf } from '../harness/expressions/document-shape.ts';
import type { Expectation, Scenario } from '../harness/scenario.ts';
import { optionFile } from '../harness/variants.ts';

/** @throws InputError when an expression is wrong for one of the scenarios */
export function readThresholds(
  texts: readonly string[],
  scenarios: readonly Scenario[],
  option: '--threshold' | '--constraint' = '--threshold',
): readonly Expectation[] {
  const file = optionFile(option);
  const diagnostics = new Diagnostics();
  const thresholds = texts.map((text, index): Expectation => {
    const position = { file, line: index + 1, column: 1, endColumn: text.length + 1 };
    for (const scenario of scenarios) {
      checkExpression(text, { position, sourceText: text }, namesOf(scenario), diagnostics);
    }
    return {
      mode: 'that',
      expression: text,
      during: null,
      everyNs: 0,
      withinNs: 0,
      after: null,
      forNs: 0,
      isVariantsOwn: false,
      runs: [1, 1],
      text: option === '--threshold' ? `threshold ${text}` : text,
      position,
    };
  });
  if (diagnostics.hasErrors) {
    throw new InputError(diagnostics.sorted(), new Map([[file, texts.join('\n')]]));
  }
  return thresholds;
}
