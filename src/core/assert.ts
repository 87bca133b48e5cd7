/**
 * Assertions: our own mistakes, never the user's. They stay on in production.
 */

/** Thrown when the program contradicts itself; the command line adds the line that replays the run. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** @throws AssertionError when `condition` is false */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** For the default branch of a `switch` over a closed set. */
export function assertNever(value: never, what: string): never {
  throw new AssertionError(`unexpected ${what}: ${String(value)}`);
}
