/**
 * Runs the golden scenarios on several Node versions and compares the digests with the recorded ones,
 * which `npm test` holds this Node to.
 *
 * `npm run check:node-versions`. A run is a function of scenario, seed and version of meshquake, not
 * of the JavaScript engine below it; this is where that is put to the test. The Node binaries come
 * from the npm registry and stay in `.cache/node-versions/`.
 *
 * Exit codes: 0 all digests agree, 3 they do not, 69 a Node version cannot be fetched or run.
 */
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { INLINING_OPTION } from '../src/cli/inlining.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const CACHE = join(ROOT, '.cache', 'node-versions');
const VERSIONS = ['22', '24', '26'];
const EXIT_NONDETERMINISTIC = 3;
const EXIT_ENVIRONMENT = 69;

interface Runtime {
  readonly version: string;
  readonly binary: string;
}

interface Golden {
  readonly scenario: string;
  /** Digests by variant. */
  readonly expected: { readonly seed: string; readonly digests: ReadonlyMap<string, string> };
}

interface GoldenRun {
  readonly runtime: Runtime;
  readonly scenario: string;
  /** By variant. */
  readonly digests: ReadonlyMap<string, string>;
}

class EnvironmentProblem extends Error {}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof EnvironmentProblem)) throw error;
  console.error(`check:node-versions: ${error.message}`);
  process.exitCode = EXIT_ENVIRONMENT;
}

async function main(): Promise<number> {
  const all = goldens();
  if (all.length === 0) throw new EnvironmentProblem('no scenarios/*/expected.json to run');
  const runtimes = VERSIONS.map(fetchRuntime);
  build();
  const jobs = all.flatMap((golden) => runtimes.map((runtime) => ({ golden, runtime })));
  const runs = await inParallel(jobs, ({ golden, runtime }) => runGolden(golden, runtime));
  return report(all, runtimes, runs);
}

/** Scenarios that have expected results. */
function goldens(): readonly Golden[] {
  return readdirSync(join(ROOT, 'scenarios'))
    .filter((name) => existsSync(expectedPath(name)))
    .sort()
    .map((scenario) => ({ scenario, expected: readExpected(scenario) }));
}

function expectedPath(scenario: string): string {
  return join(ROOT, 'scenarios', scenario, 'expected.json');
}

function readExpected(scenario: string): Golden['expected'] {
  const { seed, variants } = JSON.parse(readFileSync(expectedPath(scenario), 'utf8')) as {
    readonly seed: string;
    readonly variants: Readonly<Record<string, { readonly digest: string }>>;
  };
  const digests = Object.entries(variants).map(([name, { digest }]) => [name, digest] as const);
  return { seed, digests: new Map(digests) };
}

/** The binary of the newest release of a major version, from the cache or the registry. */
function fetchRuntime(major: string): Runtime {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const prefix = platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  // The package `node` would fetch this one in an install script; taken directly, none is needed.
  const name = `${prefix}-${platform}-${process.arch}`;
  const folder = join(CACHE, major);
  const file = process.platform === 'win32' ? 'node.exe' : 'node';
  const binary = join(folder, 'node_modules', name, 'bin', file);
  if (!existsSync(binary)) install(folder, `${name}@${major}`);
  const answer = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  const version = answer.stdout?.trim() ?? '';
  if (version.startsWith(`v${major}.`)) return { version, binary };
  throw new EnvironmentProblem(
    `Node ${major} was fetched but does not run here: ${reasonOf(answer)}`,
  );
}

function install(folder: string, wanted: string): void {
  mkdirSync(folder, { recursive: true });
  const options = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'];
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const answer = spawnSync(npm, ['install', '--prefix', folder, ...options, wanted], {
    encoding: 'utf8',
    cwd: folder,
    // npm run sets options for this project; they are not meant for that folder.
    env: withoutNpmOptions(process.env),
  });
  if (answer.status === 0) return;
  throw new EnvironmentProblem(`${wanted} cannot be fetched: ${reasonOf(answer)}`);
}

function withoutNpmOptions(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(([name]) => !/^npm_config_prefix/i.test(name));
  return Object.fromEntries(kept);
}

function reasonOf(answer: SpawnSyncReturns<string>): string {
  if (answer.error !== undefined) return answer.error.message;
  const lines = (answer.stderr ?? '').split('\n').filter((line) => line.startsWith('npm error'));
  return lines.slice(0, 3).join(' ') || `exit code ${answer.status}`;
}

/** Once, with this Node: what is compared is how the same code runs. */
function build(): void {
  const script = join(ROOT, 'scripts', 'build.ts');
  const answer = spawnSync(process.execPath, ['--import', 'tsx', script], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  if (answer.status !== 0) throw new EnvironmentProblem('the build failed');
}

/** All variants of a scenario by `simulate`, in one process: no report, no second run. */
async function runGolden({ scenario, expected }: Golden, runtime: Runtime): Promise<GoldenRun> {
  const library = pathToFileURL(join(ROOT, 'dist', 'index.js')).href;
  const options = { path: join('scenarios', scenario), seed: expected.seed };
  const script = `
    import { simulate } from ${JSON.stringify(library)};
    const { path, seed } = ${JSON.stringify(options)};
    for (const variant of ${JSON.stringify([...expected.digests.keys()])}) {
      console.log(JSON.stringify([variant, simulate(path, { seed, variant }).digest]));
    }`;
  const argv = [INLINING_OPTION, '--input-type=module', '--eval', script];
  const lines = (await outputOf(runtime.binary, argv)).trim().split('\n');
  const digests = new Map(lines.map((line) => JSON.parse(line) as [string, string]));
  return { runtime, scenario, digests };
}

/** Standard output. */
function outputOf(binary: string, argv: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, argv, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code !== 0 || output === '') reject(new Error(`exit code ${code}\n${errors}`));
      else resolve(output);
    });
  });
}

/** As many at once as there are cores; results in the order of the jobs. */
async function inParallel<Job, Result>(
  jobs: readonly Job[],
  work: (job: Job) => Promise<Result>,
): Promise<readonly Result[]> {
  const results = new Array<Result>(jobs.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < jobs.length; index = next++) {
      const job = jobs[index];
      if (job !== undefined) results[index] = await work(job);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, availableParallelism()) }, worker));
  return results;
}

/** A line for each variant with a column for each Node; @returns the exit code */
function report(
  all: readonly Golden[],
  runtimes: readonly Runtime[],
  runs: readonly GoldenRun[],
): number {
  let mismatches = 0;
  let lines = 0;
  const versions = runtimes.map(({ version }) => version.padEnd(12));
  console.log(['run'.padEnd(48), 'recorded'.padEnd(12), ...versions].join(' '));
  for (const { scenario, expected } of all) {
    const ofScenario = runs.filter((run) => run.scenario === scenario);
    for (const [variant, digest] of expected.digests) {
      const same = ofScenario.map((run) => run.digests.get(variant) === digest);
      mismatches += same.filter((isSame) => !isSame).length;
      lines += 1;
      const cells = [digest.slice(0, 10), ...same.map((isSame) => (isSame ? 'same' : 'DIFFERENT'))];
      console.log(
        [`${scenario} ${variant}`.padEnd(48), ...cells.map((cell) => cell.padEnd(12))].join(' '),
      );
    }
  }
  if (mismatches === 0) {
    console.log(`all ${lines} digests agree on ${runtimes.length} other Node versions`);
    return 0;
  }
  console.error(`check:node-versions: ${mismatches} digests differ from the recorded ones`);
  return EXIT_NONDETERMINISTIC;
}
