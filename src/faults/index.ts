/** All environment faults, in the order of the catalogue. (The kinds follow.) */
import type { FaultKind } from './fault.ts';

export const FAULT_KINDS: readonly FaultKind[] = [];
