/**
 * Writes `docs/validation.md`: every experiment of `test/validation` with the values measured now.
 * `npx tsx scripts/write-validation.ts`; takes about a minute. `test/validation/page.test.ts` checks that none is missing.
 */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Experiment, Judgement } from '../test/validation/experiment.ts';
import { perform, problemOf } from '../test/validation/experiment.ts';
import { POLICIES } from '../test/validation/policies.ts';
import { QUEUES } from '../test/validation/queues.ts';
import { ALPHA } from '../test/validation/statistics.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

const HEAD = `# Validation

<!-- Made by \`npx tsx scripts/write-validation.ts\`; edits here are overwritten. -->

Before a result of a scenario is worth anything, the simulator has to get those right that can be
computed. Here it is compared with closed forms of queueing theory and probability. The whole product
takes part: scenario file, mesh resources, engine, network, summary. Times are in units of one mean
service time.

**How to read it.** Each experiment runs several times with the seeds 1, 2, 3 …; measured is the mean
of those runs with its 95 % interval. The mean must lie in a band around theory that a correct
simulator leaves with a chance of ${ALPHA} (Student’s t over the runs), and the interval must be narrow
enough for that to mean something. The last column says how much of the band the error uses.
\`test/validation\` checks all of it; \`test/validation/power.test.ts\` shows that known mistakes (a
queue one place too long, random choice instead of taking turns, one retry too few) leave the band.`;

const TAIL = `## Exact, without statistics

- Little’s law as an identity: the integral of the requests in a queue equals the sum of the times that
  they spent there, to the nanosecond; a caller is busy exactly while its calls last.
- Three tiers that retry twice above a bottom that always fails make exactly 3³ = 27 attempts of each
  request.
- Constant arrivals below the capacity of constant service never wait.
- Poisson arrivals pass tests of their number, their dispersion, the independence of neighbouring
  seconds, and of their gaps (Kolmogorov–Smirnov), each at a chance of ${ALPHA}.

## Retry storms

A server of 100 rps with exponential service, a time-out of 0.5 s per try, three retries, load 40 rps,
for 20 s 150 rps. Theory (λ load, w tries, μ capacity): with λw < μ, or with a queue that holds less
work than the time-out, the trigger is forgotten; else every try ends after its caller has gone. At
these points every seed ends the same way:

| queue | load | policy | end |
|---:|---:|---|---|
| 30 | 40 rps | 3 retries | recovers: the queue holds less than the time-out |
| 200 | 20 rps | 3 retries | recovers: all tries fit into the capacity |
| 200 | 40 rps | no retries | recovers |
| 200 | 40 rps | 3 retries, budget of 20 % | recovers |
| 200 | 40 rps | 3 retries, expired requests skipped | recovers |
| 200 | 40 rps | 3 retries, given-up requests cancelled | recovers |
| 150 | 40 rps | 3 retries | stuck: 4.0 attempts per request, no success |
| 200 | 40 rps | 3 retries | stuck: 4.0 attempts per request, no success |
| 200 | 30 rps | 3 retries | stuck: 4.0 attempts per request, no success |

Between these points the outcome is a matter of chance and is not tested.

## Laws

What holds in every run, not only in those of theory, is in [invariants](invariants.md).
`;

function table(title: string, experiments: readonly Experiment[]): string {
  const rows = experiments.flatMap((experiment) => perform(experiment).map(row));
  return [
    `## ${title}`,
    '',
    '| experiment | theory | figure | by theory | measured (95 %) | error / band |',
    '|---|---|---|---:|---:|---:|',
    ...rows,
  ].join('\n');
}

function row(judgement: Judgement): string {
  const { experiment, figure, estimate, band } = judgement;
  const problem = problemOf(judgement);
  if (problem !== null) throw new Error(`${experiment.name}: ${problem}`);
  const measured = `${digits(estimate.mean)} ± ${digits(estimate.halfWidth95)}`;
  const used = Math.abs(estimate.mean - figure.theory) / band;
  const cells = [experiment.name, experiment.theory, figure.name, digits(figure.theory), measured];
  return `| ${cells.join(' | ')} | ${used.toFixed(2)} |`;
}

function digits(value: number): string {
  return value.toPrecision(4);
}

const page = [HEAD, table('Queues', QUEUES), table('Policies', POLICIES), TAIL].join('\n\n');
writeFileSync(join(ROOT, 'docs/validation.md'), page);
console.log('docs/validation.md written');
