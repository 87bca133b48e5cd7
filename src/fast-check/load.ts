/** Generated load of a client. Shrinks towards a steady 5 requests per second. */
import fc from 'fast-check';
import { milliseconds } from './values.ts';

/** What a load may look like. */
export interface LoadOptions {
  /** Requests per second; 50 by default. */
  readonly maxRps?: number;
}

/** Load as a scenario's client says it. */
export type Load =
  | { readonly open: { readonly constant: string } | { readonly poisson: string } }
  | { readonly closed: { readonly users: number; readonly thinkTime: string } };

const FEWEST_RPS = 5;

/** Open loop (constant or Poisson) or closed loop, at most `maxRps` requests per second. */
export function load(options: LoadOptions = {}): fc.Arbitrary<Load> {
  const maxRps = Math.max(FEWEST_RPS, options.maxRps ?? 50);
  const rate = fc.integer({ min: FEWEST_RPS, max: maxRps }).map((value) => `${value}rps`);
  // Ten users who think for 200 ms or longer ask at most 50 times a second.
  const mostUsers = Math.max(1, Math.floor(maxRps / 5));
  return fc.oneof(
    { withCrossShrink: true },
    rate.map((constant): Load => ({ open: { constant } })),
    rate.map((poisson): Load => ({ open: { poisson } })),
    fc
      .tuple(fc.integer({ min: 1, max: mostUsers }), milliseconds(200, 500))
      .map(([users, thinkTime]): Load => ({ closed: { users, thinkTime } })),
  );
}
