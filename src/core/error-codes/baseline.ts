/** Codes about baselines of runs. Numbers are never reused. */
import type { ErrorCode } from './error-code.ts';

export const BASELINE_CODES = {
  'MQ-BASELINE-001': {
    title: 'A baseline that is not a summary',
    fix: 'make one with "meshquake run … --json", or take the summary.json of an output folder',
  },
} as const satisfies Record<string, ErrorCode>;
