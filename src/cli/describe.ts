/**
 * `meshquake describe config`: the policy that proxies end up with, each value with its origin.
 *
 * From a scenario: every edge, with limits added up over all proxies that hold them. From policy files
 * alone: what one proxy is told, a client's or that of `--proxy NAMESPACE/NAME`. From an Envoy
 * bootstrap: what it says, with Envoy's own defaults.
 */
import { type Command, Option } from 'commander';
import { ExitCode, UsageError } from '../core/errors.ts';
import type { EdgePolicy, PolicySetting } from '../core/policy-table.ts';
import { printable } from '../core/printable.ts';
import { didYouMean } from '../core/suggest.ts';
import { buildWorld } from '../harness/build.ts';
import { policyOfProxy, policyOfWorld } from '../harness/policy-table.ts';
import { NO_OVERRIDES } from '../harness/variants.ts';
import { type LoadedProxy, loadProxy, parseWorkloadName } from '../proxy/proxy-config.ts';
import { bootstrapAmong } from './bootstrap-files.ts';
import type { CliContext, CliIo } from './cli-io.ts';
import { readFiles } from './proxy.ts';
import { json } from './run-output.ts';
import { loadScenario } from './scenario-files.ts';
import { isPolicy } from './validate.ts';
import { programVersion } from './version.ts';
import { wrapText } from './wrap-text.ts';

const EXAMPLES = `
Examples:
  $ meshquake describe config scenarios/retry-storm
  $ meshquake describe config scenarios/retry-storm --variant retry-budget --proxy orders-0
  $ meshquake describe config mesh/*.yaml
  $ meshquake describe config bootstrap.yaml --all
  $ meshquake describe config mesh/ --proxy shop/orders-1 -o json`;

interface Flags {
  readonly proxy?: string;
  readonly variant?: string;
  readonly all?: true;
  readonly o: 'text' | 'json';
}

interface Described {
  readonly edges: readonly EdgePolicy[];
  /** What is only approximated, one line each. */
  readonly limits: readonly string[];
}

export function describeCommand(program: Command, context: CliContext): void {
  program
    .command('describe')
    .summary('the policy in force, with the origin of each value')
    .description('Says what configuration comes to.')
    .command('config')
    .summary('timeouts, retries, limits, ejection: value and origin, per edge')
    .description('Prints the policy in force, edge by edge, with the origin of each value.')
    .argument('<files...>', 'a scenario, policy files and folders of them, or an Envoy bootstrap')
    .option('--proxy <name>', 'only what this proxy is told: a machine of the scenario, or ns/name')
    .option('--variant <name>', 'of the scenario (default: the first)')
    .option('--all', 'defaults too, not only what is set and what limits')
    .addOption(new Option('-o <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText('after', EXAMPLES)
    .action((paths: readonly string[], flags: Flags) => {
      const described = describe(paths, flags, context.io);
      print(described, flags, context.io);
      context.exitCode = ExitCode.passed;
    });
}

/** @throws InputError, UsageError */
function describe(paths: readonly string[], flags: Flags, io: CliIo): Described {
  const bootstrap = bootstrapAmong(paths, io);
  if (bootstrap !== null) return describeBootstrap(bootstrap, flags);
  if (paths.every((path) => isPolicy(path, io))) return describeFiles(paths, flags, io);
  const [path, ...others] = paths;
  if (path === undefined || others.length > 0) {
    throw new UsageError('give one scenario, or policy files only');
  }
  return describeScenario(path, flags, io);
}

function describeFiles(paths: readonly string[], flags: Flags, io: CliIo): Described {
  if (flags.variant !== undefined) throw new UsageError('--variant is for scenarios');
  const workload = flags.proxy === undefined ? null : parseWorkloadName(flags.proxy);
  const { config, limits } = loadProxy(readFiles(paths, io), workload);
  return { edges: policyOfProxy(config, workload?.name ?? 'client'), limits };
}

function describeBootstrap({ config, limits }: LoadedProxy, flags: Flags): Described {
  if (flags.variant !== undefined) throw new UsageError('--variant is for scenarios');
  if (flags.proxy !== undefined) throw new UsageError('a bootstrap says itself whose proxy it is');
  return { edges: policyOfProxy(config, config.proxyName), limits };
}

function describeScenario(path: string, flags: Flags, io: CliIo): Described {
  const { scenarios } = loadScenario(path, NO_OVERRIDES, io);
  const names = scenarios.map(({ variant }) => variant);
  const wanted = flags.variant ?? names[0];
  const scenario = scenarios.find(({ variant }) => variant === wanted);
  if (scenario === undefined) {
    const hint = didYouMean(wanted ?? '', names);
    throw new UsageError(`the scenario has no variant "${wanted}"${hint}`);
  }
  const built = buildWorld(scenario, '1');
  const { proxy } = flags;
  if (proxy === undefined) return { edges: policyOfWorld(built), limits: built.limits };
  const found = built.proxies.find(({ name }) => name === `${proxy}/outbound`);
  if (found === undefined) {
    const machines = built.world.hosts.map(({ name }) => name);
    const hint = didYouMean(proxy, machines) || `; there are: ${machines.slice(0, 8).join(', ')}`;
    throw new UsageError(`the scenario has no proxy "${proxy}"${hint}`);
  }
  return { edges: policyOfProxy(found.config, proxy), limits: built.limits };
}

function print({ edges, limits }: Described, flags: Flags, io: CliIo): void {
  const { stdout } = io;
  if (flags.o === 'json') {
    stdout.write(json({ meshquake: programVersion(), format: 1, edges, limits }));
    return;
  }
  if (edges.length === 0) stdout.write('no route leads anywhere\n');
  const folder = commonFolder(edges);
  if (folder !== '') stdout.write(printable(`files below ${folder}`) + '\n\n');
  for (const edge of edges) {
    const lines = edgeLines(edge, folder, flags.all === true);
    for (const line of lines) stdout.write(`${printable(line)}\n`);
  }
  for (const limit of limits) {
    const [first = '', ...rest] = wrapText(`limit: ${limit}`, COLUMNS);
    stdout.write(`${[first, ...rest.map((line) => `  ${line}`)].map(printable).join('\n')}\n`);
  }
}

const COLUMNS = 80;
const NAME_COLUMNS = 30;
const VALUE_COLUMNS = 20;

/** Of defaults only those that people ask for first, unless all are wanted. */
const ASKED_FIRST =
  /timeoutMs$|numRetries$|retryOn$|perTryTimeoutMs$|\.lb$|outlier$|\.default\.max|retryBudget$/;

/** The folder that all files with settings lie in, with a slash; '' = none in common. */
function commonFolder(edges: readonly EdgePolicy[]): string {
  const files = edges.flatMap(({ settings }) => {
    return settings.filter(({ isExplicit }) => isExplicit).map(({ origin }) => origin);
  });
  const [first = '', ...others] = files;
  let folder = first.slice(0, first.lastIndexOf('/') + 1);
  while (folder !== '' && others.some((file) => !file.startsWith(folder))) {
    folder = folder.slice(0, folder.lastIndexOf('/', folder.length - 2) + 1);
  }
  return folder;
}

function edgeLines(edge: EdgePolicy, folder: string, isAll: boolean): readonly string[] {
  const subset = edge.subset === '' ? '' : ` ${edge.subset}`;
  const proxies = edge.proxies === 1 ? 'one proxy' : `${edge.proxies} proxies`;
  const shown = edge.settings.filter(({ path, isExplicit }) => {
    return isAll || isExplicit || ASKED_FIRST.test(path);
  });
  const left = edge.settings.length - shown.length;
  return [
    `${edge.from} → ${edge.to}${subset} (${proxies})`,
    `  ${'setting'.padEnd(NAME_COLUMNS)}${'value'.padEnd(VALUE_COLUMNS)}from`,
    ...shown.flatMap((setting) => settingLines(setting, folder)),
    ...(left > 0 ? [`  and ${left} more defaults: --all`] : []),
    '',
  ];
}

/** A value or an origin that is too long for its column goes on below. */
function settingLines(setting: PolicySetting, folder: string): readonly string[] {
  const { name, value, inAll, isExplicit } = setting;
  const origin = isExplicit ? setting.origin.slice(folder.length) : setting.origin;
  const names = wrapText(name, NAME_COLUMNS - 1);
  const values = wrapText(value, VALUE_COLUMNS - 1);
  const fromAt = 2 + NAME_COLUMNS + VALUE_COLUMNS;
  const room = COLUMNS - fromAt;
  const origins = pieces(origin, room);
  const height = Math.max(names.length, values.length, origins.length);
  const lines = Array.from({ length: height }, (_, row) =>
    [
      '  ',
      (names[row] ?? '').padEnd(NAME_COLUMNS),
      (values[row] ?? '').padEnd(VALUE_COLUMNS),
      origins[row] ?? '',
    ]
      .join('')
      .trimEnd(),
  );
  return inAll === '' || !inAll.includes('×') ? lines : [...lines, `    ${inAll}`];
}

/** Paths have no spaces to break at. */
function pieces(text: string, width: number): readonly string[] {
  const lines = wrapText(text, width);
  return lines.flatMap((line) => {
    const count = Math.max(1, Math.ceil(line.length / width));
    return Array.from({ length: count }, (_, at) => line.slice(at * width, (at + 1) * width));
  });
}
