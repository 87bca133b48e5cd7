/**
 * What every column table of the simulator does: growing by doubling.
 *
 * Called by the tables only. A table replaces its array when it grows, so nobody else may hold on to
 * one. The columns of a row lie side by side in one array, since an event touches most of them: that
 * is one cache line, one bounds check and one base address instead of many.
 */

/** @returns a copy of twice the length; the new part is 0 */
export function grownInts(words: Int32Array): Int32Array {
  const grown = new Int32Array(2 * words.length);
  grown.set(words);
  return grown;
}

/** @returns a copy of twice the length; the new part is 0 */
export function grownFloats(doubles: Float64Array): Float64Array {
  const grown = new Float64Array(2 * doubles.length);
  grown.set(doubles);
  return grown;
}
