/**
 * One case of a folder: reads its file and its recorded answer, and runs it.
 */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { renderDiagnostics } from '../../../src/core/diagnostics.ts';
import { InputError } from '../../../src/core/errors.ts';
import { readCase } from './case-file.ts';
import { type Golden, type Outcome, runCase } from './run-case.ts';
import type { Stage } from './stage.ts';

/** Goldens may be absent: the case then has no recorded answer. */
function readGolden(folder: string, id: string): Golden | null {
  try {
    return JSON.parse(readFileSync(join(folder, 'goldens', `${id}.json`), 'utf8')) as Golden;
  } catch {
    return null;
  }
}

/** Runs the case in one file. Never throws: mistakes are part of the outcome. */
export async function runFile(
  folder: string,
  name: string,
  stage: Stage,
  records: boolean,
): Promise<Outcome> {
  const path = join(folder, 'cases', name);
  const id = basename(name, '.yaml');
  try {
    const found = readCase(path, readFileSync(path, 'utf8'));
    const golden = records ? null : readGolden(folder, found.id);
    if (golden === null && !records) {
      const bad = [`no recorded answer: goldens/${found.id}.json`];
      return { id: found.id, title: found.title, bad, values: [] };
    }
    return await runCase(found, stage, golden);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return {
      id,
      title: '',
      bad: [renderDiagnostics(error.diagnostics, error.sources)],
      values: [],
    };
  }
}
