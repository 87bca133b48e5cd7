/**
 * What commands see of the outside: streams, environment, folder. Tests put their own in its place.
 */

/** Where a command writes. */
export interface TextOutput {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Width of the terminal; 80 where there is none. */
  readonly columns: number;
}

export interface CliIo {
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  /** The whole of standard input, as text. */
  readStdin(): string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Current folder, absolute. */
  readonly cwd: string;
  /** Runs simulations in threads, so that the keyboard still interrupts; false: in this one. */
  readonly hasThreads: boolean;
}

/** What a command gets besides its arguments. */
export interface CliContext {
  readonly io: CliIo;
  /** What the process ends with, unless the command throws. */
  exitCode: number;
  /** The command line that was given, for messages that say how to do it again. */
  readonly argv: readonly string[];
}

/** Whether to colour: on a terminal, unless the environment says no. Source: no-color.org */
export function hasColour(output: TextOutput, env: CliIo['env']): boolean {
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR'] && env['FORCE_COLOR'] !== '0') return true;
  return output.isTerminal && env['TERM'] !== 'dumb';
}
