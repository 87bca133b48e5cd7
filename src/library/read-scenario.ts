/**
 * Reads a scenario for callers of the library: by path or as an object, its policy from files or as
 * objects. Nothing is printed, and the environment is not looked at.
 */
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import type { CliIo } from '../cli/cli-io.ts';
import { type LocatedScenario, locateScenario, meshLoader } from '../cli/scenario-files.ts';
import { Diagnostics } from '../core/diagnostics.ts';
import { InputError } from '../core/errors.ts';
import type { Scenario } from '../harness/scenario.ts';
import { type MeshLoader, readScenarioFile } from '../harness/scenario-file.ts';
import type { SCENARIO } from '../harness/scenario-schema.ts';

/** A scenario as its file would say it, written as an object; units stay text, e.g. `'10ms'`. */
export type ScenarioDefinition = DeepReadonly<z.input<typeof SCENARIO>>;

/** Objects written `as const` are welcome. */
type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** A resource of a mesh or of Kubernetes, as its YAML would say it. */
export interface PolicyResource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

/** Policy of a run: a file, folder or glob, or the resource itself. */
export type PolicyEntry = string | PolicyResource;

/** What replaces parts of a scenario for one run. */
export interface ScenarioChanges {
  /** Changes to the scenario by dotted path, e.g. `{ 'services.payments.workers': 8 }`. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** Policy in place of the scenario's; paths are relative to `cwd`. */
  readonly mesh?: readonly PolicyEntry[];
  /** Virtual time in all, e.g. `'10m'`. */
  readonly duration?: string;
  /** `none` or `sidecar`. */
  readonly dataPlane?: string;
  /** What paths are relative to; the current folder by default. */
  readonly cwd?: string;
}

/**
 * All variants of a scenario, the first one first.
 *
 * @throws InputError with everything that is wrong
 */
export function readScenarios(
  scenario: string | ScenarioDefinition,
  changes: ScenarioChanges,
): readonly Scenario[] {
  const io = libraryIo(changes.cwd ?? process.cwd());
  const located =
    typeof scenario === 'string' ? locateScenario(scenario, io) : inMemory(scenario, io.cwd);
  const set = Object.entries(changes.set ?? {}).map(
    ([path, value]) => `${path}=${JSON.stringify(value)}`,
  );
  const { mesh, duration = null, dataPlane = null } = changes;
  const diagnostics = new Diagnostics();
  const loader = withResources(mesh ?? [], meshLoader(located.folder, io.cwd));
  const overrides = { set, mesh: mesh?.map(entryName) ?? null, duration, dataPlane };
  const file = readScenarioFile(located, loader, diagnostics, overrides);
  if (diagnostics.hasErrors) throw new InputError(diagnostics.sorted(), file.sources);
  return file.scenarios;
}

function inMemory(definition: ScenarioDefinition, folder: string): LocatedScenario {
  const text = JSON.stringify(definition, null, 2);
  return { name: 'scenario', path: '<scenario>', text, folder };
}

/** Resources have no path; in messages they go by their place in the list. */
function entryName(entry: PolicyEntry, index: number): string {
  return typeof entry === 'string' ? entry : `<mesh[${index}]>`;
}

function withResources(entries: readonly PolicyEntry[], loadFiles: MeshLoader): MeshLoader {
  const texts = new Map(
    entries.flatMap((entry, index) =>
      typeof entry === 'string'
        ? []
        : [[entryName(entry, index), JSON.stringify(entry, null, 2)] as const],
    ),
  );
  return (entry, relativeTo) => {
    const text = texts.get(entry);
    if (text === undefined) return loadFiles(entry, relativeTo);
    return { ok: true, files: [{ path: entry, text }] };
  };
}

/** A library neither prints nor reads the environment. */
export function libraryIo(cwd: string): CliIo {
  const silent = { write: () => {}, isTerminal: false, columns: 80 };
  return {
    stdout: silent,
    stderr: silent,
    readStdin: () => readFileSync(0, 'utf8'),
    env: {},
    cwd,
    hasThreads: false,
  };
}
