/** The result of a search for people: a few lines for the terminal, and the page. */
import { printable } from '../core/printable.ts';
import type { MaxLoad, SearchPlan } from '../experiments/search.ts';
import type { ExperimentModel, LineChart } from '../report/experiment.ts';
import { shortNumber } from './plain-table.ts';
import { wrapText } from './wrap-text.ts';

/** `712 rps`; in words where there is no such load. */
export function answerText({ maxLoadRps, interval }: MaxLoad): string {
  if (maxLoadRps === null) return `nothing limits it up to ${rps(interval[0])}`;
  return maxLoadRps === 0 ? 'no load holds' : rps(maxLoadRps);
}

/** Within 80 columns. */
export function searchLines(plan: SearchPlan, result: MaxLoad, notes: readonly string[]): string {
  const { limitedBy, observed } = result;
  const lines = [
    line('highest load', `${answerText(result)}${intervalText(plan, result)}`),
    ...(limitedBy === null ? [] : [line('limited by', limitedBy)]),
    ...(observed === '' ? [] : [line('just above', observed)]),
    line('means', meaning(plan, result)),
    ...notes.map((note) => line('note', note)),
  ];
  return lines.join('\n');
}

function line(label: string, text: string): string {
  const [first = '', ...rest] = wrapText(printable(text), 62);
  return [`  ${label.padEnd(14)}${first}`, ...rest.map((more) => `${' '.repeat(16)}${more}`)].join(
    '\n',
  );
}

function intervalText({ confidence }: SearchPlan, { interval: [low, high] }: MaxLoad): string {
  const percent = `${shortNumber(confidence * 100)} %`;
  if (high === null) return '';
  return `  (${percent}: ${rpsNumber(low)} to ${rps(high)})`;
}

function meaning({ share, seeds, precision }: SearchPlan, { evaluations }: MaxLoad): string {
  const part = share === 0.5 ? 'half' : `${shortNumber(share * 100)} %`;
  return `${part} of the runs hold at that load; ${evaluations} runs, ${seeds.length} seeds, each known to ${shortNumber(precision * 100)}%`;
}

function rps(value: number): string {
  return `${rpsNumber(value)} rps`;
}

function rpsNumber(value: number): string {
  return shortNumber(value);
}

interface ShownSearch {
  readonly plan: SearchPlan;
  readonly result: MaxLoad;
  readonly notes: readonly string[];
}

/** @param made the command that makes it again, and our version */
export function searchPage(
  { plan, result, notes }: ShownSearch,
  made: { readonly reproduce: string; readonly version: string },
): ExperimentModel {
  const { limitedBy, observed, brackets, limits, maxLoadRps } = result;
  const what = plan.constraints.length > 0 ? plan.constraints : plan.scenario.expect;
  return {
    kind: 'search',
    title: `Highest load of ${plan.scenario.title}`,
    findings: [
      `${answerText(result)}${intervalText(plan, result)}`,
      `${meaning(plan, result)}.`,
      ...(limitedBy === null
        ? []
        : [`Limited by ${limitedBy}${observed === '' ? '' : `; just above: ${observed}`}.`]),
    ],
    tone: maxLoadRps === null ? 'unsure' : maxLoadRps === 0 ? 'bad' : 'good',
    charts: [chartOf(result)],
    tables: [
      {
        caption: 'The load of each seed: the highest that held and the lowest that did not',
        headings: ['Seed', 'Held, rps', 'Did not hold, rps'],
        rows: brackets.map(([low, high], index) => [
          plan.seeds[index] ?? '',
          shortNumber(low),
          high === null ? 'none found' : shortNumber(high),
        ]),
      },
      {
        caption: 'What must hold',
        headings: ['Expectation'],
        rows: what.map(({ text }) => [text]),
      },
    ],
    notes: ['Supposed: with the same seed, more load never helps.', ...notes, ...limits],
    ...made,
  };
}

/** How many of the seeds hold at a load. */
function chartOf({ brackets, interval: [low, high] }: MaxLoad): LineChart {
  const loads = brackets.map(([held]) => held).sort((a, b) => a - b);
  const shares = loads.map((_, index) => (100 * (loads.length - index)) / loads.length);
  const end = high === null ? 'open' : rps(high);
  return {
    kind: 'lines',
    title: 'Runs that hold, in percent, by load',
    words: `Each point is one seed; the interval of the answer is ${rpsNumber(low)} to ${end}.`,
    xTitle: 'load (rps)',
    xs: loads,
    lines: [{ name: 'runs that hold', values: shares, low: [], high: [] }],
  };
}
