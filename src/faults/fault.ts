/**
 * What an environment fault is. One file per kind beside this one, one line in `index.ts`.
 *
 * The envelope (id, target, window, probability …) is common and handled by `envelope.ts`; a kind
 * only knows its parameters and which verbs to use. Source: surface.md §5.
 */
import type { Draws } from '../core/draws.ts';
import type { FaultTarget, LinkPair } from '../core/fault-target.ts';
import type { Ns } from '../core/time.ts';

/** How a parameter is read from the scenario file; each `unit` names a reader of `core/units.ts`. */
export interface ParameterSpec {
  readonly name: string;
  readonly unit: 'duration' | 'ratio' | 'number' | 'integer' | 'enum' | 'names' | 'boolean';
  /** As one would write it in the scenario; undefined = required. */
  readonly default: string | number | boolean | undefined;
  /** For people: `> 0`, `0..1`, or the values of an enum separated by `|`. */
  readonly range: string;
  readonly summary: string;
  readonly source: string;
}

/** Parsed: durations in ns, ratios 0..1. */
export type ParameterValues = Readonly<
  Record<string, number | string | boolean | readonly string[]>
>;

/** What the envelope's selector resolved to, after `mode`. */
export interface Selection {
  /** Host ids. */
  readonly hosts: readonly number[];
  /** Directed host pairs, for link kinds. */
  readonly links: readonly LinkPair[];
  /** Client ids, for load kinds. */
  readonly clients: readonly number[];
  /** Groups of host ids, for partitions by name (`groups`). */
  readonly groups: readonly (readonly number[])[];
}

/** A running fault; made at the start of its window. */
export interface ActiveFault {
  /** Undo everything; called once, at the end of the window. */
  revert(): void;
}

export interface FaultKind {
  readonly kind: string;
  readonly group: string;
  readonly summary: string;
  /** What the target selects: machines, links or clients. */
  readonly targets: 'hosts' | 'links' | 'clients';
  readonly parameters: readonly ParameterSpec[];
  /** Which metric of the summary must move, for a test to assert on. */
  readonly moves: { readonly metric: string; readonly direction: 'up' | 'down' };
  /** YAML of one fault, complete. */
  readonly example: string;
  apply(target: FaultTarget, selection: Selection, context: FaultContext): ActiveFault;
}

export interface FaultContext {
  readonly id: string;
  readonly parameters: ParameterValues;
  readonly draws: Draws;
  /** Later actions inside the window (a restart after a crash): run at `nowNs + afterNs`. */
  after(afterNs: Ns, action: () => void): void;
  /** Length of the window. */
  readonly durationNs: Ns;
}
