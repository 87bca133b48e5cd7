/** Codes about destination resources. Numbers are never reused. */
import type { ErrorCode } from './error-code.ts';

export const DESTINATION_CODES = {} as const satisfies Record<string, ErrorCode>;
