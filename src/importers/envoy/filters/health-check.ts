/**
 * `HealthCheck` → the filter that answers the checks of others.
 *
 * Source: Envoy v3 API, extensions/filters/http/health_check/v3.
 */
import type { HealthFilterConfig } from '../../../mesh/config/config.ts';
import { Fields } from '../fields.ts';
import { readHeaderMatch } from '../matchers.ts';

/** @param ownCluster of the node */
export function readHealthFilter(fields: Fields, ownCluster: string): HealthFilterConfig {
  const passesThrough = fields.flag('pass_through_mode');
  if (!fields.has('pass_through_mode')) {
    fields.node.error('MQ-FIELD-003', 'a health check filter needs pass_through_mode');
  }
  const cacheMs = fields.durationMs('cache_time') ?? 0;
  if (!passesThrough && cacheMs > 0) {
    const message = 'cache_time is only for filters in pass_through_mode';
    fields.get('cache_time')?.error('MQ-ENVOY-003', message);
  }
  const shares = fields.get('cluster_min_healthy_percentages')?.entries() ?? [];
  const config = {
    headers: fields.messages('headers', 'HeaderMatcher').map(readHeaderMatch),
    passesThrough,
    cacheMs,
    leastHealthy: shares.map(([cluster, node]) => {
      const percent = new Fields(node, 'Percent');
      const value = Math.trunc(percent.number('value') ?? 0);
      percent.close();
      return { cluster, percent: value };
    }),
    ownCluster,
  };
  fields.close();
  return config;
}
