/** Scenario texts for tests, and the shortest way to read one. */
import { Diagnostics } from '../../src/core/diagnostics.ts';
import type { Scenario } from '../../src/harness/scenario.ts';
import {
  type LoadedMesh,
  type MeshLoader,
  readScenarioFile,
} from '../../src/harness/scenario-file.ts';
import { NO_OVERRIDES, type Overrides } from '../../src/harness/variants.ts';

/** Two services, one client, nothing else. */
export const SMALL = `meshquake: 1
duration: 2m
services:
  payments: { instances: 2, workers: 4, serviceTime: { exponential: 10ms } }
  orders: { calls: [payments] }
clients:
  shoppers: { to: orders, open: { poisson: 100rps } }
`;

export interface Reading {
  readonly scenarios: readonly Scenario[];
  /** `line:column code message`, sorted by position. */
  readonly problems: readonly string[];
}

/** A file of mesh policy whose text is its own name. */
export const echoMesh: MeshLoader = (entry): LoadedMesh => ({
  ok: true,
  files: [{ path: entry, text: `# ${entry}\n` }],
});

export function readText(
  text: string,
  overrides: Partial<Overrides> = {},
  loadMesh: MeshLoader = echoMesh,
): Reading {
  const diagnostics = new Diagnostics();
  const source = { name: 'test', path: 'test.yaml', text };
  const file = readScenarioFile(source, loadMesh, diagnostics, { ...NO_OVERRIDES, ...overrides });
  const problems = diagnostics.sorted().map((item) => {
    const where = item.file === 'test.yaml' ? '' : `${item.file}:`;
    return `${where}${item.line}:${item.column} ${item.code} ${item.message}`;
  });
  return { scenarios: file.scenarios, problems };
}

/** The only variant of a text that must be fine. */
export function scenarioOf(text: string, overrides: Partial<Overrides> = {}): Scenario {
  const { scenarios, problems } = readText(text, overrides);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  const [scenario] = scenarios;
  if (scenario === undefined) throw new Error('no scenario');
  return scenario;
}
