/**
 * Runs the golden scenarios on several Node versions and compares the digests with this one's.
 *
 * `npm run check:node-versions`. A run is a function of scenario, seed and version of meshquake, not
 * of the JavaScript engine below it; this is where that is put to the test. The Node binaries come
 * from the npm registry and stay in `.cache/node-versions/`.
 *
 * Exit codes: 0 all digests agree, 3 they do not, 69 a Node version cannot be fetched or run.
 */
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const CACHE = join(ROOT, '.cache', 'node-versions');
const VERSIONS = ['22', '24', '26'];
const EXIT_NONDETERMINISTIC = 3;
const EXIT_ENVIRONMENT = 69;

interface Runtime {
  readonly version: string;
  readonly binary: string;
}

interface GoldenRun {
  readonly runtime: Runtime;
  readonly scenario: string;
  /** Digest by variant and seed. */
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
  const scenarios = goldenScenarios();
  if (scenarios.length === 0) throw new EnvironmentProblem('no scenarios/*/expected.json to run');
  const runtimes = [thisRuntime(), ...VERSIONS.map(fetchRuntime)];
  build();
  const jobs = scenarios.flatMap((scenario) => runtimes.map((runtime) => ({ scenario, runtime })));
  const runs = await inParallel(jobs, ({ scenario, runtime }) => runGolden(scenario, runtime));
  return report(scenarios, runtimes, runs);
}

/** Folders of scenarios that have expected results. */
function goldenScenarios(): readonly string[] {
  return readdirSync(join(ROOT, 'scenarios'))
    .filter((name) => existsSync(join(ROOT, 'scenarios', name, 'expected.json')))
    .sort();
}

function thisRuntime(): Runtime {
  return { version: process.version, binary: process.execPath };
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

async function runGolden(scenario: string, runtime: Runtime): Promise<GoldenRun> {
  const out = mkdtempSync(join(tmpdir(), 'meshquake-node-'));
  try {
    const options = [
      '--variant',
      'all',
      '--json',
      '--quiet',
      '--out',
      out,
      ...seedOption(scenario),
    ];
    const text = await outputOf(runtime.binary, [
      join(ROOT, 'dist', 'cli.js'),
      'run',
      join('scenarios', scenario),
      ...options,
    ]);
    const digests = new Map<string, string>();
    collectDigests(JSON.parse(text), digests);
    if (digests.size === 0) throw new Error(`${scenario} printed no digest on ${runtime.version}`);
    return { runtime, scenario, digests };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** The seed that the expected results are of, where they name one. */
function seedOption(scenario: string): readonly string[] {
  const path = join(ROOT, 'scenarios', scenario, 'expected.json');
  const expected: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const seed = isRecord(expected) ? expected['seed'] : undefined;
  return typeof seed === 'string' ? ['--seed', seed] : [];
}

/** Standard output; a verdict other than `pass` is no reason to stop. */
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
      const isCrash = code === null || code >= 64;
      if (isCrash || output === '') reject(new Error(`exit code ${code}\n${errors}`));
      else resolve(output);
    });
  });
}

/** Every summary anywhere in the document, by variant and seed. */
function collectDigests(value: unknown, digests: Map<string, string>): void {
  if (Array.isArray(value)) {
    for (const item of value) collectDigests(item, digests);
  } else if (isRecord(value)) {
    const { digest, seed, scenario } = value;
    if (typeof digest === 'string' && isRecord(scenario)) {
      digests.set(`${String(scenario['variant'])} seed ${String(seed)}`, digest);
    }
    for (const item of Object.values(value)) collectDigests(item, digests);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
  scenarios: readonly string[],
  runtimes: readonly Runtime[],
  runs: readonly GoldenRun[],
): number {
  let mismatches = 0;
  let lines = 0;
  console.log(['run'.padEnd(48), ...runtimes.map(({ version }) => version.padEnd(12))].join(' '));
  for (const scenario of scenarios) {
    const [reference, ...others] = runs.filter((run) => run.scenario === scenario);
    for (const [key, digest] of reference?.digests ?? []) {
      const same = others.map((run) => run.digests.get(key) === digest);
      mismatches += same.filter((isSame) => !isSame).length;
      lines += 1;
      const cells = [digest.slice(0, 10), ...same.map((isSame) => (isSame ? 'same' : 'DIFFERENT'))];
      console.log(
        [`${scenario} ${key}`.padEnd(48), ...cells.map((cell) => cell.padEnd(12))].join(' '),
      );
    }
  }
  if (mismatches === 0) {
    console.log(`all ${lines} digests agree on ${runtimes.length} Node versions`);
    return 0;
  }
  console.error(
    `check:node-versions: ${mismatches} digests differ from those of ${process.version}`,
  );
  return EXIT_NONDETERMINISTIC;
}
