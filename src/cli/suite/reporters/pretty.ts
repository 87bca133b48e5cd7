/** For people: a line a case, below it why it did not pass. Fits 80 columns where the names do. */
import type { Colors } from 'picocolors/types.js';
import { printable } from '../../../core/printable.ts';
import { wrapText } from '../../wrap-text.ts';
import type { Reporter, ReporterKind, ReporterStyle, SuiteStart } from '../reporter.ts';
import { type CaseResult, countsText, type SuiteResult } from '../suite.ts';

export const PRETTY: ReporterKind = { name: 'pretty', make: (style) => new Pretty(style) };

const WIDEST_NAME = 44;
const MARKS = { passed: '✓', failed: '✗', broken: '✗', 'not-run': '-' } as const;

class Pretty implements Reporter {
  readonly #colors: Colors;
  readonly #columns: number;
  #nameWidth = 0;

  constructor({ colors, columns }: ReporterStyle) {
    this.#colors = colors;
    this.#columns = columns;
  }

  begin({ version, caseCount, scenarioCount, seeds, nameWidth }: SuiteStart): string {
    this.#nameWidth = Math.min(WIDEST_NAME, nameWidth);
    const cases = `${caseCount} ${caseCount === 1 ? 'case' : 'cases'}`;
    const scenarios = `${scenarioCount} ${scenarioCount === 1 ? 'scenario' : 'scenarios'}`;
    const line = `meshquake ${version}  ${seeds}  ${cases} of ${scenarios}`;
    return `${this.#colors.dim(line)}\n\n`;
  }

  each(result: CaseResult): string {
    const { name, status, verdict, wallS } = result;
    const mark = status === 'passed' ? this.#colors.green('✓') : this.#colors.red(MARKS[status]);
    const title = printable(name).padEnd(this.#nameWidth);
    const time = verdict === null ? '' : `${wallS.toFixed(1)} s`.padStart(8);
    const line = `  ${mark} ${title}  ${(verdict ?? status).padEnd(13)}${time}`.trimEnd();
    return `${[line, ...this.#details(result)].join('\n')}\n`;
  }

  #details({ status, reasons, reproduce }: CaseResult): readonly string[] {
    if (status === 'broken') return reasons.map((line) => `      ${line}`.trimEnd());
    const width = Math.max(40, Math.min(100, this.#columns) - 6);
    const lines = reasons.flatMap((reason) => wrapText(printable(reason), width));
    const again = status === 'failed' ? [`reproduce: ${reproduce}`] : [];
    return [...lines, ...again].map((line) => `      ${line}`);
  }

  end({ cases, wallS, exitCode, wasInterrupted, reproduce }: SuiteResult): string {
    const counts = `${countsText(cases)}  (${wallS.toFixed(1)} s)`;
    const word = wasInterrupted ? 'interrupted' : exitCode === 0 ? 'pass' : 'fail';
    const colored = exitCode === 0 ? this.#colors.green(word) : this.#colors.red(word);
    return `\n${counts}\nverdict  ${colored}  reproduce: ${reproduce}\n`;
  }
}
