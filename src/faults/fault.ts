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
  readonly default: string | number | boolean | readonly string[] | undefined;
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
  /**
   * Called while the fault ramps up, with rising shares that end at 1; without it a kind knows only
   * on and off.
   */
  setStrength?(share: number): void;
  /** Undo everything; called once, at the end of the window. */
  revert(): void;
}

export interface FaultKind {
  readonly kind: string;
  readonly group: string;
  readonly summary: string;
  /** What the target selects: machines, links or clients. */
  readonly targets: 'hosts' | 'links' | 'clients';
  /** Without a target it strikes all machines; otherwise a target must name some. */
  readonly strikesAllByDefault?: boolean;
  readonly parameters: readonly ParameterSpec[];
  /** Which metric of the summary must move, for a test to assert on. */
  readonly moves: { readonly metric: string; readonly direction: 'up' | 'down' };
  /** YAML of one fault, complete. */
  readonly example: string;
  apply(target: FaultTarget, selection: Selection, context: FaultContext): ActiveFault;
}

export interface FaultContext {
  readonly id: string;
  /** Which of the fault's windows this is, from 0; keys what is drawn once per window. */
  readonly occurrence: number;
  /** Share of the full strength to begin with; below 1 only when the fault ramps up. */
  readonly strength: number;
  readonly parameters: ParameterValues;
  /** For labels that begin with `fault/<id>/`, so that faults never share a draw. */
  readonly draws: Draws;
  /** Later actions inside the window (a restart after a crash); not run once the window is over. */
  after(afterNs: Ns, action: () => void): void;
  /** Length of the window. */
  readonly durationNs: Ns;
  /** When the window ends. */
  readonly endNs: Ns;
}
