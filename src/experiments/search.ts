/**
 * The highest load that a scenario carries: bisection on paired seeds.
 *
 * With its seed fixed a run is a function of the load, and more load brings the same requests closer
 * together. So every seed has a load of its own up to which the expectations hold; it is bracketed by
 * steps and then halved, geometrically, until it is known to the precision. The answer is a quantile
 * of these loads over the seeds (the median, unless more runs shall hold), with an interval of order
 * statistics: it supposes nothing about their law, only that more load never helps.
 * Source: order-statistics intervals, e.g. Conover, Practical Nonparametric Statistics, §3.2.
 */
import { UsageError } from '../core/errors.ts';
import type { Expectation, Scenario } from '../harness/scenario.ts';
import type { LoadSpec, OpenLoad } from '../workload/load.ts';
import type { Experiment, RunFigures, Step } from './experiment.ts';
import { quantileRank } from './statistics.ts';

export interface SearchPlan {
  readonly scenario: Scenario;
  /** What must hold; none = the scenario's own expectations, that is: the run must pass. */
  readonly constraints: readonly Expectation[];
  readonly seeds: readonly string[];
  /** Of the interval, in (0, 1). */
  readonly confidence: number;
  /** Of the runs that shall hold at the answer, in (0, 1). */
  readonly share: number;
  /** To which each seed's load is found, as a ratio above 0. */
  readonly precision: number;
}

export interface MaxLoad {
  /** Requests per second of all open clients; 0 = none holds, null = nothing limits it. */
  readonly maxLoadRps: number | null;
  /** Holds the true value with the stated confidence; null = no upper end was found. */
  readonly interval: readonly [low: number, high: number | null];
  /** Runs that were made. */
  readonly evaluations: number;
  /** The expectation that fails first, in most of the seeds; null = none did. */
  readonly limitedBy: string | null;
  /** What it was seen to be, just above the answer. */
  readonly observed: string;
  /** One a seed, in their order: the highest load that held, the lowest that did not. */
  readonly brackets: readonly (readonly [low: number, high: number | null])[];
  /** What runs only approximated, one line each. */
  readonly limits: readonly string[];
}

/** How far from the scenario's own load is looked, as factors. */
const LEAST = 1 / 4096;
const MOST = 1024;
const LONGEST_STEP = 2;

/** The search as an experiment. @throws UsageError when there is no load, or nothing to hold */
export function* searchMaxLoad(plan: SearchPlan): Experiment<MaxLoad> {
  checkPlan(plan);
  const baseRps = openLoadRps(plan.scenario);
  const limits = new Set<string>();
  let evaluations = 0;
  const round = function* (
    climbs: readonly Climb[],
    precision: number,
  ): Generator<Step<MaxLoad>, void, readonly RunFigures[]> {
    for (;;) {
      const open = climbs.filter((climb) => !climb.isDone(precision));
      if (open.length === 0) return;
      const figures = yield {
        runs: open.map(({ seed, next }) => ({
          scenario: atLoad(plan.scenario, next),
          seed,
          constraints: plan.constraints,
        })),
        soFar: null,
      };
      evaluations += figures.length;
      for (const [index, climb] of open.entries()) {
        const run = figures[index] as RunFigures;
        climb.take(findFailure(run, plan.constraints.length));
        for (const line of run.limits) limits.add(line);
      }
    }
  };
  // One seed alone first, roughly: the others then begin near their own loads.
  const [first = '', ...rest] = plan.seeds;
  const pilot = new Climb(first, 1, LONGEST_STEP);
  yield* round([pilot], 0.1);
  const start = pilot.low > 0 ? pilot.low : LEAST;
  const climbs = [pilot, ...rest.map((seed) => new Climb(seed, start, 1 + 4 * plan.precision))];
  yield* round(climbs, plan.precision);
  return { ...answerOf(plan, climbs, baseRps), evaluations, limits: [...limits] };
}

function checkPlan({ scenario, constraints, seeds, confidence, share }: SearchPlan): void {
  if (openLoadRps(scenario) === 0) {
    throw new UsageError('the scenario has no open client, so there is no load to change');
  }
  if (constraints.length === 0 && scenario.expect.length === 0) {
    throw new UsageError('nothing has to hold: give --constraint, or expectations in the scenario');
  }
  const alpha = (1 - confidence) / 2;
  if (ranksOf(seeds.length, share, alpha) !== null) return;
  let needed = seeds.length;
  while (needed < 100_000 && ranksOf(needed, share, alpha) === null) needed += 1;
  throw new UsageError(
    `${seeds.length} seeds give no interval at confidence ${confidence}; give at least ${needed}`,
  );
}

/** 0-based ranks of the two ends among the seeds' loads, ascending; null = too few seeds. */
function ranksOf(count: number, share: number, alpha: number): readonly [number, number] | null {
  const low = quantileRank(count, 1 - share, alpha);
  const cut = quantileRank(count, share, alpha);
  return low < 0 || cut < 0 ? null : [low, count - 1 - cut];
}

interface Failure {
  readonly text: string;
  readonly observed: string;
}

/** The first thing that does not hold; null = all of it does. What is not shown to hold does not. */
function findFailure(run: RunFigures, constraints: number): Failure | null {
  const counted = constraints === 0 ? run.expect : run.expect.slice(-constraints);
  if (constraints === 0 && run.verdict === 'pass') return null;
  const failed = counted.find(({ ok }) => ok === false) ?? counted.find(({ ok }) => ok === null);
  if (failed !== undefined) return { text: failed.text, observed: failed.observed };
  return constraints === 0 ? { text: run.reasons[0] ?? run.verdict, observed: '' } : null;
}

/** One seed on its way to the highest load that holds, as factors of the scenario's own. */
class Climb {
  readonly seed: string;
  /** To be tried. */
  next: number;
  /** Highest that held, 0 = none yet. */
  low = 0;
  /** Lowest that did not, Infinity = none yet. */
  high = Infinity;
  /** At `high`. */
  failure: Failure | null = null;
  #step: number;

  constructor(seed: string, start: number, step: number) {
    this.seed = seed;
    this.next = start;
    this.#step = Math.min(step, LONGEST_STEP);
  }

  isDone(precision: number): boolean {
    if (this.high <= LEAST || this.low >= MOST) return true;
    return this.low > 0 && this.high <= this.low * (1 + precision);
  }

  take(failure: Failure | null): void {
    if (failure === null) this.low = this.next;
    else {
      this.high = this.next;
      this.failure = failure;
    }
    if (this.low > 0 && this.high < Infinity) {
      this.next = Math.sqrt(this.low * this.high);
      return;
    }
    this.next = failure === null ? this.low * this.#step : this.high / this.#step;
    this.#step = Math.min(this.#step * this.#step, LONGEST_STEP);
  }
}

type Answer = Omit<MaxLoad, 'evaluations' | 'limits'>;

function answerOf(plan: SearchPlan, climbs: readonly Climb[], baseRps: number): Answer {
  const { share, confidence } = plan;
  const ranks = ranksOf(climbs.length, share, (1 - confidence) / 2) ?? [0, climbs.length - 1];
  const lows = climbs.map(({ low }) => low).sort((a, b) => a - b);
  const highs = climbs.map(({ high }) => high).sort((a, b) => a - b);
  const middle = Math.floor((climbs.length - 1) * (1 - share));
  const best = lows[middle] ?? 0;
  const rps = (factor: number) => Number((factor * baseRps).toPrecision(6));
  const upper = highs[ranks[1]] ?? Infinity;
  const failures = climbs.flatMap(({ failure }) => (failure === null ? [] : [failure]));
  const limitedBy = mostFrequent(failures.map(({ text }) => text));
  const nearest = climbs
    .filter(({ failure }) => failure !== null && failure.text === limitedBy)
    .sort((a, b) => Math.abs(a.high - best) - Math.abs(b.high - best))[0];
  return {
    maxLoadRps: best >= MOST ? null : rps(best),
    interval: [rps(lows[ranks[0]] ?? 0), upper === Infinity ? null : rps(upper)],
    limitedBy,
    observed: nearest?.failure?.observed ?? '',
    brackets: climbs.map(({ low, high }) => [rps(low), high === Infinity ? null : rps(high)]),
  };
}

/** The first of those that occur most often; null = there are none. */
function mostFrequent(texts: readonly string[]): string | null {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return [...counts].find(([, count]) => count === most)?.[0] ?? null;
}

/** Requests per second of all open clients at the start. */
export function openLoadRps(scenario: Scenario): number {
  return scenario.clients.reduce(
    (sum, { load }) => sum + (load.kind === 'open' ? load.rateRps : 0),
    0,
  );
}

/** The scenario with the load of its open clients times a factor, at every time. */
export function atLoad(scenario: Scenario, factor: number): Scenario {
  const scaled = (load: LoadSpec) => (load.kind === 'open' ? scaledLoad(load, factor) : load);
  const clients = scenario.clients.map((client) => ({ ...client, load: scaled(client.load) }));
  return { ...scenario, clients };
}

function scaledLoad(load: OpenLoad, factor: number): OpenLoad {
  return {
    ...load,
    rateRps: load.rateRps * factor,
    burstEveryNs: Math.round(load.burstEveryNs / factor),
    stages: load.stages.map((stage) => ({ ...stage, value: stage.value * factor })),
  };
}
