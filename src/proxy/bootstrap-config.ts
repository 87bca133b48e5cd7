/**
 * An Envoy bootstrap → the configuration of one real proxy, its addresses, logs and endpoint files.
 *
 * Endpoint files are read here, and again whenever they change; a file that cannot be read then
 * changes nothing and is reported on standard error.
 */
import { readFileSync, watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { Diagnostics, renderDiagnostics } from '../core/diagnostics.ts';
import type { EndpointSet } from '../core/engine.ts';
import { InputError } from '../core/errors.ts';
import type { AccessLogPlan } from '../importers/envoy/access-logs.ts';
import { type Bootstrap, readAssignment, readBootstrap } from '../importers/envoy/bootstrap.ts';
import type { MeshFile } from '../importers/index.ts';
import { NameIds } from '../importers/name-ids.ts';
import type { SocketAddress } from './addresses.ts';
import type { ListenOption } from './main.ts';
import type { LoadedProxy } from './proxy-config.ts';

type Source = Bootstrap['eds'][number];

/** A proxy that an Envoy bootstrap describes. */
export interface LoadedBootstrap extends LoadedProxy {
  readonly listen: readonly ListenOption[];
  readonly admin: SocketAddress | null;
  readonly accessLogs: readonly AccessLogPlan[];
  readonly listeners: Bootstrap['listeners'];
  /** Tells new members of clusters whose endpoints stand in files. */
  watch(onMembers: (cluster: number, members: EndpointSet) => void): void;
  /** Tells the pressures that stand in files, now and whenever they change. */
  watchPressures(onPressure: (monitor: string, pressure: number) => void): void;
}

/**
 * @param folder that the names of endpoint files are relative to
 * @throws InputError when the bootstrap or one of its endpoint files has errors
 */
export function loadBootstrap(file: MeshFile, folder = dirname(file.path)): LoadedBootstrap {
  const diagnostics = new Diagnostics();
  const ids = new NameIds();
  const sources = new Map([[file.path, file.text]]);
  const bootstrap = readBootstrap(file, ids, diagnostics);
  const files = new EndpointFiles(folder, ids, sources);
  const clusters = (bootstrap?.config.clusters ?? []).map((cluster) => {
    const source = bootstrap?.eds.find(({ clusterId }) => clusterId === cluster.id);
    if (source === undefined) return cluster;
    return { ...cluster, endpoints: files.read(source, diagnostics) ?? cluster.endpoints };
  });
  if (bootstrap === undefined || diagnostics.hasErrors) {
    throw new InputError(diagnostics.sorted(), sources);
  }
  return {
    config: { ...bootstrap.config, clusters },
    diagnostics,
    limits: [],
    listen: bootstrap.listeners.map(({ config }) => ({
      direction: config.direction,
      address: { host: config.address, port: config.port },
      listener: config.id,
    })),
    admin: bootstrap.admin,
    accessLogs: bootstrap.listeners.flatMap(({ accessLogs }) => accessLogs),
    listeners: bootstrap.listeners,
    watch: (onMembers) => files.watch(bootstrap.eds, onMembers),
    watchPressures: (onPressure) => watchPressures(bootstrap, dirname(file.path), onPressure),
  };
}

/** A file that cannot be read, or holds no number, leaves its pressure as it was. */
function watchPressures(
  { config }: Bootstrap,
  folder: string,
  onPressure: (monitor: string, pressure: number) => void,
): void {
  for (const { name, path } of config.overload?.monitors ?? []) {
    if (path === null) continue;
    const file = resolve(folder, path);
    const tell = () => {
      const pressure = numberIn(file);
      if (pressure !== null) onPressure(name, pressure);
    };
    tell();
    watch(dirname(file), tell).unref();
  }
}

function numberIn(path: string): number | null {
  try {
    const text = readFileSync(path, 'utf8').trim();
    const value = text === '' ? Number.NaN : Number(text);
    return Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : null;
  } catch {
    return null;
  }
}

class EndpointFiles {
  private readonly folder: string;
  private readonly ids: NameIds;
  private readonly sources: Map<string, string>;
  private version = 0;

  constructor(folder: string, ids: NameIds, sources: Map<string, string>) {
    this.folder = folder;
    this.ids = ids;
    this.sources = sources;
  }

  read(source: Source, diagnostics: Diagnostics): EndpointSet | null {
    const path = resolve(this.folder, source.path);
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? String(error);
      const at = { file: path, line: 1, column: 1 };
      diagnostics.error('MQ-ENVOY-005', at, `the endpoint file cannot be read: ${reason}`);
      return null;
    }
    this.sources.set(path, text);
    const members = readAssignment({ path, text }, source, this.ids, diagnostics);
    return members === undefined ? null : { version: ++this.version, members };
  }

  /** Whole folders are watched, because files are replaced rather than written. */
  watch(sources: readonly Source[], onMembers: (id: number, members: EndpointSet) => void): void {
    for (const source of sources) {
      const path = resolve(this.folder, source.path);
      const watcher = watch(dirname(path), (_event, name) => {
        if (name !== null && name !== basename(path)) return;
        const diagnostics = new Diagnostics();
        const members = this.read(source, diagnostics);
        if (members !== null && !diagnostics.hasErrors) onMembers(source.clusterId, members);
        else process.stderr.write(`${renderDiagnostics(diagnostics.sorted(), this.sources)}\n`);
      });
      watcher.unref();
    }
  }
}
