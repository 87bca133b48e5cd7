/** The reporters that a command line asks for, each with the place that its text goes to. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import picocolors from 'picocolors';
import { EnvironmentError, UsageError } from '../../core/errors.ts';
import { didYouMean } from '../../core/suggest.ts';
import { type CliIo, hasColour } from '../cli-io.ts';
import type { Reporter, SuiteStart } from './reporter.ts';
import { REPORTERS } from './reporters/index.ts';
import type { CaseResult, SuiteResult } from './suite.ts';

interface Output {
  readonly reporter: Reporter;
  write(text: string): void;
}

const FILE_COLUMNS = 80;

/** Tells a suite to all its reporters. */
export class SuiteOutputs {
  readonly #outputs: readonly Output[];
  #told = 0;

  /**
   * @param wanted `name`, or `name=file`
   * @throws UsageError when there is no such reporter, or two of them share standard output
   * @throws EnvironmentError when a file cannot be written
   */
  constructor(wanted: readonly string[], io: CliIo) {
    const onScreen = wanted.filter((text) => !text.includes('='));
    if (onScreen.length > 1) {
      const [first, second] = onScreen;
      throw new UsageError(
        `the reporters ${first} and ${second} share standard output; write ${second}=FILE`,
      );
    }
    this.#outputs = wanted.map((text) => outputOf(text, io));
  }

  begin(start: SuiteStart): void {
    this.#write((reporter) => reporter.begin(start));
  }

  each(result: CaseResult): void {
    const index = this.#told;
    this.#told += 1;
    this.#write((reporter) => reporter.each(result, index));
  }

  end(suite: SuiteResult): void {
    this.#write((reporter) => reporter.end(suite));
  }

  #write(part: (reporter: Reporter) => string): void {
    for (const { reporter, write } of this.#outputs) {
      const text = part(reporter);
      if (text !== '') write(text);
    }
  }
}

function outputOf(text: string, io: CliIo): Output {
  const equals = text.indexOf('=');
  const name = equals === -1 ? text : text.slice(0, equals);
  const kind = REPORTERS.find((item) => item.name === name);
  if (kind === undefined) {
    const names = REPORTERS.map((item) => item.name);
    const known = `there are: ${names.join(', ')}`;
    throw new UsageError(`there is no reporter "${name}"${didYouMean(name, names)}\n  ${known}`);
  }
  if (equals === -1) {
    const { stdout, env } = io;
    const colors = picocolors.createColors(hasColour(stdout, env));
    const reporter = kind.make({ colors, columns: stdout.columns });
    return { reporter, write: (part) => stdout.write(part) };
  }
  const colors = picocolors.createColors(false);
  const reporter = kind.make({ colors, columns: FILE_COLUMNS });
  return { reporter, write: fileWriter(resolve(io.cwd, text.slice(equals + 1))) };
}

/** Made at once, so that a place that cannot be written is known before anything runs. */
function fileWriter(path: string): (text: string) => void {
  const attempt = (step: () => void) => {
    try {
      step();
    } catch (error) {
      const { code = 'EIO' } = error as NodeJS.ErrnoException;
      throw new EnvironmentError(code, `cannot write to ${path}: ${code}`, { cause: error });
    }
  };
  attempt(() => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, '');
  });
  return (text) => attempt(() => writeFileSync(path, text, { flag: 'a' }));
}
