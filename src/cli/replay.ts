/**
 * `meshquake replay`: exactly one run again, from its output folder.
 *
 * Alone it makes the whole run and compares the digest (exit 3 when it differs). With `--request` it
 * tells one request step by step, with `--to` it stops at an instant and prints the mesh's state,
 * with `--list` it only says which requests deserve a look.
 * Source: surface.md §1, §6 (replay is exactly one run).
 */
import { type Command, Option } from 'commander';
import { ExitCode, UsageError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import type { RequestSample, RequestTrace } from '../core/request-trace.ts';
import { type Ns, SECOND } from '../core/time.ts';
import { parseDurationNs } from '../core/units.ts';
import { buildWorld } from '../harness/build.ts';
import { cutPoints } from '../harness/expectations.ts';
import { type ReplayedRequest, replayRequest } from '../harness/replay-request.ts';
import { runScenario } from '../harness/run.ts';
import { runUntil, worldState } from '../harness/world-state.ts';
import { causeChain, firstFailure } from '../report/cause-chain.ts';
import { formatCount, formatSeconds } from '../report/format.ts';
import { slicesOfCall, timeSpent } from '../trace/time-slices.ts';
import type { CliContext, CliIo } from './cli-io.ts';
import { type ChosenRun, chooseRun, readReplayFile } from './replay-file.ts';
import {
  causeLines,
  msText,
  secondsText,
  stateLines,
  stepLines,
  stepText,
  timeLines,
} from './replay-words.ts';
import { json } from './run-output.ts';
import { inputError } from './scenario-files.ts';
import { programVersion } from './version.ts';

const EXAMPLES = `
<run> is the folder that "meshquake run" wrote, or a file in it.

Examples:
  $ meshquake replay reports/retry-storm/latest
  $ meshquake replay reports/retry-storm/latest --list
  $ meshquake replay reports/retry-storm/latest --request shoppers-05700907
  $ meshquake replay reports/retry-storm/latest --to 75s

Exit codes: 0 the same run again, 3 not the same, 64 usage, 65 no run, no such request, or
a run of another version.`;

interface ReplayFlags {
  readonly list?: true;
  readonly request?: string;
  readonly to?: string;
  readonly variant?: string;
  readonly seed?: string;
  readonly o: 'text' | 'json';
}

export function replayCommand(program: Command, context: CliContext): void {
  program
    .command('replay')
    .summary('make one run again: whole, one request, or up to an instant')
    .description('Makes one run again from its output folder, and shows what happened in it.')
    .argument('<run>', 'output folder of a run')
    .option('--list', 'only list the requests that deserve a look')
    .option('--request <id>', 'one request, step by step, and why it failed')
    .option('--to <time>', 'stop there and print the state of the mesh')
    .option('--variant <name>', 'which of several variants (default: the first)')
    .option('--seed <text>', 'which of several seeds (default: the first)')
    .addOption(new Option('-o <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText('after', EXAMPLES)
    .action((path: string, flags: ReplayFlags) => {
      context.exitCode = new Replay(path, flags, context.io).run();
    });
}

class Replay {
  readonly #path: string;
  readonly #flags: ReplayFlags;
  readonly #io: CliIo;
  readonly #run: ChosenRun;
  readonly #toNs: Ns | null;

  constructor(path: string, flags: ReplayFlags, io: CliIo) {
    this.#path = path;
    this.#flags = flags;
    this.#io = io;
    if (flags.list === true && (flags.request !== undefined || flags.to !== undefined)) {
      throw new UsageError('--list excludes --request and --to');
    }
    const file = readReplayFile(path, io.cwd);
    this.#run = chooseRun(path, file, flags.variant, flags.seed);
    this.#toNs = toNs(flags.to, this.#run);
  }

  run(): number {
    const { list, request } = this.#flags;
    if (list === true) return this.#list();
    if (request !== undefined) return this.#request(request);
    return this.#toNs === null ? this.#whole() : this.#state(this.#toNs);
  }

  #list(): number {
    const { requests } = this.#run;
    if (this.#isJson) return this.#printJson({ requests });
    this.#printHead();
    if (requests.length === 0) this.#print('no request ended in this run');
    const width = Math.max(2, ...requests.map(({ id }) => id.length));
    for (const item of requests) this.#print(sampleLine(item, width));
    return ExitCode.passed;
  }

  #whole(): number {
    const { scenario, seed, digest } = this.#run;
    const again = runScenario(scenario, { seed, cutPoints: cutPoints(scenario) });
    const isSame = again.digest === digest;
    if (this.#isJson) this.#printJson({ digest, again: again.digest, isSame });
    else {
      this.#printHead();
      this.#print(`${formatCount(again.events)} events, ${formatCount(again.requests)} requests`);
      this.#print(
        isSame
          ? `digest ${digest}: the same run`
          : `digest ${again.digest}, but the run had ${digest}: not the same run`,
      );
    }
    return isSame ? ExitCode.passed : ExitCode.nondeterministic;
  }

  #state(atNs: Ns): number {
    const { scenario, seed } = this.#run;
    const built = buildWorld(scenario, seed);
    runUntil(built, scenario.durationNs, atNs);
    const state = worldState(built);
    if (this.#isJson) return this.#printJson({ state });
    this.#printHead();
    for (const line of stateLines(state)) this.#print(printable(line));
    return ExitCode.passed;
  }

  #request(id: string): number {
    const { scenario, seed, requests } = this.#run;
    const replayed = replayRequest(scenario, seed, id, this.#toNs);
    if (replayed === null || replayed.steps.length === 0) throw this.#noRequest(id);
    const known = requests.find((item) => item.id === id);
    const trace: RequestTrace = { sample: sampleOf(id, replayed), call: replayed.call };
    if (this.#isJson) this.#printJson(requestDocument(trace, replayed));
    else this.#printRequest(trace, replayed);
    const isSame = this.#toNs !== null || known === undefined || isSameEnd(known, trace.sample);
    if (!isSame) this.#io.stderr.write('the request ended otherwise than in the run\n');
    return isSame ? ExitCode.passed : ExitCode.nondeterministic;
  }

  #printRequest(trace: RequestTrace, { steps, call }: ReplayedRequest): void {
    const { sample } = trace;
    this.#printHead();
    this.#print(`request ${sample.id}, begun at ${secondsText(sample.startNs)}`);
    this.#print('');
    for (const line of stepLines(steps, sample.startNs)) this.#print(printable(line));
    if (this.#toNs !== null) return;
    if (call !== null) {
      this.#print('');
      for (const line of timeLines(call, sample.endNs)) this.#print(printable(line));
    }
    const causes = causeLines(trace);
    if (causes.length === 0) return;
    this.#print('');
    for (const line of causes) this.#print(printable(line));
  }

  #noRequest(id: string) {
    const names = this.#run.requests.slice(0, 3).map((item) => item.id);
    const hint = names.length === 0 ? '' : `; there are, for example: ${names.join(', ')}`;
    const until = this.#toNs === null ? '' : ` before ${this.#flags.to}`;
    return inputError(this.#path, 'MQ-RUN-003', `the run has no request "${id}"${until}${hint}`);
  }

  #printHead(): void {
    const { scenario, seed, of } = this.#run;
    const variant = scenario.variant === '' ? '' : `  variant ${scenario.variant}`;
    const more = of > 1 ? `  (one of ${of} runs)` : '';
    const name = `scenario ${scenario.name} ${scenario.hash.slice(0, 12)}${variant}`;
    this.#print(printable(`meshquake ${programVersion()}  seed ${seed}  ${name}${more}`));
  }

  get #isJson(): boolean {
    return this.#flags.o === 'json';
  }

  #printJson(content: object): number {
    const { scenario, seed } = this.#run;
    const { name, path, hash, variant } = scenario;
    const identity = { meshquake: programVersion(), format: 1 };
    const run = { scenario: { name, path, hash, variant }, seed };
    this.#io.stdout.write(json({ ...identity, ...run, ...content }));
    return ExitCode.passed;
  }

  #print(line: string): void {
    this.#io.stdout.write(`${line}\n`);
  }
}

/** @throws UsageError */
function toNs(text: string | undefined, { scenario }: ChosenRun): Ns | null {
  if (text === undefined) return null;
  const parsed = parseDurationNs(text);
  if (!parsed.ok) throw new UsageError(`--to ${parsed.problem}`);
  if (parsed.value > scenario.durationNs) {
    const end = formatSeconds(scenario.durationNs / SECOND);
    throw new UsageError(`--to ${text} is after the end of the run, which is ${end}`);
  }
  return parsed.value;
}

/** As the replay saw it end. */
function sampleOf(id: string, { client, uid, call, steps }: ReplayedRequest): RequestSample {
  const startNs = call?.startNs ?? steps[0]?.atNs ?? 0;
  const endNs = steps.findLast(({ where }) => where === client)?.atNs ?? startNs;
  const status = call?.status ?? 0;
  const isGood = status > 0 && status < 400;
  const flag = call?.flag ?? '-';
  return {
    id,
    client,
    uid,
    startNs,
    endNs,
    status,
    flag,
    isGood,
    why: isGood ? 'slowest' : 'failure',
  };
}

function isSameEnd(known: RequestSample, again: RequestSample): boolean {
  return known.endNs === again.endNs && known.status === again.status;
}

function sampleLine(item: RequestSample, width: number): string {
  const began = secondsText(item.startNs).padStart(10);
  const took = msText(item.endNs - item.startNs).padStart(8);
  const outcome = item.status === 0 ? 'no answer' : String(item.status);
  const flag = item.flag === '-' ? '' : ` ${item.flag}`;
  const why = item.why.replace('-', ' ');
  return printable(`${item.id.padEnd(width)}  at ${began}  ${took}  ${outcome}${flag}  ${why}`);
}

function requestDocument(trace: RequestTrace, replayed: ReplayedRequest) {
  const { sample, call } = trace;
  return {
    request: sample,
    steps: replayed.steps.map((step) => ({
      atNs: step.atNs,
      where: step.where,
      text: stepText(step, replayed.steps),
    })),
    timeSpent: call === null ? [] : timeSpent(slicesOfCall(call, sample.endNs)),
    firstFailure: firstFailure(trace),
    causes: causeChain(trace),
    trace: call,
  };
}
