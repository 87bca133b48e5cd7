/**
 * Time inside the engine and the simulator: integer nanoseconds in a number.
 *
 * 2^53 ns are 104 days, so every instant and every sum of a run is exact. Conversions to other
 * units happen at the edges only (`core/units.ts` parses, reports divide).
 */

/** Integer nanoseconds: an instant since the start of the run, or a length. */
export type Ns = number;

export const MICROSECOND: Ns = 1_000;
export const MILLISECOND: Ns = 1_000_000;
export const SECOND: Ns = 1_000_000_000;
export const MINUTE: Ns = 60 * SECOND;
export const HOUR: Ns = 60 * MINUTE;

/** An instant that never comes; later than any event a run can schedule. */
export const NEVER: Ns = Number.MAX_SAFE_INTEGER;
