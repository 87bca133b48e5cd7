/**
 * A scenario of the user's as the base of experiments: its services, clients, network and policy stay,
 * its faults, expectations and variants are left out.
 */
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { locateScenario } from '../cli/scenario-files.ts';
import { libraryIo, readScenarios, type ScenarioDefinition } from '../library/read-scenario.ts';

export interface BaseScenario {
  readonly scenario: ScenarioDefinition;
  /** Absolute paths of its policy files, folders or globs. */
  readonly mesh: readonly string[];
}

/** @throws InputError when it is not a scenario, or a wrong one */
export function readBase(given: string | ScenarioDefinition, cwd: string): BaseScenario {
  readScenarios(given, { cwd }); // throws when it is wrong
  const located = typeof given === 'string' ? locateScenario(given, libraryIo(cwd)) : null;
  const definition = located === null ? given : (parse(located.text) as ScenarioDefinition);
  const { mesh, variants, faults, expect, recovery, ...rest } = definition as ScenarioDefinition;
  const firstVariant = Object.values(variants ?? {})[0];
  const entries = [firstVariant?.mesh ?? mesh ?? []].flat();
  const folder = located?.folder ?? cwd;
  return { scenario: rest, mesh: entries.map((entry) => resolve(folder, entry)) };
}
