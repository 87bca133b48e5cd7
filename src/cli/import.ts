/**
 * `meshquake import`: policy files → a scenario that runs, with what they do not say marked.
 *
 * Strict: whatever is not modelled ends it with exit code 65, unless its code is allowed; then the
 * parts are left out of a copy of the files, and each is named. Nothing is overwritten unasked, and
 * nothing is written that does not run.
 * Source: surface.md §1 (command `import`), §2.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { type Command, Option } from 'commander';
import { type Diagnostic, Diagnostics, renderDiagnostics } from '../core/diagnostics.ts';
import { EnvironmentError, ExitCode, InputError, UsageError } from '../core/errors.ts';
import { buildWorld } from '../harness/build.ts';
import type { SourceText } from '../harness/scenario.ts';
import { readScenarioFile } from '../harness/scenario-file.ts';
import { makeSkeleton } from '../harness/skeleton/skeleton.ts';
import { skeletonText } from '../harness/skeleton/skeleton-text.ts';
import { NO_OVERRIDES } from '../harness/variants.ts';
import { importMesh } from '../importers/index.ts';
import { leaveOut } from '../importers/leave-out.ts';
import type { CliContext, CliIo } from './cli-io.ts';
import { quoteArgument } from './failure.ts';
import { meshLoader } from './scenario-files.ts';

const ALLOWABLE = ['MQ-IMPORT-003', 'MQ-IMPORT-004'];

const EXAMPLES = `
Examples:
  $ meshquake import istio k8s/ --out scenario.yaml
  $ meshquake import istio k8s/ --out scenario.yaml --allow-unmodelled MQ-IMPORT-003
  $ meshquake run scenario.yaml`;

interface ImportFlags {
  readonly out: string;
  readonly strict?: true;
  readonly allowUnmodelled: readonly string[];
  readonly force?: true;
}

/** What a scenario is made of, beside its own text. */
interface Policy {
  readonly files: readonly SourceText[];
  /** What the scenario's `mesh` names, relative to it. */
  readonly entry: string;
  /** Folder to write `files` to; null = they stay where they are. */
  readonly folder: string | null;
  readonly omitted: readonly Diagnostic[];
}

export function importCommand(program: Command, context: CliContext): void {
  const group = program
    .command('import')
    .summary('make a scenario from policy files')
    .description('Makes a runnable scenario from what a mesh already has.');
  group
    .command('istio')
    .description("Makes one from Istio's resources and the Kubernetes objects beside them.")
    .argument('<path>', 'a policy file or a folder of them')
    .requiredOption('--out <file>', 'the scenario to write')
    .option('--strict', 'refuse whatever is not modelled (the default)')
    .addOption(
      new Option('--allow-unmodelled <code>', 'leave parts with this code out (repeatable)')
        .choices(ALLOWABLE)
        .argParser(allowable)
        .default([], 'none'),
    )
    .option('--force', 'overwrite files that are there')
    .addHelpText('after', EXAMPLES)
    .action((path: string, flags: ImportFlags) => {
      context.exitCode = new IstioImport(context.io, path, flags).run();
    });
}

function allowable(code: string, codes: readonly string[]): readonly string[] {
  if (ALLOWABLE.includes(code)) return [...codes, code];
  throw new UsageError(`--allow-unmodelled takes ${ALLOWABLE.join(' or ')}, not "${code}"`);
}

class IstioImport {
  readonly #io: CliIo;
  readonly #path: string;
  readonly #flags: ImportFlags;
  readonly #out: string;

  constructor(io: CliIo, path: string, flags: ImportFlags) {
    if (flags.strict === true && flags.allowUnmodelled.length > 0) {
      throw new UsageError('--strict and --allow-unmodelled contradict each other');
    }
    this.#io = io;
    this.#path = path;
    this.#flags = flags;
    this.#out = resolve(io.cwd, flags.out);
    const inside = relative(resolve(io.cwd, path), this.#out);
    if (inside !== '' && !inside.startsWith('..')) {
      throw new UsageError(
        `${flags.out} would be one of its own policy files: write it beside ${path}, not into it`,
      );
    }
  }

  run(): number {
    const policy = this.#policy();
    const diagnostics = new Diagnostics();
    const skeleton = makeSkeleton(importMesh(policy.files, diagnostics));
    if (skeleton.services.length === 0) {
      const at = { file: this.#path, line: 1, column: 1 };
      diagnostics.error('MQ-IMPORT-011', at, 'the files name no service with a port for HTTP');
    }
    if (diagnostics.hasErrors) throw refusal(diagnostics.sorted(), policy.files);
    const text = skeletonText(skeleton, {
      command: `meshquake import istio ${quoteArgument(this.#path)}`,
      name: basename(resolve(this.#io.cwd, this.#path)),
      mesh: policy.entry,
      omitted: policy.omitted.map(({ file, line, message }) => `${message} (${file}:${line})`),
    });
    const warnings = this.#check(text, policy);
    this.#write(text, policy);
    this.#say(text, policy, skeleton.leftOut, warnings);
    return ExitCode.passed;
  }

  #policy(): Policy {
    const loaded = meshLoader(this.#io.cwd, this.#io.cwd)(this.#path, 'command-line');
    if (!loaded.ok) {
      const diagnostics = new Diagnostics();
      const at = { file: this.#path, line: 1, column: 1 };
      diagnostics.error('MQ-SCENARIO-009', at, loaded.problem);
      throw new InputError(diagnostics.sorted());
    }
    const diagnostics = new Diagnostics();
    importMesh(loaded.files, diagnostics);
    const isAllowed = (item: Diagnostic): boolean =>
      item.severity === 'error' && this.#flags.allowUnmodelled.includes(item.code);
    const omitted = diagnostics.sorted().filter(isAllowed);
    if (omitted.length === 0) {
      const entry = relative(dirname(this.#out), resolve(this.#io.cwd, this.#path));
      const shown = entry === '' ? '.' : entry.split(sep).join('/');
      return { files: loaded.files, entry: shown, folder: null, omitted };
    }
    const name = `${basename(this.#out).replace(/\.(ya?ml|json)$/, '')}-mesh`;
    const files = loaded.files.flatMap(({ path, text }) => {
      const places = omitted.filter((item) => item.file === path);
      const rest = places.length === 0 ? text : leaveOut(text, places);
      return rest.trim() === '' ? [] : [{ path, text: rest }];
    });
    return { files, entry: `${name}/`, folder: join(dirname(this.#out), name), omitted };
  }

  /** Reads the scenario as `run` will. @returns warnings @throws InputError when it would not run */
  #check(text: string, { files }: Policy): readonly Diagnostic[] {
    const diagnostics = new Diagnostics();
    const source = { name: 'scenario', path: this.#flags.out, text };
    const file = readScenarioFile(source, () => ({ ok: true, files }), diagnostics, NO_OVERRIDES);
    if (diagnostics.hasErrors) throw new InputError(diagnostics.sorted(), file.sources);
    for (const scenario of file.scenarios) buildWorld(scenario, '1');
    return diagnostics.sorted();
  }

  #write(text: string, { folder, files }: Policy): void {
    const written = [[this.#out, text] as const];
    if (folder !== null) {
      const root = resolve(this.#io.cwd, this.#path);
      for (const file of files) {
        const inside = relative(root, resolve(this.#io.cwd, file.path));
        written.push([join(folder, inside === '' ? basename(file.path) : inside), file.text]);
      }
    }
    const there = written.map(([path]) => path).filter((path) => existsSync(path));
    if (there.length > 0 && this.#flags.force !== true) {
      const names = there.map((path) => relative(this.#io.cwd, path)).join(', ');
      throw new UsageError(`${names}: there already; --force overwrites`);
    }
    for (const [path, content] of written) writeText(path, content);
  }

  #say(
    text: string,
    { folder, omitted }: Policy,
    leftOut: readonly string[],
    warnings: readonly Diagnostic[],
  ): void {
    const { stdout, stderr } = this.#io;
    if (warnings.length > 0) stderr.write(`${renderDiagnostics(warnings, new Map())}\n\n`);
    for (const { file, line, column, code, message } of omitted) {
      stderr.write(`left out: ${file}:${line}:${column}: ${code}: ${message}\n`);
    }
    for (const line of leftOut) stderr.write(`not in the scenario: ${line}\n`);
    const open = text.split('\n').filter((line) => line.includes('# FILL IN')).length;
    const out = quoteArgument(this.#flags.out);
    if (folder !== null) stdout.write(`wrote ${relative(this.#io.cwd, folder)}/\n`);
    stdout.write(`wrote ${this.#flags.out}: ${open} lines to fill in\n`);
    stdout.write(`next: meshquake run ${out}\n`);
  }
}

/** With the way on where something is not modelled. */
function refusal(found: readonly Diagnostic[], files: readonly SourceText[]): InputError {
  const diagnostics = found.map((item): Diagnostic => {
    if (item.severity !== 'error' || !ALLOWABLE.includes(item.code)) return item;
    return { ...item, fix: `leave it out with --allow-unmodelled ${item.code}, or remove it` };
  });
  return new InputError(diagnostics, new Map(files.map(({ path, text }) => [path, text])));
}

function writeText(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } catch (error) {
    const { code = 'EIO' } = error as NodeJS.ErrnoException;
    throw new EnvironmentError(code, `cannot write ${path}: ${code}`, { cause: error });
  }
}
