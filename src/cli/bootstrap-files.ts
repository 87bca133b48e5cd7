/**
 * Envoy bootstraps among the arguments of a command, recognised by their content.
 */
import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UsageError } from '../core/errors.ts';
import { isBootstrap } from '../importers/envoy/bootstrap.ts';
import type { MeshFile } from '../importers/index.ts';
import { type LoadedBootstrap, loadBootstrap } from '../proxy/bootstrap-config.ts';
import type { CliIo } from './cli-io.ts';
import { locateScenario } from './scenario-files.ts';

/** Whether the file there is a bootstrap. */
export function isBootstrapFile(path: string, io: CliIo): boolean {
  if (path === '-') return false;
  const absolute = resolve(io.cwd, path);
  if (!existsSync(absolute) || statSync(absolute).isDirectory()) return false;
  return isBootstrap(locateScenario(path, io).text);
}

/**
 * The bootstrap that the arguments are.
 *
 * @returns null when none of them is one
 * @throws UsageError when there are others beside it
 * @throws InputError when it has errors
 */
export function bootstrapAmong(paths: readonly string[], io: CliIo): LoadedBootstrap | null {
  const found = paths.find((path) => isBootstrapFile(path, io));
  if (found === undefined) return null;
  if (paths.length > 1) {
    throw new UsageError(`${found} is an Envoy bootstrap, which must be the only file`);
  }
  return loadBootstrap(bootstrapFile(found, io), dirname(resolve(io.cwd, found)));
}

/** With the path as it was given, for messages. */
export function bootstrapFile(path: string, io: CliIo): MeshFile {
  return { path, text: locateScenario(path, io).text };
}
