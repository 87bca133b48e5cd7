/**
 * `HealthCheck` of a cluster: HTTP checks, TCP connections and what is said over them.
 *
 * Source: Envoy v3 API, config/core/v3 HealthCheck; policy-engine.md §5.
 */

import type { HealthCheckConfig, StatusRange } from '../../mesh/config/config.ts';
import type { GrpcProbe, Hex, HttpProbe, TcpProbe } from '../../mesh/config/health-check.ts';
import { hexOfBase64 } from './data-source.ts';
import type { Fields } from './fields.ts';
import { readAdditions } from './header-mutations.ts';
import { readStringMatch } from './matchers.ts';
import type { Runtime } from './runtime.ts';

export function readHealthCheck(fields: Fields, runtime: Runtime): HealthCheckConfig {
  const required = (name: string): number => {
    const value = fields.durationMs(name);
    if (value === undefined) fields.node.error('MQ-FIELD-003', `a health check needs ${name}`);
    return value ?? 1_000;
  };
  const threshold = (name: string): number => {
    const value = fields.integer(name);
    if (value === undefined) fields.node.error('MQ-FIELD-003', `a health check needs ${name}`);
    return value ?? 1;
  };
  const intervalMs = required('interval');
  const noTrafficIntervalMs = fields.durationMs('no_traffic_interval') ?? 60_000;
  const unhealthyIntervalMs = fields.durationMs('unhealthy_interval') ?? intervalMs;
  const minIntervalMs = runtime.integer('health_check.min_interval');
  const maxIntervalMs = runtime.integer('health_check.max_interval');
  const name = fields.text('name');
  const check = {
    timeoutMs: required('timeout'),
    intervalMs,
    unhealthyThreshold: threshold('unhealthy_threshold'),
    healthyThreshold: threshold('healthy_threshold'),
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
    ...(minIntervalMs === undefined ? {} : { minIntervalMs }),
    ...(maxIntervalMs === undefined ? {} : { maxIntervalMs }),
    ...(name === undefined ? {} : { name }),
    probe: readProbe(fields),
  };
  fields.ignore(
    'always_log_health_check_failures',
    'always_log_health_check_success',
    'event_log_path',
    'event_logger',
  );
  fields.close();
  return check;
}

function readProbe(fields: Fields): HealthCheckConfig['probe'] {
  const tcp = fields.message('tcp_health_check', 'TcpHealthCheck');
  if (tcp !== undefined) return readTcp(tcp);
  const http = fields.message('http_health_check', 'HttpHealthCheck');
  if (http !== undefined) return readHttp(http);
  const grpc = fields.message('grpc_health_check', 'GrpcHealthCheck');
  if (grpc !== undefined) return readGrpc(grpc);
  const custom = fields.get('custom_health_check') ?? fields.node;
  custom.error('MQ-ENVOY-002', 'only HTTP, TCP and gRPC health checks are modelled');
  return { kind: 'tcp', send: '', receive: [] };
}

function readGrpc(fields: Fields): GrpcProbe {
  const metadata = readAdditions(fields, 'initial_metadata');
  const probe = {
    kind: 'grpc' as const,
    service: fields.text('service_name') ?? '',
    host: fields.text('authority') ?? '',
    ...(metadata.length === 0
      ? {}
      : { metadata: metadata.map(({ name, value }) => [name, value] as const) }),
  };
  fields.close();
  return probe;
}

function readTcp(fields: Fields): TcpProbe {
  const send = readPayload(fields.message('send', 'Payload'));
  const receive = readPayloads(fields);
  fields.close();
  return { kind: 'tcp', send: send ?? '', receive };
}

function readHttp(fields: Fields): HttpProbe {
  const expected = fields.messages('expected_statuses', 'Int64Range').map(readRange);
  const send = readPayload(fields.message('send', 'Payload'));
  const receive = readPayloads(fields);
  const matcher = fields.message('service_name_matcher', 'StringMatcher');
  const added = readAdditions(fields, 'request_headers_to_add');
  const removed = fields.texts('request_headers_to_remove').map((name) => name.toLowerCase());
  const method = fields.text('method') ?? 'GET';
  const version = fields.oneOf('codec_client_type', ['HTTP1', 'HTTP2', 'HTTP3'] as const);
  if (version === 'HTTP3') {
    fields.get('codec_client_type')?.error('MQ-ENVOY-002', 'checks over HTTP/3 are not modelled');
  }
  // What of the body is kept; more than any answer of a check here.
  fields.ignore('response_buffer_size');
  const probe = {
    kind: 'http' as const,
    host: fields.text('host') ?? '',
    path: fields.text('path') ?? '/',
    method: method === 'METHOD_UNSPECIFIED' ? 'GET' : method,
    expected: expected.length === 0 ? [{ from: 200, to: 201 }] : expected,
    retriable: fields.messages('retriable_statuses', 'Int64Range').map(readRange),
    ...(version === 'HTTP2' ? { isHttp2: true } : {}),
    ...(added.length === 0
      ? {}
      : { addHeaders: added.map(({ name, value }) => [name, value] as const) }),
    ...(removed.length === 0 ? {} : { removeHeaders: removed }),
    ...(send === undefined ? {} : { send }),
    ...(receive.length === 0 ? {} : { receive }),
    ...(matcher === undefined ? {} : { serviceName: readStringMatch(matcher) }),
  };
  fields.close();
  return probe;
}

function readPayloads(fields: Fields): Hex[] {
  return fields.messages('receive', 'Payload').flatMap((payload) => readPayload(payload) ?? []);
}

/** Either hexadecimal text or base64. */
function readPayload(fields: Fields | undefined): Hex | undefined {
  if (fields === undefined) return undefined;
  const text = fields.text('text');
  const binary = fields.text('binary');
  fields.close();
  if (text === undefined) return binary === undefined ? '' : hexOfBase64(binary);
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) {
    fields.get('text')?.error('MQ-FIELD-006', `"${text}" is no hexadecimal text`);
  }
  return text.toLowerCase();
}

function readRange(fields: Fields): StatusRange {
  const range = { from: fields.integer('start') ?? 0, to: fields.integer('end') ?? 0 };
  fields.close();
  return range;
}
