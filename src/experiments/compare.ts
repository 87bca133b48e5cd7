/**
 * Compares two scenarios over paired seeds: is B better than A, worse, or no different?
 *
 * Each seed gives one pair of runs with the same arrivals, service times and network, so the
 * difference within a pair is the policy's. Pairs are added until every figure is decided or no more
 * are allowed; looking in between costs what `sequential.ts` says, so the stated confidence holds for
 * the whole comparison.
 */
import { mean } from 'simple-statistics';
import { UsageError } from '../core/errors.ts';
import type { Scenario } from '../harness/scenario.ts';
import type { Experiment, RunFigures, RunRequest } from './experiment.ts';
import {
  chooseMetrics,
  type Direction,
  type Margin,
  type Metric,
  marginAmount,
} from './metrics.ts';
import { fewestPairs, Knowledge, type Look, planLooks, sideOf } from './sequential.ts';
import type { Interval } from './statistics.ts';

export interface ComparisonPlan {
  readonly a: Scenario;
  readonly b: Scenario;
  /** As `chooseMetrics` reads them; empty = the usual ones. */
  readonly metrics: readonly string[];
  /** By the name of the figure. */
  margin(name: string): Margin;
  /** As many pairs as are allowed at most. */
  readonly seeds: readonly string[];
  /** Of all figures together, in (0, 1). */
  readonly confidence: number;
}

/** `undecided`: the interval reaches over an edge of the margin and no more pairs are allowed. */
export type ComparisonVerdict = 'better' | 'worse' | 'no-difference' | 'undecided';

export interface ComparedMetric {
  readonly name: string;
  readonly better: Direction;
  /** Means over the pairs. */
  readonly a: number;
  readonly b: number;
  /** b − a */
  readonly difference: number;
  /** Of the difference, good for all figures and all looks together; null = a run had no figure. */
  readonly interval: Interval | null;
  /** In the unit of the figure. */
  readonly margin: number;
  /** Of B against A. */
  readonly verdict: ComparisonVerdict;
}

export interface Comparison {
  /** Pairs that were run and looked at. */
  readonly pairs: number;
  readonly metrics: readonly ComparedMetric[];
  /** Of B against A: worse in anything, else better in anything, else undecided in anything. */
  readonly verdict: ComparisonVerdict;
  /** What runs only approximated, one line each. */
  readonly limits: readonly string[];
}

/**
 * The comparison as an experiment.
 *
 * @throws UsageError when a metric does not exist, or so few seeds can never decide
 */
export function* compare(plan: ComparisonPlan): Experiment<Comparison> {
  // One pair first: it tells whether the figures exist, before many are run.
  const first = yield { runs: runsOf(plan, 0, 1), soFar: null };
  const metrics = chooseMetrics(plan.metrics, commonNames(first));
  const alpha = (1 - plan.confidence) / metrics.length;
  const looks = planLooks(plan.seeds.length);
  checkSeeds(plan, looks, alpha);
  const table = new Table(plan, metrics, alpha);
  table.add(first);
  let result: Comparison | null = null;
  for (const look of looks) {
    table.add(yield { runs: runsOf(plan, table.pairs, look.pairs), soFar: result });
    result = table.look(look);
    if (result.metrics.every((metric) => metric.verdict !== 'undecided')) return result;
  }
  return result as Comparison;
}

/** A and B of each pair from `from` to before `to`, side by side. */
function runsOf({ a, b, seeds }: ComparisonPlan, from: number, to: number): readonly RunRequest[] {
  return seeds.slice(from, to).flatMap((seed) => [
    { scenario: a, seed, constraints: [] },
    { scenario: b, seed, constraints: [] },
  ]);
}

function commonNames([a, b]: readonly RunFigures[]): readonly string[] {
  const ofB = b?.figures ?? {};
  return Object.keys(a?.figures ?? {}).filter((name) => Object.hasOwn(ofB, name));
}

function checkSeeds(plan: ComparisonPlan, looks: readonly Look[], alpha: number): void {
  const last = looks.at(-1);
  const needed = fewestPairs(alpha * (last?.share ?? 1));
  if (plan.seeds.length >= needed) return;
  const count = plan.seeds.length;
  throw new UsageError(
    `${count} seeds can never tell a difference at confidence ${plan.confidence}; give at least ${needed}, better 200`,
  );
}

/** All figures of all pairs so far. */
class Table {
  readonly #plan: ComparisonPlan;
  readonly #columns: readonly Column[];
  readonly #alpha: number;
  readonly #limits = new Set<string>();
  pairs = 0;

  constructor(plan: ComparisonPlan, metrics: readonly Metric[], alpha: number) {
    this.#plan = plan;
    this.#alpha = alpha;
    this.#columns = metrics.map((metric) => new Column(metric));
  }

  add(runs: readonly RunFigures[]): void {
    for (let index = 0; index + 1 < runs.length; index += 2) {
      const [a, b] = [runs[index], runs[index + 1]];
      for (const column of this.#columns) column.add(a?.figures, b?.figures);
      this.pairs += 1;
    }
    for (const line of runs.flatMap((run) => run.limits)) this.#limits.add(line);
  }

  look({ share }: Look): Comparison {
    const alpha = this.#alpha * share;
    const canDecide = this.pairs >= fewestPairs(alpha);
    const metrics = this.#columns.map((column) => {
      if (canDecide) column.look(alpha);
      return column.compared(this.#plan.margin(column.metric.name));
    });
    return { pairs: this.pairs, metrics, verdict: verdictOver(metrics), limits: [...this.#limits] };
  }
}

/** One figure over the pairs. */
class Column {
  readonly metric: Metric;
  readonly #a: number[] = [];
  readonly #b: number[] = [];
  readonly #knowledge = new Knowledge();
  #isIncomplete = false;

  constructor(metric: Metric) {
    this.metric = metric;
  }

  add(a: RunFigures['figures'] = {}, b: RunFigures['figures'] = {}): void {
    const ofA = a[this.metric.name];
    const ofB = b[this.metric.name];
    if (ofA === undefined || ofB === undefined) {
      this.#isIncomplete = true;
      return;
    }
    this.#a.push(ofA);
    this.#b.push(ofB);
  }

  look(alpha: number): void {
    if (this.#isIncomplete) return;
    this.#knowledge.look(
      this.#b.map((value, index) => value - (this.#a[index] ?? 0)),
      alpha,
    );
  }

  compared(margin: Margin): ComparedMetric {
    const { name, better } = this.metric;
    const [a, b] = [average(this.#a), average(this.#b)];
    const { interval } = this.#knowledge;
    const isKnown = !this.#isIncomplete && Number.isFinite(interval[0]);
    const amount = marginAmount(margin, a);
    return {
      name,
      better,
      a,
      b,
      difference: b - a,
      interval: isKnown ? interval : null,
      margin: amount,
      verdict: isKnown ? verdictOf(interval, amount, better) : 'undecided',
    };
  }
}

function average(values: readonly number[]): number {
  return values.length === 0 ? 0 : mean([...values]);
}

function verdictOf(interval: Interval, margin: number, better: Direction): ComparisonVerdict {
  const side = sideOf(interval, margin);
  if (side === 'within') return 'no-difference';
  if (side === 'undecided') return 'undecided';
  return (side === 'above') === (better === 'up') ? 'better' : 'worse';
}

const STRONGEST_FIRST: readonly ComparisonVerdict[] = ['worse', 'better', 'undecided'];

function verdictOver(metrics: readonly ComparedMetric[]): ComparisonVerdict {
  const has = (word: ComparisonVerdict) => metrics.some((metric) => metric.verdict === word);
  return STRONGEST_FIRST.find(has) ?? 'no-difference';
}
