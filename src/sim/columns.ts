/**
 * What every column table of the simulator does: growing typed columns.
 *
 * Called by the tables only. A table replaces its columns when it grows, so nobody else may hold on
 * to one. The engine's tables have the same three functions; the folders may not share them.
 */

/** @returns a longer copy; the new rows are `fill` */
export function grownInts(column: Int32Array, rows: number, fill = 0): Int32Array {
  const grown = new Int32Array(rows);
  grown.set(column);
  if (fill !== 0) grown.fill(fill, column.length);
  return grown;
}

/** @returns a longer copy; the new rows are 0 */
export function grownBytes(column: Uint8Array, rows: number): Uint8Array {
  const grown = new Uint8Array(rows);
  grown.set(column);
  return grown;
}

/** @returns a longer copy; the new rows are 0 */
export function grownFloats(column: Float64Array, rows: number): Float64Array {
  const grown = new Float64Array(rows);
  grown.set(column);
  return grown;
}
