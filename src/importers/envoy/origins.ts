/**
 * Where the settings of clusters and routes stand in a bootstrap, or whose default they are.
 *
 * For people (`describe config`); no decision reads it. A setting is found by the place that its
 * field has in the message, in either spelling of its name.
 */
import type { Origins } from '../../mesh/config/config.ts';
import { ENVOY, originOf } from '../../mesh/config/defaults.ts';
import type { Default, Origin } from '../../mesh/config/origin.ts';
import type { SourceNode } from '../source-node.ts';
import { OUTLIER_NUMBERS, OUTLIER_TIMES } from './outlier.ts';

/** Path of the setting, places where a field may say it, and what holds where none does. */
type Entry = readonly [
  setting: string,
  fields: readonly string[],
  byDefault: Default<unknown> | null,
];

const THRESHOLDS = ['maxConnections', 'maxPendingRequests', 'maxRequests', 'maxRetries'] as const;
const OUTLIER = { ...OUTLIER_NUMBERS, ...OUTLIER_TIMES };
const PROTOCOL = 'common_http_protocol_options';
const HTTP_OPTIONS =
  'typed_extension_protocol_options.envoy#extensions#upstreams#http#v3#HttpProtocolOptions';

const CLUSTER: readonly Entry[] = [
  ['connectTimeoutMs', ['connect_timeout'], ENVOY.cluster.connectTimeoutMs],
  ['lb', ['load_balancing_policy', 'lb_policy'], ENVOY.cluster.lb],
  ...THRESHOLDS.map((name): Entry => {
    const field = snakeCase(name);
    const places = [`circuit_breakers.thresholds.DEFAULT.${field}`];
    return [`circuitBreakers.default.${name}`, places, ENVOY.thresholds[name]];
  }),
  [
    'circuitBreakers.default.retryBudget',
    ['circuit_breakers.thresholds.DEFAULT.retry_budget'],
    ENVOY.thresholds.retryBudget,
  ],
  ['outlier', ['outlier_detection'], null],
  ...(Object.keys(OUTLIER) as (keyof typeof OUTLIER)[]).map(
    (name): Entry => [
      `outlier.${name}`,
      [`outlier_detection.${OUTLIER[name]}`],
      ENVOY.outlier[name],
    ],
  ),
  [
    'panicThresholdPercent',
    ['common_lb_config.healthy_panic_threshold'],
    ENVOY.cluster.panicThresholdPercent,
  ],
  [
    'maxRequestsPerConnection',
    [
      'max_requests_per_connection',
      `${PROTOCOL}.max_requests_per_connection`,
      `${HTTP_OPTIONS}.${PROTOCOL}.max_requests_per_connection`,
    ],
    ENVOY.cluster.maxRequestsPerConnection,
  ],
  [
    'idleTimeoutMs',
    [`${PROTOCOL}.idle_timeout`, `${HTTP_OPTIONS}.${PROTOCOL}.idle_timeout`],
    ENVOY.cluster.idleTimeoutMs,
  ],
  ['healthChecks.0.intervalMs', ['health_checks.0.interval'], null],
  ['healthChecks.0.timeoutMs', ['health_checks.0.timeout'], null],
  ['healthChecks.0.unhealthyThreshold', ['health_checks.0.unhealthy_threshold'], null],
  ['healthChecks.0.healthyThreshold', ['health_checks.0.healthy_threshold'], null],
];

const ROUTE: readonly Entry[] = [
  ['clusters', ['route'], null],
  ['timeoutMs', ['route.timeout'], ENVOY.route.timeoutMs],
  ['retry', ['route.retry_policy', 'virtual_host.retry_policy'], null],
  ...(
    [
      ['numRetries', 'num_retries'],
      ['retryOn', 'retry_on'],
      ['retriableStatusCodes', 'retriable_status_codes'],
      ['perTryTimeoutMs', 'per_try_timeout'],
      ['perTryIdleTimeoutMs', 'per_try_idle_timeout'],
      ['hostSelectionMaxAttempts', 'host_selection_retry_max_attempts'],
    ] as const
  ).map(([name, field]): Entry => {
    const places = [`route.retry_policy.${field}`, `virtual_host.retry_policy.${field}`];
    return [`retry.${name}`, places, ENVOY.retry[name]];
  }),
  ['retry.backoffBaseMs', ['route.retry_policy.retry_back_off'], ENVOY.retry.backoffBaseMs],
  ['idleTimeoutMs', ['route.idle_timeout'], null],
  ['priority', ['route.priority'], ENVOY.route.priority],
];

/** Of a `Cluster`. */
export function clusterOrigins(cluster: SourceNode): Origins {
  return originsOf(CLUSTER, (path) => find(cluster, path.split('.')));
}

/** Of a `Route` in its virtual host, whose retry policy holds where the route has none. */
export function routeOrigins(route: SourceNode, virtualHost: SourceNode): Origins {
  const hasOwn = find(route, ['route', 'retry_policy']) !== undefined;
  const origins = originsOf(ROUTE, (path) => {
    const [first, ...rest] = path.split('.');
    if (first !== 'virtual_host') return find(route, path.split('.'));
    return hasOwn ? undefined : find(virtualHost, rest);
  });
  const weighted = find(route, ['route', 'weighted_clusters', 'clusters']);
  if (weighted?.kind !== 'list') return origins;
  const weights = weighted.items().map((item, at) => {
    return [`clusters.${at}.weight`, explicit(find(item, ['weight']) ?? item)] as const;
  });
  return new Map([...origins, ...weights]);
}

function originsOf(
  entries: readonly Entry[],
  lookUp: (path: string) => SourceNode | undefined,
): Origins {
  const origins = new Map<string, Origin>();
  for (const [setting, fields, byDefault] of entries) {
    let node: SourceNode | undefined;
    for (const field of fields) node ??= lookUp(field);
    if (node !== undefined) origins.set(setting, explicit(node));
    else if (byDefault !== null) origins.set(setting, originOf(ENVOY.product, byDefault));
  }
  return origins;
}

function explicit(node: SourceNode): Origin {
  const { line, column } = node.keyPosition;
  return { kind: 'explicit', file: node.file, line, column };
}

/** `DEFAULT` is the entry of that priority in a list, a number its place there; `#` a dot. */
function find(node: SourceNode, path: readonly string[]): SourceNode | undefined {
  let at: SourceNode | undefined = node;
  for (const step of path) at = at === undefined ? undefined : stepFrom(at, step);
  return at;
}

function stepFrom(node: SourceNode, step: string): SourceNode | undefined {
  if (step === 'DEFAULT') {
    const entries = node.kind === 'list' ? node.items() : [node];
    return entries.find((entry) => {
      const priority = entry.kind === 'map' ? entry.get('priority')?.value : undefined;
      return priority === undefined || priority === 'DEFAULT' || priority === 0;
    });
  }
  if (/^\d+$/.test(step)) return node.kind === 'list' ? node.items()[Number(step)] : node;
  if (node.kind !== 'map') return undefined;
  const name = step.replaceAll('#', '.');
  return node.get(name) ?? node.get(camelCase(name));
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
}
