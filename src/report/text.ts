/**
 * The report as plain text for terminals and `summary.txt`: 80 columns, no colour, no network.
 *
 * Time runs in lines of block characters, scaled per line from zero to the greatest value of all
 * runs, so that runs can be compared line by line. All input is made printable first.
 */
import { printable } from '../core/printable.ts';
import type { ExpectationSummary } from '../core/summary.ts';
import { mostAmplifiedPath } from './amplification.ts';
import { max } from './chart.ts';
import { formatFactor, formatMs, formatRate, formatRatio, formatSeconds } from './format.ts';
import { identitySentences } from './identity-words.ts';
import type { ReportModel } from './model.ts';
import { endS, labelledRuns, meanOver, type RunView, sumColumns } from './view.ts';
import {
  declarationWords,
  shortObserved,
  TONE_SIGNS,
  verdictReasons,
  verdictTitle,
  verdictTone,
} from './words.ts';

const COLUMNS = 80;
const SPARK_CELLS = 48;
const SPARKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const LABEL_COLUMNS = 13;

/** @returns lines that end in a line end each; no line is longer than 80 columns */
export function renderText(model: ReportModel): string {
  const runs = labelledRuns(model);
  const scales = scalesOf(runs);
  const lines = [
    ...wrapped(model.title, ''),
    ...wrapped(`scenario ${model.scenario.path}, meshquake ${model.version}`, ''),
    ...(model.setting ?? []).flatMap(({ label, value }) => wrapped(`${label}: ${value}`, '')),
    ...runs.flatMap((run) => ['', ...runLines(run, scales)]),
    ...limitLines(runs),
    '',
    `reproduce: ${printable(model.reproduce)}`,
  ];
  return `${lines.join('\n')}\n`;
}

interface Lane {
  readonly name: string;
  readonly values: readonly (number | null)[];
  readonly words: string;
}

function runLines(run: RunView, scales: ReadonlyMap<string, number>): readonly string[] {
  const { summary } = run;
  const declared = declarationWords(run);
  const tail = declared === '' ? '' : ` (${declared})`;
  const sign = TONE_SIGNS[verdictTone(summary.verdict)];
  return [
    ...wrapped(`${sign} ${run.label}: ${verdictTitle(summary.verdict)}${tail}`, '', '  '),
    ...verdictReasons(run).flatMap((sentence) => wrapped(sentence, '  ')),
    ...summary.expect.filter((item) => item.ok !== true).flatMap(brokenLines),
    ...lanesOf(run).flatMap((lane) => laneLine(run, lane, scales.get(lane.name) ?? 0)),
    ...faultLine(run),
    ...clientLines(run),
    ...identityLines(run),
    ...wrapped(
      `seed ${summary.seed}, digest ${summary.digest}, scenario hash ${summary.scenario.hash}`,
      '  ',
      '    ',
    ),
  ];
}

function brokenLines(item: ExpectationSummary): readonly string[] {
  const sign = item.ok === null ? TONE_SIGNS.unsure : TONE_SIGNS.bad;
  const window = `${formatSeconds(item.windowS[0])} to ${formatSeconds(item.windowS[1])}`;
  return wrapped(`${sign} ${item.text}: ${shortObserved(item)} (${window})`, '    ', '      ');
}

function lanesOf(run: RunView): readonly Lane[] {
  const { clients, edges, edgesS } = run.timeline;
  const length = edgesS.length - 1;
  const total = (columns: readonly (readonly number[])[]) => sumColumns(columns, length);
  const goodput = total(clients.map((client) => client.goodputRps));
  const retries = total(edges.map((edge) => edge.retriesRps));
  const [client] = clients;
  const path = mostAmplifiedPath(run.summary.edges);
  const lanes: Lane[] = [{ name: 'goodput', values: goodput, words: peakWords(goodput) }];
  if (client !== undefined) {
    const slowest = run.summary.clients.find((item) => item.name === client.name);
    const words = slowest === undefined ? '' : `${formatMs(slowest.latencyMs.p99)} overall`;
    lanes.push({ name: 'p99 latency', values: client.latencyMsP99, words });
  }
  if (retries.some((value) => value > 0)) {
    const words = path === null ? '' : `${formatFactor(path.factor)} attempts`;
    lanes.push({ name: 'retries', values: retries, words });
  }
  return lanes;
}

function peakWords(values: readonly number[]): string {
  return `at most ${formatRate(max([0, ...values]))}`;
}

/** The greatest cell of each lane over all runs. */
function scalesOf(runs: readonly RunView[]): ReadonlyMap<string, number> {
  const scales = new Map<string, number>();
  for (const run of runs) {
    for (const lane of lanesOf(run)) {
      const known = scales.get(lane.name) ?? 0;
      scales.set(lane.name, Math.max(known, ...cellsOf(run, lane.values).map((cell) => cell ?? 0)));
    }
  }
  return scales;
}

function laneLine(run: RunView, lane: Lane, scale: number): string {
  const spark = cellsOf(run, lane.values).map((cell) => sparkOf(cell, scale));
  return `  ${lane.name.padEnd(LABEL_COLUMNS)}${spark.join('')} ${lane.words}`.slice(0, COLUMNS);
}

function sparkOf(cell: number | null, scale: number): string {
  if (cell === null) return ' ';
  const step = scale > 0 ? Math.floor((cell / scale) * (SPARKS.length - 0.001)) : 0;
  return SPARKS[step] ?? ' ';
}

/** Means over equal stretches of the run. */
function cellsOf(run: RunView, values: readonly (number | null)[]): readonly (number | null)[] {
  const { edgesS } = run.timeline;
  const start = edgesS[0] ?? 0;
  const length = (endS(run.timeline) - start) / SPARK_CELLS;
  return Array.from({ length: SPARK_CELLS }, (_, cell) =>
    meanOver(edgesS, values, start + cell * length, start + (cell + 1) * length),
  );
}

/** Where in the run a fault was active, under the lanes. */
function faultLine(run: RunView): readonly string[] {
  const { faults } = run.summary;
  if (faults.length === 0) return [];
  const start = run.timeline.edgesS[0] ?? 0;
  const length = (endS(run.timeline) - start) / SPARK_CELLS;
  const marks = Array.from({ length: SPARK_CELLS }, (_, cell) => {
    const from = start + cell * length;
    const isActive = faults.some((fault) => fault.startS < from + length && fault.endS > from);
    return isActive ? '▒' : '·';
  });
  const [first] = faults;
  const more = faults.length > 1 ? ` and ${faults.length - 1} more` : '';
  const words = first === undefined ? '' : `${printable(first.id)}${more}`;
  return [`  ${'faults'.padEnd(LABEL_COLUMNS)}${marks.join('')} ${words}`.slice(0, COLUMNS)];
}

function clientLines(run: RunView): readonly string[] {
  return run.summary.clients.flatMap((client) => {
    const success = client.offered === 0 ? 'none' : formatRatio(client.succeeded / client.offered);
    const { p50, p99 } = client.latencyMs;
    return wrapped(
      `${client.name}: ${success} of ${client.offered} requests succeeded, median ${formatMs(p50)}, 99th percentile ${formatMs(p99)}`,
      '  ',
      '    ',
    );
  });
}

function identityLines({ summary }: RunView): readonly string[] {
  if (summary.identity === undefined) return [];
  return identitySentences(summary.identity).flatMap((text) => wrapped(text, '  ', '    '));
}

function limitLines(runs: readonly RunView[]): readonly string[] {
  const limits = [...new Set(runs.flatMap((run) => run.summary.limits))];
  if (limits.length === 0) return [];
  return ['', 'limits', ...limits.flatMap((line) => wrapped(`- ${line}`, '  ', '    '))];
}

/** Words on lines of 80 columns; a word that is longer is cut into pieces. */
function wrapped(text: string, indent: string, hanging = indent): readonly string[] {
  const lines: string[] = [];
  let line = indent;
  let isEmpty = true;
  const words = printable(text)
    .split(' ')
    .flatMap((word) => pieces(word, COLUMNS - hanging.length));
  for (const word of words) {
    const gap = isEmpty ? '' : ' ';
    if (!isEmpty && line.length + gap.length + word.length > COLUMNS) {
      lines.push(line);
      line = hanging + word;
    } else {
      line += gap + word;
    }
    isEmpty = false;
  }
  return [...lines, line];
}

function pieces(word: string, length: number): readonly string[] {
  if (word.length <= length) return [word];
  return [word.slice(0, length), ...pieces(word.slice(length), length)];
}
