/**
 * What `run` tells people: first line, story, last line.
 *
 * First line: version, seed, scenario and its hash. Last line: the verdict and the command that makes
 * the same runs again. With `--json` all of it goes to standard error.
 * Source: surface.md §1 (console contract).
 */
import { relative } from 'node:path';
import picocolors from 'picocolors';
import type { Colors } from 'picocolors/types.js';
import { printable } from '../core/printable.ts';
import { hashTexts } from '../core/text-hash.ts';
import type { Scenario } from '../harness/scenario.ts';
import type { ReportModel } from '../report/model.ts';
import { renderText } from '../report/text.ts';
import { verdictReasons } from '../report/words.ts';
import { type BaselineGate, gateLines } from './baseline.ts';
import { type CliIo, hasColour, type TextOutput } from './cli-io.ts';
import { comparisonTable } from './comparison.ts';
import type { RunOptions } from './run-options.ts';
import type { ResultKind, VariantResult } from './run-results.ts';
import { wrapText } from './wrap-text.ts';

/** All there is to tell at the end. */
export interface RunEnd {
  readonly results: readonly VariantResult[];
  readonly model: ReportModel;
  readonly folder: string;
  readonly exitCode: number;
  readonly kind: ResultKind;
  /** null without a baseline. */
  readonly gate: BaselineGate | null;
}

export class RunConsole {
  readonly #io: CliIo;
  readonly #output: TextOutput;
  readonly #isQuiet: boolean;
  readonly #colors: Colors;
  readonly #seedText: string;
  readonly #isAboutSeeds: boolean;

  constructor(io: CliIo, options: RunOptions) {
    this.#io = io;
    this.#output = options.isJson ? io.stderr : io.stdout;
    this.#isQuiet = options.isQuiet;
    this.#colors = picocolors.createColors(hasColour(this.#output, io.env));
    this.#seedText = options.seedText;
    this.#isAboutSeeds = options.isAboutSeeds;
  }

  begin(scenarios: readonly Scenario[], version: string): void {
    const [first] = scenarios;
    if (first === undefined) return;
    const hashes = scenarios.map((scenario) => scenario.hash);
    const hash = hashes.length === 1 ? first.hash : hashTexts(hashes);
    const seeds = this.#isAboutSeeds ? 'seeds' : 'seed';
    const parts = [
      `meshquake ${version}`,
      `${seeds} ${printable(this.#seedText)}`,
      `scenario ${printable(first.name)} ${hash.slice(0, 12)}`,
    ];
    if (scenarios.length === 1 && first.variant !== '') parts.push(`variant ${first.variant}`);
    this.#print(this.#colors.dim(parts.join('  ')));
  }

  end(end: RunEnd): void {
    const { results, model, folder, kind, gate } = end;
    this.#print('');
    if (kind.isAll && results.length > 1) this.#printComparison(results, model);
    else if (kind.isAboutSeeds) this.#printSeeds(results, model);
    else this.#print(withoutReproduce(renderText(model)));
    if (gate !== null) this.#print(`\n${gateLines(gate, model.version, this.#colors)}`);
    const shown = relative(this.#io.cwd, folder) || folder;
    this.#print('');
    this.#print(`report   ${shown.startsWith('..') ? folder : shown}/report.html`);
    this.#print(this.#verdictLine(end));
  }

  /** Interrupted before any run had finished. */
  endEmpty(reproduce: string): void {
    this.#print(`verdict  interrupted before a run had finished  reproduce: ${reproduce}`);
  }

  #printComparison(results: readonly VariantResult[], model: ReportModel): void {
    this.#printTitle(model);
    this.#print(comparisonTable(results, this.#colors));
    this.#print('');
    for (const result of results) this.#printStory(result, model);
    this.#print('');
    const hasFaults = model.runs.some(({ summary }) => summary.faults.length > 0);
    const goodput = hasFaults ? '; after: the last minute' : '';
    this.#print(this.#colors.dim(`  Goodput in requests per second${goodput}.`));
    this.#print(this.#colors.dim('  Attempts: per request, multiplied along the worst call path.'));
  }

  #printTitle({ title, description }: ReportModel): void {
    this.#print(this.#colors.bold(printable(title)));
    if (description !== undefined) {
      for (const line of wrapText(printable(description), this.#width)) this.#print(line);
    }
    this.#print('');
  }

  /** The first of the reasons; all of them stand in the report. */
  #printStory(result: VariantResult, model: ReportModel): void {
    const run = model.runs.find(({ variant }) => variant === result.scenario.variant);
    if (run === undefined) return;
    const [reason = ''] = verdictReasons(run);
    const name = printable(result.scenario.variant);
    const [first = '', ...rest] = wrapText(`${name}: ${reason}`, this.#width - 4);
    this.#print(`  ${this.#colors.bold(first.slice(0, name.length))}${first.slice(name.length)}`);
    for (const line of rest) this.#print(`    ${line}`);
    for (const line of this.#undeclared(result)) this.#print(`    ${line}`);
  }

  #undeclared(result: VariantResult): readonly string[] {
    if (result.asDeclared) return [];
    return result.verdict.reasons
      .slice(0, 3)
      .flatMap((reason) => wrapText(printable(`✗ ${reason}`), this.#width - 4));
  }

  #printSeeds(results: readonly VariantResult[], model: ReportModel): void {
    this.#printTitle(model);
    this.#print(comparisonTable(results, this.#colors));
    for (const result of results) {
      this.#print('');
      for (const [verdict, count] of countVerdicts(result)) {
        this.#print(`  ${String(count).padStart(5)} × ${verdict}`);
      }
      for (const reason of result.verdict.reasons) {
        for (const line of wrapText(printable(reason), this.#width - 2)) this.#print(`  ${line}`);
      }
    }
  }

  #verdictLine({ results, model, exitCode, kind, gate }: RunEnd): string {
    const verdict = kind.wasInterrupted ? 'interrupted' : verdictText(results, kind);
    const text = gate?.verdict === 'worse' ? `${verdict}, worse than the baseline` : verdict;
    const colored = exitCode === 0 ? this.#colors.green(text) : this.#colors.red(text);
    return `verdict  ${colored}  reproduce: ${model.reproduce}`;
  }

  get #width(): number {
    return Math.min(80, this.#output.columns);
  }

  #print(line: string): void {
    if (!this.#isQuiet) this.#output.write(`${line}\n`);
  }
}

function verdictText(results: readonly VariantResult[], kind: ResultKind): string {
  if (!kind.isAll) return results[0]?.verdict.verdict ?? 'inconclusive';
  const fine = results.filter((result) => result.asDeclared).length;
  return `${fine} of ${results.length} variants as declared`;
}

function countVerdicts({ outcomes }: VariantResult): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { summary } of outcomes) {
    counts.set(summary.verdict, (counts.get(summary.verdict) ?? 0) + 1);
  }
  return counts;
}

/** The last line of the console says it already. */
function withoutReproduce(text: string): string {
  return text.replace(/\n\nreproduce: [^\n]*\n?$/, '');
}
