/**
 * The list of HTTP filters: one line per file of this folder that is one.
 */
import type { Clock } from '../../core/engine.ts';
import type { FilterConfig } from '../config/config.ts';
import { AdaptiveConcurrency } from './adaptive-concurrency.ts';
import { AdmissionControl } from './admission-control.ts';
import { BufferFilter } from './buffer.ts';
import { FaultFilter } from './fault.ts';
import { HealthCheckFilter } from './health-check.ts';
import type { HttpFilter } from './http-filter.ts';
import { LocalRateLimit } from './local-rate-limit.ts';
import { RateLimitFilter } from './rate-limit.ts';
import { RbacFilter } from './rbac.ts';

type Kind = FilterConfig['kind'];

type FilterFactory<K extends Kind = Kind> = (
  config: Extract<FilterConfig, { kind: K }>,
  clock: Clock,
) => HttpFilter;

/** Every filter by its kind in the configuration. */
export const HTTP_FILTERS: { readonly [K in Kind]: FilterFactory<K> } = {
  fault: (filter) => new FaultFilter(filter.config),
  rbac: (filter) => new RbacFilter(filter.config),
  'local-rate-limit': (filter, clock) => new LocalRateLimit(filter.config, clock),
  'rate-limit': (filter) => new RateLimitFilter(filter.config),
  'adaptive-concurrency': (filter, clock) => new AdaptiveConcurrency(filter.config, clock),
  'admission-control': (filter, clock) => new AdmissionControl(filter.config, clock),
  buffer: (filter) => new BufferFilter(filter.config),
  'health-check': (filter, clock) => new HealthCheckFilter(filter.config, clock),
};

/** A filter with its own counters: one per entry of a listener's list. */
export function createFilter(config: FilterConfig, clock: Clock): HttpFilter {
  const make = HTTP_FILTERS[config.kind] as FilterFactory;
  return make(config, clock);
}
