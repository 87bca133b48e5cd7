/** Codes about route resources. Numbers are never reused. */
import type { ErrorCode } from './error-code.ts';

export const ROUTE_CODES = {} as const satisfies Record<string, ErrorCode>;
