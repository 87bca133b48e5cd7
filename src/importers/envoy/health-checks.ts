/**
 * `HealthCheck` of a cluster: HTTP checks and bare TCP connects.
 *
 * Source: Envoy v3 API, config/core/v3 HealthCheck; policy-engine.md §5.
 */
import type { HealthCheckConfig, StatusRange } from '../../mesh/config/config.ts';
import type { Fields } from './fields.ts';

export function readHealthCheck(fields: Fields): HealthCheckConfig {
  const required = (name: string): number => {
    const value = fields.durationMs(name);
    if (value === undefined) fields.node.error('MQ-FIELD-003', `a health check needs ${name}`);
    return value ?? 1_000;
  };
  const intervalMs = required('interval');
  const noTrafficIntervalMs = fields.durationMs('no_traffic_interval') ?? 60_000;
  const unhealthyIntervalMs = fields.durationMs('unhealthy_interval') ?? intervalMs;
  const check = {
    timeoutMs: required('timeout'),
    intervalMs,
    unhealthyThreshold: fields.integer('unhealthy_threshold') ?? 1,
    healthyThreshold: fields.integer('healthy_threshold') ?? 1,
    initialJitterMs: fields.durationMs('initial_jitter') ?? 0,
    intervalJitterMs: fields.durationMs('interval_jitter') ?? 0,
    intervalJitterPercent: fields.integer('interval_jitter_percent') ?? 0,
    noTrafficIntervalMs,
    noTrafficHealthyIntervalMs:
      fields.durationMs('no_traffic_healthy_interval') ?? noTrafficIntervalMs,
    unhealthyIntervalMs,
    unhealthyEdgeIntervalMs: fields.durationMs('unhealthy_edge_interval') ?? unhealthyIntervalMs,
    healthyEdgeIntervalMs: fields.durationMs('healthy_edge_interval') ?? intervalMs,
    reusesConnection: fields.flag('reuse_connection', true),
    probe: readProbe(fields),
  };
  fields.ignore('always_log_health_check_failures', 'event_log_path');
  fields.close();
  return check;
}

function readProbe(fields: Fields): HealthCheckConfig['probe'] {
  const tcp = fields.message('tcp_health_check', 'TcpHealthCheck');
  if (tcp !== undefined) {
    tcp.close();
    return { kind: 'tcp' };
  }
  const http = fields.message('http_health_check', 'HttpHealthCheck');
  if (http === undefined) {
    fields.node.error('MQ-ENVOY-002', 'only HTTP and TCP health checks are modelled');
    return { kind: 'tcp' };
  }
  const expected = http.messages('expected_statuses', 'Int64Range').map(readRange);
  const probe = {
    kind: 'http' as const,
    host: http.text('host') ?? '',
    path: http.text('path') ?? '/',
    method: http.text('method') ?? 'GET',
    expected: expected.length === 0 ? [{ from: 200, to: 201 }] : expected,
    retriable: http.messages('retriable_statuses', 'Int64Range').map(readRange),
  };
  http.close();
  return probe;
}

function readRange(fields: Fields): StatusRange {
  const range = { from: fields.integer('start') ?? 0, to: fields.integer('end') ?? 0 };
  fields.close();
  return range;
}
