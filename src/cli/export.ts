/**
 * `meshquake export`: the effective configuration of one proxy as a file of another product.
 *
 * From policy files (a client's proxy, or that of a workload), from a scenario (that of a machine),
 * or from an Envoy bootstrap. What is written is read again at once; settings that did not come back
 * are named on standard error, one line each.
 * Source: surface.md §1 (command `export`).
 */
import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { assert } from '../core/assert.ts';
import { Diagnostics } from '../core/diagnostics.ts';
import { EnvironmentError, ExitCode, UsageError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import { didYouMean } from '../core/suggest.ts';
import { type BootstrapOptions, bootstrapText } from '../exporters/envoy/bootstrap.ts';
import { lostSettings } from '../exporters/envoy/differences.ts';
import { buildWorld } from '../harness/build.ts';
import { NO_OVERRIDES } from '../harness/variants.ts';
import { readBootstrap } from '../importers/envoy/bootstrap.ts';
import { NameIds } from '../importers/name-ids.ts';
import type { MeshConfig } from '../mesh/config/config.ts';
import { parseAddress } from '../proxy/addresses.ts';
import { loadProxy, parseWorkloadName } from '../proxy/proxy-config.ts';
import { bootstrapAmong } from './bootstrap-files.ts';
import type { CliContext, CliIo } from './cli-io.ts';
import { readFiles } from './proxy.ts';
import { loadScenario } from './scenario-files.ts';
import { isPolicy } from './validate.ts';
import { wrapText } from './wrap-text.ts';

const EXAMPLES = `
Examples:
  $ meshquake export mesh/ --to envoy --workload shop/orders-1 --out envoy.yaml
  $ meshquake export scenarios/retry-storm --to envoy --workload orders-0
  $ meshquake export bootstrap.yaml --to envoy
  $ envoy --mode validate -c envoy.yaml`;

const COLUMNS = 80;

interface Flags {
  readonly to: 'envoy';
  readonly workload?: string;
  readonly variant?: string;
  readonly admin?: string;
  readonly out?: string;
  readonly force?: true;
}

/** What is to be written, and what of it only Envoy's file says. */
interface Exported extends BootstrapOptions {
  readonly config: MeshConfig;
  /** What is only approximated, one line each. */
  readonly limits: readonly string[];
}

export function exportCommand(program: Command, context: CliContext): void {
  program
    .command('export')
    .summary('write what a proxy is told as an Envoy bootstrap')
    .description('Writes the effective configuration of one proxy as a file of another product.')
    .argument('<files...>', 'policy files and folders of them, a scenario, or an Envoy bootstrap')
    .addOption(
      new Option('--to <product>', 'whose file').choices(['envoy']).makeOptionMandatory(true),
    )
    .option('--workload <name>', 'whose proxy: namespace/name (default: a client of policy files)')
    .option('--variant <name>', 'of the scenario (default: the first)')
    .option(
      '--admin <address>',
      'address of the admin page; default: the given bootstrap’s, or none',
    )
    .option('--out <file>', 'where it is written; default: standard output')
    .option('--force', 'overwrite a file that is there')
    .addHelpText('after', EXAMPLES)
    .action((paths: readonly string[], flags: Flags) => {
      const { io } = context;
      const exported = withAdmin(effective(paths, flags, io), flags.admin);
      const text = header(paths, exported.config) + bootstrapText(exported.config, exported);
      write(text, flags, io);
      sayWhatIsLost(exported, text, io);
      context.exitCode = ExitCode.passed;
    });
}

/** @throws InputError, UsageError */
function effective(paths: readonly string[], flags: Flags, io: CliIo): Exported {
  const bootstrap = bootstrapAmong(paths, io);
  if (bootstrap !== null) {
    if (flags.workload !== undefined) {
      throw new UsageError('a bootstrap says itself whose proxy it is');
    }
    const { config, limits, admin, listeners } = bootstrap;
    const logs = new Map(listeners.map((item) => [item.config.name, item.accessLogs]));
    return { config, limits, admin, accessLogs: logs };
  }
  const none = { admin: null, accessLogs: new Map() };
  if (paths.every((path) => isPolicy(path, io))) {
    if (flags.variant !== undefined) throw new UsageError('--variant is for scenarios');
    const workload = flags.workload === undefined ? null : parseWorkloadName(flags.workload);
    const { config, limits } = loadProxy(readFiles(paths, io), workload);
    return { config, limits, ...none };
  }
  const [path, ...others] = paths;
  if (path === undefined || others.length > 0) {
    throw new UsageError('give one scenario, one bootstrap, or policy files only');
  }
  return { ...ofScenario(path, flags, io), ...none };
}

function ofScenario(path: string, flags: Flags, io: CliIo): Pick<Exported, 'config' | 'limits'> {
  const { scenarios } = loadScenario(path, NO_OVERRIDES, io);
  const variants = scenarios.map(({ variant }) => variant);
  const wanted = flags.variant ?? variants[0];
  const scenario = scenarios.find(({ variant }) => variant === wanted);
  if (scenario === undefined) {
    const hint = didYouMean(wanted ?? '', variants);
    throw new UsageError(`the scenario has no variant "${wanted}"${hint}`);
  }
  const { proxies, limits } = buildWorld(scenario, '1');
  const machines = [...new Set(proxies.map(({ name }) => machineOf(name)))];
  const list = `there are: ${machines.slice(0, 8).join(', ')}`;
  if (flags.workload === undefined) {
    throw new UsageError(`--workload says whose proxy of the scenario; ${list}`);
  }
  const name = flags.workload.slice(flags.workload.indexOf('/') + 1);
  const own = proxies.filter((proxy) => machineOf(proxy.name) === name);
  const isNamespace = own.every(({ config }) => {
    return (
      !flags.workload!.includes('/') || config.proxyName.endsWith(`~${dotted(flags.workload!)}`)
    );
  });
  const [first] = own;
  if (first === undefined || !isNamespace) {
    const hint = didYouMean(name, machines) || `; ${list}`;
    throw new UsageError(`the scenario has no workload "${flags.workload}"${hint}`);
  }
  const listeners = own.flatMap(({ config }) => config.listeners);
  const clusters = new Map(
    own.flatMap(({ config }) => config.clusters).map((cluster) => [cluster.name, cluster]),
  );
  return { config: { ...first.config, listeners, clusters: [...clusters.values()] }, limits };
}

/** `orders-0/outbound` → `orders-0` */
function machineOf(proxy: string): string {
  return proxy.slice(0, proxy.lastIndexOf('/'));
}

/** `shop/orders-0` → `orders-0.shop`, as proxies are named. */
function dotted(workload: string): string {
  const { namespace, name } = parseWorkloadName(workload);
  return `${name}.${namespace}`;
}

function withAdmin(exported: Exported, text: string | undefined): Exported {
  if (text === undefined) return exported;
  const admin = parseAddress(text);
  if (admin === null) {
    throw new UsageError(`--admin: "${text}" is not an address; expected HOST:PORT or :PORT`);
  }
  return { ...exported, admin };
}

function header(paths: readonly string[], { proxyName }: MeshConfig): string {
  const from = printable(paths.join(' '));
  return `# ${printable(proxyName)}, from ${from}; made by meshquake export.\n`;
}

function write(text: string, { out, force }: Flags, { cwd, stdout }: CliIo): void {
  if (out === undefined) {
    stdout.write(text);
    return;
  }
  const path = resolve(cwd, out);
  if (existsSync(path) && force !== true) {
    throw new UsageError(`${out}: there already; --force overwrites`);
  }
  try {
    writeFileSync(path, text);
  } catch (error) {
    const { code = 'EIO' } = error as NodeJS.ErrnoException;
    throw new EnvironmentError(code, `cannot write ${out}: ${code}`, { cause: error });
  }
}

function sayWhatIsLost({ config, limits }: Exported, text: string, { stderr }: CliIo): void {
  const diagnostics = new Diagnostics();
  const file = { path: 'exported.yaml', text };
  const readAgain = readBootstrap(file, new NameIds(), diagnostics);
  assert(readAgain !== undefined, 'what was exported cannot be read again');
  const lost = lostSettings(config, readAgain.config).map(({ setting, places, because }) => {
    const [first, ...others] = places;
    const where = others.length === 0 ? first : `${first} and ${others.length} others`;
    return `no counterpart: ${setting} of ${where}: ${because}`;
  });
  const refused = diagnostics.sorted().filter(({ severity }) => severity === 'error');
  const again = refused.map(({ message }) => `not read again: ${message}`);
  for (const line of [...lost, ...again, ...limits.map((limit) => `limit: ${limit}`)]) {
    const [first = '', ...rest] = wrapText(line, COLUMNS - 2);
    stderr.write(`${[first, ...rest.map((more) => `  ${more}`)].map(printable).join('\n')}\n`);
  }
}
