/**
 * The list of HTTP filters: one line per file of this folder that is one.
 */
import type { FilterConfig } from '../config/config.ts';
import { FaultFilter } from './fault.ts';
import type { HttpFilter } from './http-filter.ts';
import { RbacFilter } from './rbac.ts';

type Kind = FilterConfig['kind'];

type FilterFactory<K extends Kind = Kind> = (
  config: Extract<FilterConfig, { kind: K }>,
) => HttpFilter;

/** Every filter by its kind in the configuration. */
export const HTTP_FILTERS: { readonly [K in Kind]: FilterFactory<K> } = {
  fault: (filter) => new FaultFilter(filter.config),
  rbac: (filter) => new RbacFilter(filter.config),
};

/** A filter with its own counters: one per entry of a listener's list. */
export function createFilter(config: FilterConfig): HttpFilter {
  const make = HTTP_FILTERS[config.kind] as FilterFactory;
  return make(config);
}
