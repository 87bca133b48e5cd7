/**
 * The errors that end a command without being our bug, each with its exit code.
 *
 * Our own mistakes are `AssertionError` (core/assert.ts) and exit with 70. Nothing else is thrown
 * on purpose.
 * Source: surface.md §2 (exit codes), design.md §10.
 */
import { type Diagnostic, renderDiagnostics } from './diagnostics.ts';

/** Exit codes of the command line. Source: surface.md §2. */
export const ExitCode = {
  passed: 0,
  violated: 1,
  inconclusive: 2,
  nondeterministic: 3,
  notRecovered: 4,
  regression: 5,
  usage: 64,
  input: 65,
  environment: 69,
  internal: 70,
  findings: 79,
  thresholds: 99,
  aborted: 105,
  interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The input has errors: all of them, in the order of their positions. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly exitCode: ExitCode = ExitCode.input;
  readonly diagnostics: readonly Diagnostic[];
  /** Texts by file name, for code frames. */
  readonly sources: ReadonlyMap<string, string>;

  constructor(
    diagnostics: readonly Diagnostic[],
    sources: ReadonlyMap<string, string> = new Map(),
  ) {
    const first = diagnostics.find((item) => item.severity === 'error') ?? diagnostics[0];
    super(first === undefined ? 'invalid input' : `${first.code}: ${first.message}`);
    this.diagnostics = diagnostics;
    this.sources = sources;
  }

  /** All diagnostics as people read them. */
  render(): string {
    return renderDiagnostics(this.diagnostics, this.sources);
  }
}

/** The command was called wrongly. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly exitCode: ExitCode = ExitCode.usage;
}

/** The machine does not allow it: a port in use, a file that cannot be written. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
  readonly exitCode: ExitCode = ExitCode.environment;
  /** The system's word, e.g. `EADDRINUSE`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
