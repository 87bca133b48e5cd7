/**
 * Where the value of a setting came from: somebody's file, or a product's default.
 * Written by importers, shown by reports and `describe config`.
 */

export type Origin =
  | {
      readonly kind: 'explicit';
      readonly file: string;
      readonly line: number;
      readonly column: number;
    }
  | { readonly kind: 'default'; readonly product: string; readonly source: string };

/** A default: its value, the unit it is given in, and who says so. The only place it is written down. */
export interface Default<T> {
  readonly value: T;
  readonly unit: string;
  readonly source: string;
}
