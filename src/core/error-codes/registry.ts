/** Codes about registry resources. Numbers are never reused. */
import type { ErrorCode } from './error-code.ts';

export const REGISTRY_CODES = {} as const satisfies Record<string, ErrorCode>;
