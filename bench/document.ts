/** What a run of the bench found: `--json`, baselines and reports are made of it. */
import type { Machine } from './report/machine.ts';

export interface RowResult {
  readonly name: string;
  /** The best of the repeats. */
  readonly value: number;
  readonly unit: string;
  /** Of each repeat, in order. */
  readonly samples: readonly number[];
  /** By name of the other row: this value as a multiple of its. */
  readonly ratioTo: Readonly<Record<string, number>>;
}

export interface BenchDocument {
  readonly format: 1;
  readonly rows: readonly RowResult[];
  /** Rows that this machine cannot measure, with the reason. */
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
  readonly machine?: Machine;
  /** UTC, with `machine`. */
  readonly date?: string;
}
