/** Codes about scenario files. Numbers are never reused. */
import type { ErrorCode } from './error-code.ts';

export const SCENARIO_CODES = {} as const satisfies Record<string, ErrorCode>;
