/**
 * A larger inlining budget for V8, set before anything is compiled.
 *
 * A simulated request passes some hundred small methods of tables and parts. By default V8 stops
 * inlining into a function at 920 bytes of bytecode, and most of those stay calls. `cli.ts` sets it
 * for its process, workers included; `bench` for its rows. It changes no result, only speed:
 * `docs/decisions/0015-larger-inlining-budget.md` has the figures.
 */
import { setFlagsFromString } from 'node:v8';

/** Bytes of bytecode that V8 may inline into one function, as its option says it. */
export const INLINING_OPTION = '--max-inlined-bytecode-size-cumulative=5000';

export function enlargeInliningBudget(): void {
  setFlagsFromString(INLINING_OPTION);
}
