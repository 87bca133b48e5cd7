/**
 * `HTTPFault` → the fault filter.
 *
 * Source: Envoy v3 API, extensions/filters/http/fault/v3; policy-engine.md §9.1.
 */
import type { FaultConfig } from '../../../mesh/config/config.ts';
import { ENVOY } from '../../../mesh/config/defaults.ts';
import type { Fields } from '../fields.ts';
import { readHeaderMatch } from '../matchers.ts';

export function readFault(fields: Fields): FaultConfig {
  const nothing = ENVOY.fault.percentage.value;
  const delay = fields.message('delay', 'FaultDelay');
  const headerDelay = delay?.message('header_delay', 'HeaderDelay');
  headerDelay?.close();
  const delayMs = delay?.durationMs('fixed_delay');
  const delayPercent = delay?.fraction('percentage') ?? nothing;
  delay?.close();
  const abort = fields.message('abort', 'FaultAbort');
  const headerAbort = abort?.message('header_abort', 'HeaderAbort');
  headerAbort?.close();
  const config = {
    delay:
      delay === undefined
        ? null
        : {
            fixedDelayMs: delayMs ?? 0,
            percentage: delayPercent,
            ...(headerDelay === undefined ? {} : { fromHeader: true }),
          },
    abort:
      abort === undefined
        ? null
        : {
            httpStatus: abort.integer('http_status', 200, 599) ?? null,
            grpcStatus: abort.integer('grpc_status') ?? null,
            percentage: abort.fraction('percentage') ?? nothing,
            ...(headerAbort === undefined ? {} : { fromHeader: true }),
          },
    headers: fields.messages('headers', 'HeaderMatcher').map(readHeaderMatch),
    upstreamCluster: fields.text('upstream_cluster') ?? null,
    maxActiveFaults: fields.integer('max_active_faults') ?? null,
  };
  abort?.close();
  fields.close();
  return config;
}
