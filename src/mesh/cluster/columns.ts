/**
 * What every column table does: growing typed columns by doubling.
 *
 * Called by the tables only. Columns are plain typed arrays; a table keeps them in public-to-itself
 * fields and replaces them when it grows, so nobody else may hold on to one.
 */

/** @returns a longer copy; the new rows are `fill` */
export function grownInts(column: Int32Array, rows: number, fill = 0): Int32Array {
  const grown = new Int32Array(rows);
  grown.set(column);
  if (fill !== 0) grown.fill(fill, column.length);
  return grown;
}

/** @returns a longer copy; the new rows are 0 */
export function grownFloats(column: Float64Array, rows: number): Float64Array {
  const grown = new Float64Array(rows);
  grown.set(column);
  return grown;
}
