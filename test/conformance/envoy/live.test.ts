/**
 * A few cases on real sockets, so that the proxy's side of the suite does not rot unnoticed; all of
 * them are run by hand (`--target live`).
 */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { caseNames, sampleOf } from './case-names.ts';
import { LiveStage } from './live/live-stage.ts';
import type { RecordedOutcomes } from './outcomes.ts';
import { runFile } from './run-file.ts';

const FOLDER = import.meta.dirname;
const text = readFileSync(join(FOLDER, 'outcomes', 'live.json'), 'utf8');
const recorded = JSON.parse(text) as RecordedOutcomes;
const agreeing = caseNames(FOLDER, 'route-*,retry-*,lb-*').filter((name) => {
  return recorded[basename(name, '.yaml')] === 'agrees';
});

it.each(sampleOf(agreeing, 4))('the proxy on sockets answers as Envoy does: %s', async (name) => {
  // Real time on a busy machine: a moment may be missed, but not twice.
  const first = await runFile(FOLDER, name, new LiveStage('meshquake'), false);
  const { bad } =
    first.bad.length === 0 ? first : await runFile(FOLDER, name, new LiveStage('meshquake'), false);
  expect(bad).toEqual([]);
});
