/**
 * `meshquake validate`: checks scenarios and policy files without running anything.
 *
 * A scenario is checked with all its variants and the policy each of them uses, up to the point where
 * a run would begin; Envoy bootstraps each by itself; other files are read as policy, together. Exit code 65 when there are errors.
 */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { type Diagnostic, Diagnostics, renderDiagnostics } from '../core/diagnostics.ts';
import { ExitCode, InputError } from '../core/errors.ts';
import { buildWorld } from '../harness/build.ts';
import type { Scenario, SourceText } from '../harness/scenario.ts';
import { readScenarioFile } from '../harness/scenario-file.ts';
import { NO_OVERRIDES } from '../harness/variants.ts';
import { importMesh } from '../importers/index.ts';
import { loadBootstrap } from '../proxy/bootstrap-config.ts';
import { bootstrapFile, isBootstrapFile } from './bootstrap-files.ts';
import type { CliContext, CliIo } from './cli-io.ts';
import { json } from './run-output.ts';
import { locateScenario, meshLoader } from './scenario-files.ts';
import { programVersion } from './version.ts';

const EXAMPLES = `
Examples:
  $ meshquake validate scenarios/retry-storm
  $ meshquake validate scenarios/*/scenario.yaml
  $ meshquake validate mesh/ -o json
  $ meshquake validate bootstrap.yaml`;

type OutputFormat = 'text' | 'json';

/** What was found about one argument. */
interface Checked {
  readonly path: string;
  readonly kind: 'scenario' | 'policy' | 'bootstrap';
  /** Half a sentence about what it holds. */
  readonly content: string;
}

export function validateCommand(program: Command, context: CliContext): void {
  program
    .command('validate')
    .summary('check scenarios and policy files, run nothing')
    .description('Checks scenarios and policy files without running them.')
    .argument('<files...>', 'scenarios, their folders, policy files or folders of them, bootstraps')
    .addOption(new Option('-o <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText('after', EXAMPLES)
    .action((paths: readonly string[], options: { readonly o: OutputFormat }) => {
      context.exitCode = new Validation(context.io).run(paths, options.o);
    });
}

class Validation {
  readonly #io: CliIo;
  readonly #diagnostics = new Diagnostics();
  readonly #sources = new Map<string, string>();
  readonly #checked: Checked[] = [];

  constructor(io: CliIo) {
    this.#io = io;
  }

  run(paths: readonly string[], format: OutputFormat): number {
    const policy: SourceText[] = [];
    for (const path of paths) {
      if (isBootstrapFile(path, this.#io)) this.#bootstrap(path);
      else if (isPolicy(path, this.#io)) policy.push(...this.#policyFiles(path));
      else this.#scenario(path);
    }
    if (policy.length > 0) {
      importMesh(policy, this.#diagnostics);
      for (const { path, text } of policy) this.#sources.set(path, text);
    }
    this.#print(format);
    return this.#diagnostics.hasErrors ? ExitCode.input : ExitCode.passed;
  }

  #policyFiles(path: string): readonly SourceText[] {
    const loaded = meshLoader(this.#io.cwd, this.#io.cwd)(path, 'command-line');
    if (loaded.ok) {
      const content = `${loaded.files.length} policy ${plural(loaded.files.length, 'file')}`;
      this.#checked.push({ path, kind: 'policy', content });
      return loaded.files;
    }
    this.#diagnostics.error('MQ-SCENARIO-009', { file: path, line: 1, column: 1 }, loaded.problem);
    return [];
  }

  /** With the endpoint files that it names. */
  #bootstrap(path: string): void {
    this.#collect(() => {
      const file = bootstrapFile(path, this.#io);
      this.#sources.set(file.path, file.text);
      const loaded = loadBootstrap(file, dirname(resolve(this.#io.cwd, path)));
      for (const diagnostic of loaded.diagnostics.sorted()) this.#diagnostics.add(diagnostic);
      const { listeners, clusters } = loaded.config;
      const count = listeners.length;
      const content = `an Envoy bootstrap, ${count} ${plural(count, 'listener')}, ${clusters.length} ${plural(clusters.length, 'cluster')}`;
      this.#checked.push({ path, kind: 'bootstrap', content });
    });
  }

  #scenario(path: string): void {
    this.#collect(() => {
      const located = locateScenario(path, this.#io);
      const loader = meshLoader(located.folder, this.#io.cwd);
      const file = readScenarioFile(located, loader, this.#diagnostics, NO_OVERRIDES);
      for (const [name, text] of file.sources) this.#sources.set(name, text);
      for (const scenario of file.scenarios) this.#collect(() => buildWorld(scenario, '1'));
      this.#checked.push({ path, kind: 'scenario', content: contentOf(file.scenarios) });
    });
  }

  /** Adds what the step complains about. */
  #collect(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      for (const diagnostic of error.diagnostics) this.#diagnostics.add(diagnostic);
      for (const [name, text] of error.sources) this.#sources.set(name, text);
    }
  }

  #print(format: OutputFormat): void {
    const found = this.#diagnostics.sorted();
    const errors = this.#diagnostics.count('error');
    if (format === 'json') {
      const identity = { meshquake: programVersion(), format: 1 };
      const document = { ...identity, files: this.#checked, errors, diagnostics: found };
      this.#io.stdout.write(json(document));
      return;
    }
    if (found.length > 0) {
      this.#io.stderr.write(`${renderDiagnostics(found, this.#sources)}\n\n`);
    }
    for (const { path, content } of this.#checked) {
      const isFine = !found.some((item) => isErrorIn(item, path));
      if (isFine) this.#io.stdout.write(`ok  ${path}: ${content}\n`);
    }
    const warnings = this.#diagnostics.count('warning');
    const counts = `${errors} ${plural(errors, 'error')}, ${warnings} ${plural(warnings, 'warning')}`;
    if (found.length > 0) this.#io.stderr.write(`${counts}\n`);
  }
}

function contentOf(scenarios: readonly Scenario[]): string {
  const files = new Set(scenarios.flatMap((scenario) => scenario.mesh.map((file) => file.path)));
  const names = scenarios.filter((scenario) => scenario.variant !== '').length;
  const variants =
    names === 0 ? 'a scenario' : `a scenario of ${names} ${plural(names, 'variant')}`;
  return `${variants}, ${files.size} policy ${plural(files.size, 'file')}`;
}

function isErrorIn(item: Diagnostic, path: string): boolean {
  return item.severity === 'error' && (item.file === path || item.file.startsWith(join(path, '/')));
}

function plural(count: number, word: string): string {
  return count === 1 ? word : `${word}s`;
}

/** A folder without a scenario in it, or a file that begins like a Kubernetes resource. */
export function isPolicy(path: string, io: CliIo): boolean {
  if (path === '-') return false;
  const absolute = resolve(io.cwd, path);
  if (!existsSync(absolute)) return false;
  if (statSync(absolute).isDirectory()) {
    return !['yaml', 'yml', 'json'].some((end) => existsSync(join(absolute, `scenario.${end}`)));
  }
  if (/^scenario\.(ya?ml|json)$/.test(basename(absolute))) return false;
  const { text } = locateScenario(path, io);
  return /^\s*"?apiVersion"?\s*:/m.test(text) && !/^\s*"?meshquake"?\s*:/m.test(text);
}
