/** Codes about import resources. Numbers are never reused. */
import type { ErrorCode } from './error-code.ts';

export const IMPORT_CODES = {} as const satisfies Record<string, ErrorCode>;
