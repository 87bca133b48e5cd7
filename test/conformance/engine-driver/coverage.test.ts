/**
 * Both drivers run the same engine: the same functions of src/mesh are executed by both runs of the
 * same stories.
 *
 * Counted by V8 itself. The list of exceptions names functions with the reason why only one driver
 * calls them.
 */
import { type Profiler, Session } from 'node:inspector/promises';
import { expect, it } from 'vitest';
import { runReal } from './real/run-real.ts';
import { STORIES } from './stories/index.ts';
import type { Story } from './story.ts';
import { runVirtual } from './virtual/run-virtual.ts';

/** `file function` → why only one of the drivers runs it. */
const EXCEPTIONS: ReadonlyMap<string, string> = new Map([
  ['get isReady', 'sockets listen once the first health checks are over; the script knows when'],
]);

/** Without watching memory, which takes most of the time. */
const COVERED = STORIES.map(({ memoryLimitBytes: _, ...story }): Story => story);

/** Functions of src/mesh, as `file function`, that `run` calls. */
async function executedBy(run: (story: Story) => unknown): Promise<Set<string>> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  for (const story of COVERED) await run(story);
  const { result } = await session.post('Profiler.takePreciseCoverage');
  await session.post('Profiler.stopPreciseCoverage');
  session.disconnect();
  return new Set(result.flatMap(functionsOf));
}

function functionsOf({ url, functions }: Profiler.ScriptCoverage): string[] {
  const file = /src\/mesh\/.*$/.exec(url)?.[0];
  if (file === undefined) return [];
  return functions
    .filter(({ functionName, ranges }) => functionName !== '' && (ranges[0]?.count ?? 0) > 0)
    .map(({ functionName, ranges }) => `${file} ${functionName} @${ranges[0]?.startOffset}`);
}

it('runs the same engine functions in virtual time and on real sockets', async () => {
  for (const story of COVERED) runVirtual(story); // so that modules and caches are the same
  const virtual = await executedBy(runVirtual);
  const real = await executedBy(runReal);
  const differences = [
    ...[...virtual].filter((name) => !real.has(name)).map((name) => `only virtual: ${name}`),
    ...[...real].filter((name) => !virtual.has(name)).map((name) => `only real: ${name}`),
  ].filter((line) => ![...EXCEPTIONS.keys()].some((name) => line.includes(name)));
  expect(virtual.size).toBeGreaterThan(100);
  expect(differences).toEqual([]);
});
