/**
 * A counterexample as files that `meshquake run` takes, and as the text that a failing test shows.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { stringify } from 'yaml';
import { quoteArgument } from '../cli/failure.ts';
import { EnvironmentError } from '../core/errors.ts';
import { hashTexts } from '../core/text-hash.ts';
import type { PolicyEntry } from '../library/read-scenario.ts';
import type { Examination, Finding } from './examine.ts';
import { type Experiment, summaryOf } from './experiment.ts';

/** An experiment breaks an invariant. Its message says all that is known. */
export class InvariantBroken extends Error {
  override readonly name = 'InvariantBroken';
  readonly experiment: Experiment;
  /** Names of the invariants that are broken. */
  readonly invariants: readonly string[];
  /** Scenario file that was written. */
  readonly file: string;

  constructor(
    message: string,
    experiment: Experiment,
    invariants: readonly string[],
    file: string,
  ) {
    super(message);
    this.experiment = experiment;
    this.invariants = invariants;
    this.file = file;
  }
}

const POLICY_FILE = 'policy.yaml';

/**
 * Writes the files and makes the error. Properties over the same invariants write to the same folder,
 * so that after shrinking it holds the smallest counterexample.
 *
 * @param out folder for all counterexamples
 * @throws EnvironmentError when it cannot be written
 */
export function brokenInvariant(
  experiment: Experiment,
  { scenario, summary, findings }: Examination,
  out: string,
): InvariantBroken {
  const broken = findings.filter(({ ok }) => ok === false);
  const names = [...new Set(broken.map(({ invariant }) => invariant.name))];
  const all = [...new Set(findings.map(({ invariant }) => invariant.name))];
  const folder = join(out, hashTexts(all).slice(0, 12));
  const entries = meshEntries(experiment.mesh, resolve(folder));
  const text = stringify({ ...scenario, ...(entries.length > 0 ? { mesh: entries } : {}) });
  const policy = policyText(experiment.mesh);
  const file = join(folder, 'scenario.yaml');
  writeFiles(folder, {
    'scenario.yaml': text,
    ...(policy === '' ? {} : { [POLICY_FILE]: policy }),
  });
  const message = [
    ...broken.map(brokenText),
    '',
    `${summaryOf(experiment)}; ended as ${summary.verdict}, digest ${summary.digest}`,
    `written to ${file}:`,
    indented(text),
    ...(policy === '' ? [] : [`${POLICY_FILE} beside it:`, indented(policy)]),
    `reproduce: npx meshquake run ${quoteArgument(folder)} --seed ${experiment.seed}`,
  ].join('\n');
  return new InvariantBroken(message, experiment, names, file);
}

function brokenText({ invariant, expression, observed }: Finding): string {
  const figures = observed === '' ? '' : `\n    ${observed}`;
  return `broken: ${invariant.name}\n    ${expression}${figures}`;
}

/** Own files by their path from the folder, resources by the one file that holds them, in order. */
function meshEntries(mesh: readonly PolicyEntry[], folder: string): readonly string[] {
  const entries = mesh.map((entry) => {
    if (typeof entry !== 'string') return POLICY_FILE;
    return isAbsolute(entry) ? relative(folder, entry) : relative(folder, resolve(entry));
  });
  return [...new Set(entries)];
}

function policyText(mesh: readonly PolicyEntry[]): string {
  const resources = mesh.filter((entry) => typeof entry !== 'string');
  return resources.map((resource) => stringify(resource)).join('---\n');
}

function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  try {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  } catch (error) {
    const { code = 'EIO' } = error as NodeJS.ErrnoException;
    throw new EnvironmentError(code, `cannot write to ${folder}: ${code}`, { cause: error });
  }
}

function indented(text: string): string {
  return text.trimEnd().replace(/^/gm, '  ');
}
