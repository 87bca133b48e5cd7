/** Objects with optional fields, under `exactOptionalPropertyTypes`. */

/** The fields that have a value; `exactOptionalPropertyTypes` wants the others left out. */
export function withoutAbsent<T extends object>(
  fields: T,
): {
  [K in keyof T]?: Exclude<T[K], undefined>;
} {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
