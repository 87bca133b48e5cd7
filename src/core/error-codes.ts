/**
 * The one table of diagnostic codes: what each means, why it is a problem and how to fix it.
 *
 * Codes are stable: a code is never renumbered or given a second meaning. The documentation page
 * `docs/errors.md` is generated from here. One file per area under `error-codes/`.
 */
import { assert } from './assert.ts';
import { BASELINE_CODES } from './error-codes/baseline.ts';
import { DESTINATION_CODES } from './error-codes/destination.ts';
import { DOCUMENT_CODES } from './error-codes/document.ts';
import { ENVOY_CODES } from './error-codes/envoy.ts';
import type { ErrorCode } from './error-codes/error-code.ts';
import { IMPORT_CODES } from './error-codes/import.ts';
import { LINKERD_CODES } from './error-codes/linkerd.ts';
import { REGISTRY_CODES } from './error-codes/registry.ts';
import { ROUTE_CODES } from './error-codes/route.ts';
import { RUN_CODES } from './error-codes/run.ts';
import { SCENARIO_CODES } from './error-codes/scenario.ts';
import { SECURITY_CODES } from './error-codes/security.ts';

/** Every code with its entry, in the order of the areas. */
export const ERROR_CODES: Readonly<Record<string, ErrorCode>> = {
  ...DOCUMENT_CODES,
  ...IMPORT_CODES,
  ...ROUTE_CODES,
  ...DESTINATION_CODES,
  ...SECURITY_CODES,
  ...REGISTRY_CODES,
  ...SCENARIO_CODES,
  ...RUN_CODES,
  ...BASELINE_CODES,
  ...ENVOY_CODES,
  ...LINKERD_CODES,
};

/** The entry of a code; an unknown code is our mistake. */
export function errorCode(code: string): ErrorCode {
  const entry = ERROR_CODES[code];
  assert(entry !== undefined, `diagnostic code ${code} is not in core/error-codes`);
  return entry;
}
