/**
 * Runs the cases of a suite, several at once, and tells their results in the order of the suite: a
 * case is told when all before it have been. With `--bail` nothing that follows the first failure is
 * told, even if it has run, so a suite reads the same on every machine.
 */
import type { RunOutcome } from '../../harness/conclude.ts';
import type { CliIo } from '../cli-io.ts';
import { untilInterrupted } from '../interrupt.ts';
import { type RunOptions, reproduceCommand } from '../run-options.ts';
import { RunPool } from '../run-pool.ts';
import { RunProgress } from '../run-progress.ts';
import { type VariantResult, variantResult } from '../run-results.ts';
import type { RunTask } from '../run-task.ts';
import type { BrokenCase, CaseResult, SuiteCase } from './suite.ts';

/** How a suite runs. */
export interface SuitePlan {
  readonly cases: readonly (SuiteCase | BrokenCase)[];
  /** Seeds of every case. */
  readonly options: RunOptions;
  /** End at the first case that does not pass. */
  readonly isBail: boolean;
  /** Runs at once; null = one a processor. */
  readonly jobs: number | null;
}

/** @param tell called for each case, in the order of the suite */
export async function runSuite(
  plan: SuitePlan,
  io: CliIo,
  tell: (result: CaseResult) => void,
): Promise<{ readonly cases: readonly CaseResult[]; readonly wasInterrupted: boolean }> {
  const { options } = plan;
  const ledger = new Ledger(plan, tell);
  const work = plan.cases.flatMap((item, at) =>
    'scenario' in item
      ? options.seeds.map((seed) => ({ at, task: taskOf(item, seed, options) }))
      : [],
  );
  const labels = work.map(({ at, task }) => `${plan.cases[at]?.name} seed ${task.seed}`);
  const progress = new RunProgress(io.stderr, labels, options.isQuiet);
  const pool = new RunPool({ hasThreads: io.hasThreads, jobs: plan.jobs });
  try {
    const wasInterrupted = await untilInterrupted(async (interrupt) => {
      const bail = new AbortController();
      const batch = {
        signal: AbortSignal.any([interrupt, bail.signal]),
        onProgress: (index: number, share: number) => progress.update(index, share),
      };
      ledger.begin(() => bail.abort());
      if (ledger.hasEnded) return false;
      const tasks = work.map(({ task }) => task);
      await pool.run('outcome', tasks, batch, (index, outcome) => {
        const { at } = work[index] as (typeof work)[number];
        progress.clear();
        ledger.take(at, outcome);
      });
      return interrupt.aborted && !ledger.hasEnded;
    });
    return { cases: ledger.end(), wasInterrupted };
  } finally {
    await pool.close();
    progress.clear();
  }
}

function taskOf({ scenario }: SuiteCase, seed: string, { isAboutSeeds }: RunOptions): RunTask {
  return { scenario, seed, thresholds: [], isOneOfMany: isAboutSeeds };
}

/** Collects outcomes and hands on what is complete, in order. */
class Ledger {
  readonly #plan: SuitePlan;
  readonly #tell: (result: CaseResult) => void;
  readonly #outcomes: RunOutcome[][];
  readonly #told: CaseResult[] = [];
  #onBail: () => void = () => {};
  #hasBailed = false;

  constructor(plan: SuitePlan, tell: (result: CaseResult) => void) {
    this.#plan = plan;
    this.#tell = tell;
    this.#outcomes = plan.cases.map(() => []);
  }

  /** Told all, or bailed out. */
  get hasEnded(): boolean {
    return this.#hasBailed || this.#told.length === this.#plan.cases.length;
  }

  begin(onBail: () => void): void {
    this.#onBail = onBail;
    this.#flush();
  }

  take(at: number, outcome: RunOutcome): void {
    this.#outcomes[at]?.push(outcome);
    this.#flush();
  }

  /** All cases; those that were not told have not run. */
  end(): readonly CaseResult[] {
    const rest = this.#plan.cases.slice(this.#told.length);
    return [...this.#told, ...rest.map(notRun)];
  }

  #flush(): void {
    const { cases, options, isBail } = this.#plan;
    while (!this.hasEnded) {
      const at = this.#told.length;
      const item = cases[at];
      const outcomes = this.#outcomes[at] ?? [];
      if (item === undefined) return;
      if ('scenario' in item && outcomes.length < options.seeds.length) return;
      const result =
        'scenario' in item ? resultOf(item, inOrder(outcomes, options), options) : broken(item);
      this.#told.push(result);
      this.#tell(result);
      if (isBail && result.status !== 'passed') {
        this.#hasBailed = true;
        this.#onBail();
      }
    }
  }
}

function inOrder(outcomes: readonly RunOutcome[], { seeds }: RunOptions): readonly RunOutcome[] {
  const place = (outcome: RunOutcome) => seeds.indexOf(outcome.summary.seed);
  return [...outcomes].sort((a, b) => place(a) - place(b));
}

function resultOf(
  { name, path, scenario }: SuiteCase,
  outcomes: readonly RunOutcome[],
  options: RunOptions,
): CaseResult {
  const result = variantResult(scenario, outcomes, options.isAboutSeeds);
  const declared = scenario.declaredVerdict ?? 'pass';
  return {
    name,
    path,
    status: result.asDeclared ? 'passed' : 'failed',
    verdict: result.verdict.verdict,
    declared,
    reasons: result.asDeclared ? [] : reasonsOf(result, declared),
    position: positionOf(result),
    runs: outcomes.map(({ summary }) => ({ seed: summary.seed, digest: summary.digest })),
    wallS: outcomes.reduce((sum, { summary }) => sum + summary.run.wallS, 0),
    reproduce: reproduceCommand(path, scenario.variant, options),
  };
}

function reasonsOf(result: VariantResult, declared: string): readonly string[] {
  const { verdict } = result;
  const ending =
    verdict.verdict === declared
      ? `ended as ${declared}, but what it expects besides did not hold`
      : `ended as ${verdict.verdict}, the file declares ${declared}`;
  const own = failedExpectations(result).filter(({ expectation }) => expectation?.isVariantsOwn);
  const texts = own.map(({ text, observed }) => `${text} (${observed})`);
  return [...new Set([ending, ...verdict.reasons, ...texts])];
}

function failedExpectations({ scenario, outcomes }: VariantResult) {
  return outcomes.flatMap(({ summary }) =>
    summary.expect.flatMap(({ ok, text, observed }, index) =>
      ok === true ? [] : [{ expectation: scenario.expect[index], text, observed }],
    ),
  );
}

function positionOf(result: VariantResult): CaseResult['position'] {
  const [first] = result.asDeclared ? [] : failedExpectations(result);
  return first?.expectation?.position ?? { file: result.scenario.path, line: 1, column: 1 };
}

const NOTHING_RAN = { verdict: null, declared: null, runs: [], wallS: 0, reproduce: '' };

function broken({ name, path, problems, position }: BrokenCase): CaseResult {
  const reasons = problems.split('\n');
  return { ...NOTHING_RAN, name, path, status: 'broken', reasons, position };
}

function notRun(item: SuiteCase | BrokenCase): CaseResult {
  const { name, path } = item;
  const declared = 'scenario' in item ? (item.scenario.declaredVerdict ?? 'pass') : null;
  const position =
    'scenario' in item ? { file: item.scenario.path, line: 1, column: 1 } : item.position;
  return { ...NOTHING_RAN, name, path, status: 'not-run', declared, reasons: [], position };
}
