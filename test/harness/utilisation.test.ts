/** A worker that waits for a call is held, but does not compute. */
import { expect, it } from 'vitest';
import { Diagnostics } from '../../src/core/diagnostics.ts';
import { runScenario } from '../../src/harness/run.ts';
import { readScenarioFile } from '../../src/harness/scenario-file.ts';

it('tells computing from waiting for calls, in the utilisation of a service', () => {
  const text = `
meshquake: 1
duration: 20s
dataPlane: none
services:
  front: { workers: 10, serviceTime: 10ms, calls: [store] }
  store: { workers: 10, serviceTime: 30ms }
clients: { users: { to: front, open: { constant: 10rps } } }
`;
  const source = { name: 's', path: 's.yaml', text };
  const files = { ok: true, files: [] } as const;
  const { scenarios } = readScenarioFile(source, () => files, new Diagnostics());
  const { measurements } = runScenario(scenarios[0]!, { seed: '1', cutPoints: [] });
  const { services } = measurements.window(measurements.fromNs, measurements.toNs);
  const [front, store] = services;
  expect(front).toMatchObject({ name: 'front', cpuUtilisation: 0.01, workerUtilisation: 0.04 });
  expect(store).toMatchObject({ name: 'store', cpuUtilisation: 0.03, workerUtilisation: 0.03 });
});
