/**
 * The report as data: which rows stand together, what they say, and the goals that they are held to.
 * Markdown and HTML are both made from it.
 */
import type { BenchDocument, RowResult } from '../document.ts';
import { SIZES, scaleName } from '../scale.ts';
import type { Plot } from './plots.ts';

export interface Section {
  readonly title: string;
  readonly text: string;
  readonly rows: readonly RowResult[];
  readonly plots: readonly Plot[];
}

export interface Goal {
  readonly text: string;
  /** null = not measured. */
  readonly measured: string | null;
  readonly isMet: boolean | null;
}

const GROUPS: readonly (readonly [RegExp, string, string])[] = [
  [
    /^mesh\.(lean|full|closures|indexed-heap|simpy)$/,
    'The simulator',
    'One model of three tiers, simulated by several programs: pick the less loaded of two of ten ' +
      'endpoints, skip ejected ones, per-try timeout set and cancelled, up to two retries of the ' +
      '0.5 % that fail, log-normal delays, a queue in front of 16 workers, one histogram record a ' +
      'hop. `mesh.lean` and `mesh.full` run the real engine; `mesh.closures` is the usual ' +
      'JavaScript, `mesh.simpy` the usual Python.',
  ],
  [
    /^kernel\./,
    'The event queue',
    'The hold model: take the earliest event, put one in at an exponential distance. The number is ' +
      'how many are pending; `kernel.heap.10k` is an indexed binary heap.',
  ],
  [
    /^mesh\..*(bytes|allocated)/i,
    'Memory',
    'What a simulated request allocates once everything is warm, and what an attempt holds while ' +
      'it is under way: 100,000 of them, an idle world subtracted, heap and typed arrays together, ' +
      'its connection, its timer and its event included.',
  ],
  [
    /^mesh\..*cost/i,
    'What features cost',
    'How much longer a CPU takes with than without: 0.04 is 4 %. The digest over every record is ' +
      'always on; requests are followed (`trace`) only in the second run that draws a waterfall.',
  ],
  [
    /^scale\./,
    'Growth',
    'Whole scenarios with sidecars on both sides, recorder and digest: one service of 10 to 10,000 ' +
      'instances, and 10 to 1,000 services in chains of three whose sidecars all know each other. ' +
      'Speed in requests of clients; building is everything from the text to a world that can start.',
  ],
  [
    /^sweep\./,
    'Experiments',
    'Runs of a sweep per second with two threads, against twice those with one: 1 is no loss. Wall-clock ' +
      'time, so it takes an otherwise idle machine.',
  ],
  [
    /^proxy\./,
    'The proxy',
    'Requests per CPU second of the proxy’s own process, HTTP/1.1 over loopback, 16 connections ' +
      'kept alive, small answers; for `direct` it is the server’s. One worker thread each.',
  ],
];

export function sectionsOf(document: BenchDocument): readonly Section[] {
  return GROUPS.map(([pattern, title, text]) => {
    const rows = document.rows.filter(({ name }) => pattern.test(name));
    const plots = title === 'Growth' ? growthPlots(rows) : barPlots(title, rows);
    return { title, text, rows, plots };
  }).filter(({ rows }) => rows.length > 0);
}

function barPlots(title: string, rows: readonly RowResult[]): Plot[] {
  if (rows.length < 2) return [];
  const units = [...new Set(rows.map((row) => row.unit))];
  return units.flatMap((unit): Plot[] => {
    const bars = rows
      .filter((row) => row.unit === unit)
      .map(({ name, value, samples }) => ({ name, value, samples }));
    return bars.length < 2 ? [] : [{ kind: 'bars', title: `${title}, ${unit}`, bars }];
  });
}

function growthPlots(rows: readonly RowResult[]): Plot[] {
  const whats = [
    ['speed', 'requests per CPU second'],
    ['build', 'CPU ms to build'],
    ['memory', 'MiB'],
  ] as const;
  return whats.flatMap(([what, unit]): Plot[] => {
    const lines = (['endpoints', 'services'] as const).map((growth) => ({
      name: growth,
      points: SIZES[growth].flatMap((size) => {
        const row = rows.find(({ name }) => name === scaleName(growth, size, what));
        return row === undefined ? [] : [{ x: size, y: row.value }];
      }),
    }));
    const drawn = lines.filter(({ points }) => points.length > 1);
    return drawn.length === 0 ? [] : [{ kind: 'lines', title: unit, lines: drawn }];
  });
}

/** A word of warning where other programs used the machine; '' = it was quiet. */
export function busyNote({ machine }: BenchDocument): string {
  if (machine === undefined || machine.loadBefore <= machine.cores / 2) return '';
  return (
    `Other programs used the machine during this run (load ${machine.loadBefore} on ` +
    `${machine.cores} cores), and took caches and clock speed even from CPU time. Absolute figures ` +
    'are too low, and rows with large working sets lose most: do not judge the goals by them.'
  );
}

/** What the project promises of these figures. */
export function goalsOf(document: BenchDocument): readonly Goal[] {
  const row = (name: string) => document.rows.find((item) => item.name === name);
  const atLeast = (name: string, least: number): Goal => {
    const found = row(name);
    return {
      text: `${name} at least ${least.toLocaleString('en')} requests per CPU second`,
      measured: found === undefined ? null : Math.round(found.value).toLocaleString('en'),
      isMet: found === undefined ? null : found.value >= least,
    };
  };
  const simpy = row('mesh.lean')?.ratioTo['mesh.simpy'];
  return [
    atLeast('mesh.lean', 700_000),
    atLeast('mesh.full', 350_000),
    {
      text: 'mesh.lean at least 60 × mesh.simpy in the same run',
      measured: simpy === undefined ? null : `${simpy} ×`,
      isMet: simpy === undefined ? null : simpy >= 60,
    },
  ];
}

/** Largest minus smallest repeat, in percent of the median. */
export function spreadPercent({ samples }: RowResult): number {
  const median = medianOf(samples);
  if (median === 0) return 0;
  return Math.round((100 * (Math.max(...samples) - Math.min(...samples))) / Math.abs(median));
}

export function medianOf(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

export function figure(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return String(Math.round(value * 1000) / 1000);
}

export const METHOD: readonly string[] = [
  'Every repeat of every row is a process of its own; repeats of different rows take turns, so that a disturbance meets all.',
  'Throughputs are per second of CPU time of the process that is measured, not of wall time. Within a repeat the fastest of several stretches counts, among repeats the best; the spread of the repeats stands beside it.',
  'Absolute figures hold for this machine under this load. What to quote is a ratio of two rows of the same run.',
];
