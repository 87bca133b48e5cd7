/**
 * The HTTP filters of a connection manager, by the type of their configuration: one line each.
 *
 * Source: Envoy v3 API, extensions/filters/http; policy-engine.md §9.
 */
import type { FilterConfig, RouteFilters, RouterOptions } from '../../mesh/config/config.ts';
import {
  type Fields,
  refuseExtension,
  type TypedConfig,
  typedConfigOf,
  typedMessage,
} from './fields.ts';
import { readAdaptiveConcurrency } from './filters/adaptive-concurrency.ts';
import { readAdmissionControl } from './filters/admission-control.ts';
import { readBuffer, readBufferPerRoute } from './filters/buffer.ts';
import { readFault } from './filters/fault.ts';
import { readHealthFilter } from './filters/health-check.ts';
import { readLocalRateLimit } from './filters/local-rate-limit.ts';
import { readRateLimit } from './filters/rate-limit.ts';
import { readRbac, readRbacPerRoute } from './filters/rbac.ts';
import type { Runtime } from './runtime.ts';

const PREFIX = 'envoy.extensions.filters.http.';
const ROUTER = `${PREFIX}router.v3.Router`;
const FILTER_CONFIG = 'envoy.config.route.v3.FilterConfig';

/** What a reader makes of a filter's configuration. */
type FilterReader = (fields: Fields, runtime: Runtime) => FilterConfig;

/** Without the prefix. */
const FILTERS: Readonly<Record<string, FilterReader>> = {
  'fault.v3.HTTPFault': (fields, runtime) => ({
    kind: 'fault',
    config: readFault(fields, runtime),
  }),
  'rbac.v3.RBAC': (fields) => ({ kind: 'rbac', config: readRbac(fields) }),
  'rbac.v3.RBACPerRoute': (fields) => ({ kind: 'rbac', config: readRbacPerRoute(fields) }),
  'local_ratelimit.v3.LocalRateLimit': (fields, runtime) => ({
    kind: 'local-rate-limit',
    config: readLocalRateLimit(fields, runtime),
  }),
  'ratelimit.v3.RateLimit': (fields, runtime) => ({
    kind: 'rate-limit',
    config: readRateLimit(fields, runtime),
  }),
  'adaptive_concurrency.v3.AdaptiveConcurrency': (fields) => ({
    kind: 'adaptive-concurrency',
    config: readAdaptiveConcurrency(fields),
  }),
  'admission_control.v3.AdmissionControl': (fields) => ({
    kind: 'admission-control',
    config: readAdmissionControl(fields),
  }),
  'buffer.v3.Buffer': (fields) => ({ kind: 'buffer', config: readBuffer(fields) }),
  'health_check.v3.HealthCheck': (fields, runtime) => ({
    kind: 'health-check',
    config: readHealthFilter(fields, runtime.nodeCluster),
  }),
};

/** In order; the router, which must come last, is implied by the engine. */
export function readHttpFilters(manager: Fields, runtime: Runtime): FilterConfig[] {
  const filters: FilterConfig[] = [];
  let hasRouter = false;
  for (const filter of manager.messages('http_filters', 'HttpFilter')) {
    // Whether it may be unknown; all that are read are known.
    filter.ignore('name', 'is_optional');
    const isDisabled = filter.flag('disabled');
    const typed = typedConfigOf(filter);
    filter.close();
    if (typed === undefined) continue;
    if (typed.type === ROUTER) {
      hasRouter = true;
      continue;
    }
    const read = readFilter(typed, runtime);
    if (read !== undefined) filters.push(isDisabled ? { ...read, isDisabled: true } : read);
  }
  if (!hasRouter) manager.node.error('MQ-ENVOY-003', 'http_filters do not end with the router');
  return filters;
}

/** What the router, the last of the filters, is told; undefined = nothing. */
export function readRouterOptions(manager: Fields, runtime: Runtime): RouterOptions | undefined {
  for (const filter of manager.messages('http_filters', 'HttpFilter')) {
    const node = filter.get('typed_config');
    const typed = node === undefined ? undefined : typedMessage(node);
    if (typed?.type === ROUTER) return readRouter(typed.fields, runtime);
  }
  return undefined;
}

function readRouter(fields: Fields, runtime: Runtime): RouterOptions | undefined {
  const retryPercent = Math.min(100, runtime.integer('upstream.use_retry') ?? 100);
  const options = {
    suppressesEnvoyHeaders: fields.flag('suppress_envoy_headers'),
    respectsExpectedTimeout: fields.flag('respect_expected_rq_timeout'),
    strictHeaders: fields.texts('strict_check_headers').map((name) => name.toLowerCase()),
    ...(retryPercent === 100 ? {} : { retryPercent }),
    ...(fields.flag('dynamic_stats', true) ? {} : { countsNoCodes: true }),
    ...(fields.flag('suppress_grpc_request_failure_code_stats') ? { hidesGrpcCodes: true } : {}),
  };
  fields.ignore('start_child_span', 'reject_connect_request_early_data');
  fields.close();
  const { suppressesEnvoyHeaders, respectsExpectedTimeout, strictHeaders, ...others } = options;
  const isPlain = !suppressesEnvoyHeaders && !respectsExpectedTimeout && strictHeaders.length === 0;
  return isPlain && Object.keys(others).length === 0 ? undefined : options;
}

function readFilter(typed: TypedConfig, runtime: Runtime): FilterConfig | undefined {
  const reader = FILTERS[typed.type.startsWith(PREFIX) ? typed.type.slice(PREFIX.length) : ''];
  if (reader === undefined) {
    refuseExtension(typed, 'the HTTP filter');
    return undefined;
  }
  return reader(typed.fields, runtime);
}

/** Filters that look at what the route says. */
const ROUTE_FILTERS: readonly string[] = [
  'fault',
  'local-rate-limit',
  'rbac',
  'rate-limit',
  'buffer',
];
const BUFFER_PER_ROUTE = `${PREFIX}buffer.v3.BufferPerRoute`;

/**
 * `typed_per_filter_config` of a route or virtual host, by the kind of filter; null = the filter is
 * off there.
 */
export function readRouteFilters(owner: Fields, runtime: Runtime): RouteFilters | undefined {
  const node = owner.get('typed_per_filter_config');
  if (node === undefined || !node.expectMap()) return undefined;
  const filters: Record<string, FilterConfig | null> = {};
  for (const [name, child] of node.entries()) {
    const typed = typedMessage(child);
    if (typed === undefined) continue;
    if (typed.type === FILTER_CONFIG && typed.fields.flag('disabled')) {
      const kind = kindOf(name);
      if (kind !== undefined) filters[kind] = null;
      else child.error('MQ-ENVOY-002', 'a filter of this name cannot be told; use its usual name');
      continue;
    }
    const inner = typed.type === FILTER_CONFIG ? unwrap(typed.fields) : typed;
    if (inner === undefined) continue;
    if (inner.type === BUFFER_PER_ROUTE) {
      const config = readBufferPerRoute(inner.fields);
      filters['buffer'] = config === null ? null : { kind: 'buffer', config };
      continue;
    }
    const read = readFilter(inner, runtime);
    if (read === undefined) continue;
    if (ROUTE_FILTERS.includes(read.kind)) filters[read.kind] = read;
    else inner.fields.node.error('MQ-ENVOY-002', 'this filter is not modelled per route');
  }
  return filters as RouteFilters;
}

/** By its name in the list of filters, which people choose, or by its usual name. */
function kindOf(name: string): FilterConfig['kind'] | undefined {
  const usual: Readonly<Record<string, FilterConfig['kind']>> = {
    'envoy.filters.http.fault': 'fault',
    'envoy.filters.http.rbac': 'rbac',
    'envoy.filters.http.local_ratelimit': 'local-rate-limit',
    'envoy.filters.http.ratelimit': 'rate-limit',
    'envoy.filters.http.adaptive_concurrency': 'adaptive-concurrency',
    'envoy.filters.http.admission_control': 'admission-control',
    'envoy.filters.http.buffer': 'buffer',
    'envoy.filters.http.health_check': 'health-check',
  };
  return usual[name];
}

function unwrap(fields: Fields): TypedConfig | undefined {
  const config = fields.get('config');
  fields.ignore('is_optional', 'disabled');
  fields.close();
  return config === undefined ? undefined : typedMessage(config);
}
