/**
 * What a mesh adds, against the arithmetic of its profile: means of independent times add up, so the
 * mean of four passes through a proxy is four times the law's mean, e^(μ + σ²/2).
 */
import { expect, test } from 'vitest';
import { processIo } from '../../src/cli/process-io.ts';
import { loadScenario } from '../../src/cli/scenario-files.ts';
import { overheadProfile } from '../../src/harness/data-planes/overhead-profiles.ts';
import { runScenario } from '../../src/harness/run.ts';
import type { Scenario } from '../../src/harness/scenario.ts';
import { NO_OVERRIDES } from '../../src/harness/variants.ts';
import { ROOT } from '../architecture/source-tree.ts';

const PASSES = 4;
/** Of the mean of 15,000 requests: six standard errors of four passes. */
const TOLERANCE_MS = 0.01;

function meanMs(scenario: Scenario): number {
  const { measurements } = runScenario(scenario, { seed: '7', cutPoints: [] });
  const { clients } = measurements.window(measurements.fromNs, measurements.toNs);
  const mean = clients.find((client) => client.name === 'users')?.latencyMs.mean;
  if (mean === undefined) throw new Error('no client');
  return mean;
}

function profileMeanMs({ dataPlane }: Scenario): number {
  const law = overheadProfile(dataPlane.overhead)?.perTraversal;
  if (law?.kind !== 'lognormal' || !('meanNs' in law)) throw new Error('not a log-normal law');
  return law.meanNs / 1e6;
}

test('sidecars add four passes of their profile, and nothing else', () => {
  const overrides = { ...NO_OVERRIDES, duration: '25s' };
  const { scenarios } = loadScenario('scenarios/overhead', overrides, {
    ...processIo(),
    cwd: ROOT,
  });
  const [noMesh, ...meshes] = scenarios;
  if (noMesh === undefined) throw new Error('no variant');
  const baseMs = meanMs(noMesh);
  expect(meshes).toHaveLength(2);
  for (const scenario of meshes) {
    const addedMs = meanMs(scenario) - baseMs;
    const expectedMs = PASSES * profileMeanMs(scenario);
    expect(Math.abs(addedMs - expectedMs), `${scenario.variant}: ${addedMs}`).toBeLessThan(
      TOLERANCE_MS,
    );
  }
});
