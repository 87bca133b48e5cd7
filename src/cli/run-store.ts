/**
 * The finished runs of an experiment on disk, one a line, written as they finish: what `--resume` goes
 * on from, after an interrupt or after the machine went away.
 *
 * A run is known by scenario hash, seed and version; that decides its figures. Lines that are cut off
 * or of another version are left out and run again.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EnvironmentError } from '../core/errors.ts';
import type { RunFigures, RunRequest } from '../experiments/experiment.ts';
import { jsonText } from './experiment-output.ts';
import { writeOutput } from './output-directory.ts';

const FILE = 'runs.jsonl';

export class RunStore {
  readonly #path: string;
  readonly #version: string;
  readonly #lines = new Map<string, string>();
  /** For the first line of the console: what was found. */
  readonly note: string;

  /**
   * @param folder absolute; made when there is none
   * @param isResumed keep what is there; otherwise it is begun anew
   * @throws EnvironmentError when the folder cannot be written or holds other people's files
   */
  constructor(
    folder: string,
    made: { readonly reproduce: string; readonly version: string },
    isResumed: boolean,
  ) {
    this.#path = join(folder, FILE);
    this.#version = made.version;
    const found = this.#read();
    if (isResumed) for (const [key, line] of found) this.#lines.set(key, line);
    this.note = noteOf(found.size, isResumed);
    const manifest = { meshquake: made.version, format: 1, reproduce: made.reproduce };
    const lines = [...this.#lines.values()].join('');
    writeOutput(folder, { 'manifest.json': jsonText(manifest), [FILE]: lines });
  }

  find(run: RunRequest): RunFigures | null {
    const line = this.#lines.get(keyOf(run));
    return line === undefined ? null : (JSON.parse(line) as { figures: RunFigures }).figures;
  }

  /** Keeps a finished run. @throws EnvironmentError */
  add(run: RunRequest, figures: RunFigures): void {
    const key = keyOf(run);
    const line = `${JSON.stringify({ run: key, version: this.#version, figures })}\n`;
    this.#lines.set(key, line);
    try {
      appendFileSync(this.#path, line);
    } catch (error) {
      const { code = 'EIO' } = error as NodeJS.ErrnoException;
      throw new EnvironmentError(code, `cannot write to ${this.#path}: ${code}`, { cause: error });
    }
  }

  /** The lines of these runs, in their order: the same bytes whoever finished first. */
  textOf(runs: readonly RunRequest[]): string {
    return runs.map((run) => this.#lines.get(keyOf(run)) ?? '').join('');
  }

  #read(): ReadonlyMap<string, string> {
    if (!existsSync(this.#path)) return new Map();
    const lines = readFileSync(this.#path, 'utf8').split('\n');
    return new Map(lines.flatMap((line) => this.#entryOf(line)));
  }

  #entryOf(line: string): readonly (readonly [string, string])[] {
    try {
      const { run, version, figures } = JSON.parse(line) as Record<string, unknown>;
      const isOurs = typeof run === 'string' && version === this.#version;
      return isOurs && figures !== undefined ? [[run, `${line}\n`]] : [];
    } catch {
      return [];
    }
  }
}

function keyOf({ scenario, seed }: RunRequest): string {
  return `${scenario.hash} ${seed}`;
}

function noteOf(count: number, isResumed: boolean): string {
  if (count === 0) return '';
  return isResumed ? `  ${count} already made` : `  (${count} made before; --resume keeps them)`;
}
