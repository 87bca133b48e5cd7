/**
 * `meshquake proxy`: the engine on real sockets, with the policy of mesh files, until it is stopped.
 *
 * Standard output belongs to the access log; everything else goes to standard error. Exit codes: 64
 * usage, 65 files, 69 ports and log files; 0 after SIGTERM or SIGINT.
 * Source: surface.md §1 (command `proxy`), §2, §6.
 */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { Diagnostics, renderDiagnostics } from '../core/diagnostics.ts';
import { type EnvironmentError, InputError, UsageError } from '../core/errors.ts';
import { parseDurationNs } from '../core/units.ts';
import { isBootstrap } from '../importers/envoy/bootstrap.ts';
import type { MeshFile } from '../importers/index.ts';
import type { MeshConfig } from '../mesh/config/config.ts';
import { AccessLog, type LogSink, openFileSink } from '../proxy/access-log/access-log.ts';
import { DEFAULT_FORMAT, type LineFormatter, parseFormat } from '../proxy/access-log/format.ts';
import { parseAddress, type SocketAddress } from '../proxy/addresses.ts';
import { type LoadedBootstrap, loadBootstrap } from '../proxy/bootstrap-config.ts';
import type { Direction } from '../proxy/downstreams.ts';
import { type ListenOption, type RunningProxy, startProxy } from '../proxy/main.ts';
import { type LoadedProxy, loadProxy, parseWorkloadName } from '../proxy/proxy-config.ts';
import { refuseUnspoken } from '../proxy/unspoken.ts';
import type { CliContext, CliIo } from './cli-io.ts';
import { meshLoader } from './scenario-files.ts';
import { programVersion } from './version.ts';

interface ProxyFlags {
  readonly config: readonly string[];
  readonly workload?: string;
  readonly listen?: string;
  readonly admin?: string;
  readonly accessLog?: string;
  readonly accessLogFormat: string;
  readonly drainTime: string;
  readonly allowNonLoopback?: true;
  readonly seed?: string;
}

/** Resolves with a word for the log when the process is asked to end. */
export type StopRequest = () => Promise<string>;

/** Where Istio's sidecars listen. */
const DEFAULT_ADDRESS: Readonly<Record<Direction, string>> = {
  outbound: '127.0.0.1:15001',
  inbound: '127.0.0.1:15006',
};

const HELP = `
The files are the mesh's own resources; addresses in them must be real ones: ServiceEntry with
static endpoints, WorkloadEntry, EndpointSlice, or Pods with an address. One outbound address serves
all ports: the port of the Host header (80 without one) says which is meant.

Examples:
  # a client's proxy; then: curl -H 'Host: orders.default.svc.cluster.local' 127.0.0.1:15001
  meshquake proxy --config mesh/

  # or as an HTTP proxy: curl -x 127.0.0.1:15001 http://orders.default.svc.cluster.local/
  meshquake proxy --config mesh/ --listen 127.0.0.1:15001 --admin 127.0.0.1:15000

  # an Envoy bootstrap: listeners, admin address and access log as it says
  meshquake proxy --config bootstrap.yaml

  # the sidecar of one workload, both directions, with its own log format
  meshquake proxy --config mesh/ --workload shop/orders-1 \\
    --listen outbound=127.0.0.1:15001,inbound=127.0.0.1:15006 \\
    --access-log access.log --access-log-format '%RESPONSE_CODE% %RESPONSE_FLAGS% %DURATION%'
`;

/** @param stopRequest how the end is asked for; default: SIGTERM and SIGINT */
export function proxyCommand(
  program: Command,
  context: CliContext,
  stopRequest: StopRequest = untilSignal,
): void {
  program
    .command('proxy')
    .description('run the policy engine as a real proxy')
    .requiredOption('--config <file...>', 'policy files, folders or globs, or one Envoy bootstrap')
    .option('--workload <namespace/name>', "whose sidecar; default: a client's, in default")
    .option('--listen <addresses>', '[outbound=]ADDR[,inbound=ADDR]; port 0 = any free one')
    .option('--admin <address>', 'address of the pages /stats, /clusters, /ready; default: none')
    .option('--access-log <file>', 'where requests are logged; default: standard output')
    .addOption(
      new Option('--access-log-format <text>', "Envoy's command operators").default(
        DEFAULT_FORMAT,
        "Envoy's default format",
      ),
    )
    .option('--drain-time <duration>', 'how long running requests may take after a stop', '5s')
    .option('--allow-non-loopback', 'let other machines reach the proxy')
    .addOption(
      new Option('--seed <text>', 'any text (default: a new one each time; env: MESHQUAKE_SEED)'),
    )
    .addHelpText('after', HELP)
    .action(async (flags: ProxyFlags) => {
      await runProxy(flags, context, stopRequest);
    });
}

async function runProxy(
  flags: ProxyFlags,
  { io }: CliContext,
  stopRequest: StopRequest,
): Promise<void> {
  const drainTimeNs = drainTimeOf(flags.drainTime);
  const files = readFiles(flags.config, io);
  const bootstrap = bootstrapOf(flags, files, io);
  const admin = adminOf(flags, bootstrap);
  const loaded = bootstrap ?? loadFiles(flags, files, io);
  const listen = bootstrap?.listen ?? listenOptions(flags.listen, loaded.config);
  const seed = flags.seed ?? (io.env['MESHQUAKE_SEED'] || randomBytes(4).toString('hex'));
  let failLog: (error: EnvironmentError) => void = () => {};
  const logFailed = new Promise<never>((_, reject) => {
    failLog = reject;
  });
  const accessLog = await openLog(logPlanOf(flags, bootstrap), io, failLog);
  const proxy = await startProxy({
    config: loaded.config,
    seed,
    listen,
    admin,
    accessLog,
    allowNonLoopback: flags.allowNonLoopback === true,
  });
  io.stderr.write(startText(proxy, listen, loaded, seed));
  bootstrap?.watch((cluster, members) => proxy.setEndpoints(cluster, members));
  bootstrap?.watchPressures((monitor, pressure) => proxy.setPressure(monitor, pressure));
  try {
    const reason = await Promise.race([stopRequest(), proxy.failed, logFailed]);
    io.stderr.write(`stopping: ${reason}\n`);
  } catch (error) {
    await proxy.stop(0).catch(() => {});
    throw error;
  }
  await proxy.stop(drainTimeNs);
}

/** @returns null when the files are mesh resources */
function bootstrapOf(
  flags: ProxyFlags,
  files: readonly MeshFile[],
  io: CliIo,
): LoadedBootstrap | null {
  const [file] = files;
  if (file === undefined || !isBootstrap(file.text)) return null;
  if (files.length > 1) {
    throw new UsageError(`${file.path} is an Envoy bootstrap, which must be the only file`);
  }
  if (flags.workload !== undefined || flags.listen !== undefined) {
    throw new UsageError('an Envoy bootstrap says itself where it listens and for whom');
  }
  const found = { path: resolve(io.cwd, file.path), text: file.text };
  const loaded = loadBootstrap(found);
  refuseUnspoken(loaded.config, found);
  return loaded;
}

function adminOf(flags: ProxyFlags, bootstrap: LoadedBootstrap | null): SocketAddress | null {
  if (flags.admin !== undefined) return addressOf('--admin', flags.admin);
  return bootstrap?.admin ?? null;
}

interface LogPlan {
  /** null = standard output. */
  readonly path: string | null;
  readonly format: LineFormatter;
}

/** Flags go before the bootstrap's own access log. */
function logPlanOf(flags: ProxyFlags, bootstrap: LoadedBootstrap | null): LogPlan {
  const [own] = bootstrap?.accessLogs ?? [];
  const isDefault = flags.accessLogFormat === DEFAULT_FORMAT;
  const format = isDefault ? (own?.format ?? DEFAULT_FORMAT) : flags.accessLogFormat;
  return { path: flags.accessLog ?? own?.path ?? null, format: parseFormat(format) };
}

function loadFiles(flags: ProxyFlags, files: readonly MeshFile[], io: CliIo): LoadedProxy {
  const workload = flags.workload === undefined ? null : parseWorkloadName(flags.workload);
  const loaded = loadProxy(files, workload);
  const notes = loaded.diagnostics.sorted().filter((item) => item.severity === 'warning');
  const sources = new Map(files.map(({ path, text }) => [path, text]));
  if (notes.length > 0) io.stderr.write(`${renderDiagnostics(notes, sources)}\n`);
  return loaded;
}

/** @throws InputError naming every entry that leads nowhere */
export function readFiles(entries: readonly string[], io: CliIo): MeshFile[] {
  const load = meshLoader(io.cwd, io.cwd);
  const diagnostics = new Diagnostics();
  const files = entries.flatMap((entry) => {
    const mesh = load(entry, 'command-line');
    if (mesh.ok) return mesh.files;
    diagnostics.error('MQ-SCENARIO-009', { file: entry, line: 1, column: 1 }, mesh.problem);
    return [];
  });
  if (diagnostics.hasErrors) throw new InputError(diagnostics.sorted());
  return files;
}

/** @throws UsageError */
function listenOptions(text: string | undefined, config: MeshConfig): ListenOption[] {
  const known = new Set(config.listeners.map((listener) => listener.direction));
  if (text === undefined) {
    return (['outbound', 'inbound'] as const)
      .filter((direction) => direction === 'outbound' || known.has(direction))
      .map((direction) => listenOption(direction, DEFAULT_ADDRESS[direction]));
  }
  const options = text.split(',').map((part) => {
    const [, direction = 'outbound', address = ''] =
      /^(?:(outbound|inbound)=)?(.*)$/.exec(part) ?? [];
    return listenOption(direction as Direction, address);
  });
  if (new Set(options.map((option) => option.direction)).size < options.length) {
    throw new UsageError('--listen: at most one address for outbound and one for inbound');
  }
  if (options.some((option) => option.direction === 'inbound') && !known.has('inbound')) {
    throw new UsageError(
      '--listen: inbound needs --workload with a workload that serves something',
    );
  }
  return options;
}

function listenOption(direction: Direction, text: string): ListenOption {
  return { direction, address: addressOf('--listen', text) };
}

function addressOf(flag: string, text: string): SocketAddress {
  const address = parseAddress(text);
  if (address === null) {
    throw new UsageError(`${flag}: "${text}" is not an address; expected HOST:PORT or :PORT`);
  }
  return address;
}

function drainTimeOf(text: string): number {
  const parsed = parseDurationNs(text);
  if (!parsed.ok) throw new UsageError(`--drain-time ${parsed.problem}`);
  return parsed.value;
}

async function openLog(
  { path, format }: LogPlan,
  io: CliIo,
  onFailure: (error: EnvironmentError) => void,
): Promise<AccessLog> {
  if (path === null) return new AccessLog(format, outputSink(io));
  const sink = await openFileSink(resolve(io.cwd, path), onFailure);
  return new AccessLog(format, sink);
}

function outputSink(io: CliIo): LogSink {
  return { write: (text) => io.stdout.write(text), close: async () => {} };
}

function startText(
  proxy: RunningProxy,
  listen: readonly ListenOption[],
  { config, limits }: LoadedProxy,
  seed: string,
): string {
  const { listeners, clusters } = config;
  const endpoints = clusters.reduce((sum, cluster) => sum + cluster.endpoints.members.length, 0);
  const ports = listeners
    .filter((listener) => listener.direction === 'outbound')
    .map((listener) => listener.port);
  const lines = [
    `meshquake ${programVersion()}, seed ${seed}, ${config.proxyName}: ` +
      `${clusters.length} clusters, ${endpoints} endpoints`,
    ...listen.map(({ direction }, at) => {
      const which = direction === 'outbound' ? ` for ports ${ports.join(', ') || '(none)'}` : '';
      return `${direction} ${proxy.addresses[at]}${which}`;
    }),
    ...(proxy.adminAddress === null ? [] : [`admin http://${proxy.adminAddress}/`]),
    ...limits.map((limit) => `limit: ${limit}`),
    'ready',
  ];
  return `${lines.join('\n')}\n`;
}

/** A second signal ends the process at once. */
function untilSignal(): Promise<string> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals) => {
      process.off('SIGTERM', stop);
      process.off('SIGINT', stop);
      resolve(signal);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}
