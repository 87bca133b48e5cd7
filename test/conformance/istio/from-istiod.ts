/** A recorded answer of istiod in this project's words; Envoy's defaults stand for what it omits. */

import type {
  FaultConfig,
  FractionalPercent,
  OutlierConfig,
  PathMatch,
  RetryPolicyConfig,
  ValueMatch,
  WeightedCluster,
} from '../../../src/mesh/config/config.ts';
import { ENVOY, UINT32_MAX } from '../../../src/mesh/config/defaults.ts';
import type { MtlsMode } from '../../../src/mesh/config/security.ts';
import {
  toHashPolicy,
  toHostRewrite,
  toMutations,
  toRedirect,
  toRewrites,
} from './changes-from-istiod.ts';
import type {
  Comparable,
  ComparableCluster,
  ComparableEndpoint,
  ComparableHeader,
  ComparableHost,
  ComparableRoute,
} from './comparable.ts';
import { Fields, type Json } from './fields.ts';
import { byText, sortedMutations } from './from-here.ts';
import type { Golden } from './golden.ts';
import { toAccess } from './rbac.ts';

const LB: Readonly<Record<string, string>> = {
  ROUND_ROBIN: 'round-robin',
  LEAST_REQUEST: 'least-request',
  RANDOM: 'random',
  RING_HASH: 'ring-hash',
  MAGLEV: 'maglev',
  CLUSTER_PROVIDED: '',
};

export function fromIstiod(golden: Golden): Comparable {
  const roots: Fields[] = [];
  const root = (value: Json, path: string): Fields => {
    const fields = new Fields(value, path);
    roots.push(fields);
    return fields;
  };
  const hosts = Object.entries(golden.routes).flatMap(([port, list]) =>
    list.map((item, index) => {
      const fields = root(item, `routes.${port}[${index}]`);
      return [`${port}/${fields.text('name')}`, toHost(fields)] as const;
    }),
  );
  const outbound = Object.entries(golden.outbound).map(([name, item]) => {
    const fields = root(item, `outbound.${name}`);
    const idle = fields.milliseconds('streamIdleTimeout', ENVOY.listener.streamIdleTimeoutMs.value);
    // Every listener has the fault filter; nothing else is modelled, so anything more must show.
    const filters = fields
      .list('filters')
      .filter((filter) => filter !== 'envoy.filters.http.fault');
    if (filters.length === 0) fields.leave('filters');
    return [fields.text('rds'), { streamIdleTimeoutMs: idle }] as const;
  });
  // A port that no service is for gets a chain of its own from portLevelMtls; nobody calls it here.
  const served = Object.entries(golden.inbound).filter(
    ([, item]) => !JSON.stringify(item).includes('InboundPassthroughCluster'),
  );
  const inbound = served.map(([port, item]) => {
    const fields = root(item, `inbound.${port}`);
    fields.leave('rds', 'streamIdleTimeout');
    const [host] = fields.children('routeConfig');
    host?.leave('name', 'domains');
    const routes = (host?.children('routes') ?? []).map((route) => toRoute(route));
    const mtls = fields.text('mtls', 'permissive') as MtlsMode;
    return [port, { mtls, access: toAccess(fields), routes }] as const;
  });
  const clusters = Object.entries(golden.clusters).map(([name, item]) => {
    return [name, toCluster(root(item, `clusters.${name}`), name)] as const;
  });
  return {
    outbound: Object.fromEntries(outbound),
    virtualHosts: Object.fromEntries(hosts),
    inbound: Object.fromEntries(inbound),
    clusters: Object.fromEntries(clusters),
    unknown: roots.flatMap((fields) => fields.rest()),
  };
}

function toHost(fields: Fields): ComparableHost {
  return {
    domains: fields.list('domains').map(String).sort(),
    routes: fields.children('routes').map(toRoute),
  };
}

function toRoute(fields: Fields): ComparableRoute {
  const match = fields.child('match');
  const name = fields.text('name');
  const fault = fields.has('fault') ? toFault(fields.child('fault')) : null;
  const path = toPath(match);
  const headers = match.children('headers').map(toHeader).sort(byText);
  const query = match
    .children('queryParameters')
    .map((item) => ({ name: item.text('name'), value: toValue(item) }))
    .sort(byText);
  return {
    name,
    path,
    headers,
    query,
    action: toAction(fields),
    fault,
    requestHeaders: toMutations(fields, 'request'),
    responseHeaders: toMutations(fields, 'response'),
  };
}

function toPath(match: Fields): PathMatch {
  const ignoreCase = match.take('caseSensitive') === false;
  if (match.has('safeRegex')) {
    return { kind: 'regex', value: match.child('safeRegex').text('regex') };
  }
  if (match.has('path')) return { kind: 'exact', value: match.text('path'), ignoreCase };
  if (match.has('pathSeparatedPrefix')) {
    return { kind: 'separated-prefix', value: match.text('pathSeparatedPrefix'), ignoreCase };
  }
  return { kind: 'prefix', value: match.text('prefix'), ignoreCase };
}

export function toHeader(fields: Fields): ComparableHeader {
  // Envoy compares names of headers in lower case.
  const name = fields.text('name').toLowerCase();
  const invert = fields.take('invertMatch') === true;
  const treatMissingAsEmpty = fields.take('treatMissingHeaderAsEmpty') === true;
  return { name, value: toValue(fields), invert, treatMissingAsEmpty };
}

export function toValue(fields: Fields): ValueMatch {
  if (fields.take('presentMatch') === true) return { kind: 'present' };
  return toText(fields.child('stringMatch'));
}

export function toText(text: Fields): ValueMatch {
  if (text.has('safeRegex')) return { kind: 'regex', value: text.child('safeRegex').text('regex') };
  const ignoreCase = text.take('ignoreCase') === true ? { ignoreCase: true } : {};
  for (const kind of ['exact', 'prefix', 'suffix', 'contains'] as const) {
    if (text.has(kind)) return { kind, value: text.text(kind), ...ignoreCase };
  }
  return { kind: 'exact', value: '?' };
}

function toAction(fields: Fields): ComparableRoute['action'] {
  if (fields.has('directResponse')) {
    const direct = fields.child('directResponse');
    const body = direct.child('body').text('inlineString');
    return { kind: 'direct-response', status: direct.number('status', 0), body };
  }
  if (fields.has('redirect')) return toRedirect(fields.child('redirect'));
  const route = fields.child('route');
  const { timeoutMs, priority } = ENVOY.route;
  const stream = route.child('maxStreamDuration');
  stream.leave('maxStreamDuration');
  const limit = stream.has('grpcTimeoutHeaderMax')
    ? { maxGrpcTimeoutMs: stream.milliseconds('grpcTimeoutHeaderMax', 0) }
    : {};
  const older = route.has('maxGrpcTimeout')
    ? { maxGrpcTimeoutMs: route.milliseconds('maxGrpcTimeout', 0) }
    : {};
  return {
    kind: 'forward',
    clusters: toClusters(route),
    timeoutMs: route.milliseconds('timeout', timeoutMs.value),
    ...limit,
    ...older,
    retry: route.has('retryPolicy') ? toRetry(route.child('retryPolicy')) : null,
    priority: route.text('priority', priority.value).toLowerCase() as 'default' | 'high',
    ...toRewrites(route),
    ...toHashPolicy(route),
  };
}

function toClusters(route: Fields): readonly WeightedCluster[] {
  const none = sortedMutations();
  if (route.has('cluster')) {
    const only = { cluster: route.text('cluster'), weight: 1 };
    return [{ ...only, requestHeaders: none, responseHeaders: none }];
  }
  return route.children('weightedClusters').map((item) => {
    return {
      cluster: item.text('name'),
      weight: item.number('weight', 0),
      requestHeaders: toMutations(item, 'request'),
      responseHeaders: toMutations(item, 'response'),
      ...toHostRewrite(item),
    };
  });
}

function toRetry(fields: Fields): RetryPolicyConfig {
  const { retry } = ENVOY;
  const backOff = fields.child('retryBackOff');
  const base = backOff.milliseconds('baseInterval', retry.backoffBaseMs.value);
  return {
    // Statuses alone leave an empty condition before the one that they add; Envoy ignores it.
    retryOn: fields
      .text('retryOn')
      .split(',')
      .filter((word) => word !== ''),
    retriableStatusCodes: fields.list('retriableStatusCodes').map(Number),
    numRetries: fields.number('numRetries', retry.numRetries.value),
    perTryTimeoutMs: fields.milliseconds('perTryTimeout', retry.perTryTimeoutMs.value),
    perTryIdleTimeoutMs: retry.perTryIdleTimeoutMs.value,
    backoffBaseMs: base,
    backoffMaxMs: backOff.milliseconds('maxInterval', base * retry.backoffMaxFactor.value),
    hostSelectionMaxAttempts: fields.number(
      'hostSelectionRetryMaxAttempts',
      retry.hostSelectionMaxAttempts.value,
    ),
    hostPredicates: fields.children('retryHostPredicate').map((item) => {
      item.leave('typedConfig');
      const isPrevious = item.text('name').endsWith('.previous_hosts');
      return isPrevious ? 'previous-hosts' : ('unknown' as 'previous-hosts');
    }),
  };
}

function toFault(fields: Fields): FaultConfig {
  const delay = fields.child('delay');
  const abort = fields.child('abort');
  return {
    delay: fields.has('delay')
      ? { fixedDelayMs: delay.milliseconds('fixedDelay', 0), percentage: toPercent(delay) }
      : null,
    abort: fields.has('abort')
      ? {
          httpStatus: abort.has('httpStatus') ? abort.number('httpStatus', 0) : null,
          grpcStatus: abort.has('grpcStatus') ? abort.number('grpcStatus', 0) : null,
          percentage: toPercent(abort),
        }
      : null,
    headers: [],
    upstreamCluster: null,
    maxActiveFaults: ENVOY.fault.maxActiveFaults.value,
  };
}

function toPercent(fields: Fields): FractionalPercent {
  const percentage = fields.child('percentage');
  const denominators = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 } as const;
  const name = percentage.text('denominator', 'HUNDRED') as keyof typeof denominators;
  return { numerator: percentage.number('numerator', 0), denominator: denominators[name] };
}

function toCluster(fields: Fields, name: string): ComparableCluster {
  const isInbound = name.startsWith('inbound|');
  const policy = fields.text('lbPolicy', 'ROUND_ROBIN');
  const common = fields.child('commonLbConfig');
  const protocol = fields.child('http');
  const http = protocol.child('commonHttpProtocolOptions');
  protocol.leaveIf('explicitHttpConfig', { httpProtocolOptions: {} });
  const { cluster } = ENVOY;
  const panic = common.has('healthyPanicThreshold')
    ? common.child('healthyPanicThreshold').number('value', 0)
    : cluster.panicThresholdPercent.value;
  // How members are found is the registry's business here; mTLS is negotiated elsewhere.
  fields.leave('type', 'tls', 'dnsRefreshRate', 'respectDnsTtl');
  const isChosenByCaller = policy === 'CLUSTER_PROVIDED';
  return {
    lb: LB[policy] ?? policy,
    lbDetails: toDetails(fields, policy),
    limits: toLimits(fields.child('circuitBreakers')),
    connectTimeoutMs: fields.milliseconds('connectTimeout', cluster.connectTimeoutMs.value),
    outlier: fields.has('outlierDetection') ? toOutlier(fields.child('outlierDetection')) : null,
    panicThresholdPercent: isInbound ? null : panic,
    maxRequestsPerConnection: http.number(
      'maxRequestsPerConnection',
      cluster.maxRequestsPerConnection.value,
    ),
    idleTimeoutMs: http.milliseconds('idleTimeout', cluster.idleTimeoutMs.value),
    maxConnectionDurationMs: http.milliseconds(
      'maxConnectionDuration',
      cluster.maxConnectionDurationMs.value,
    ),
    endpoints: isChosenByCaller ? leaveEndpoints(fields) : toEndpoints(fields),
  };
}

function toDetails(fields: Fields, policy: string): ComparableCluster['lbDetails'] {
  const { ringHash, maglev } = ENVOY;
  if (policy === 'RING_HASH') {
    const ring = fields.child('ringHashLbConfig');
    return { minimumRingSize: ring.number('minimumRingSize', ringHash.minimumRingSize.value) };
  }
  if (policy === 'MAGLEV') {
    return {
      tableSize: fields.child('maglevLbConfig').number('tableSize', maglev.tableSize.value),
    };
  }
  for (const name of ['roundRobinLbConfig', 'leastRequestLbConfig']) {
    const config = fields.has(name) ? fields.child(name) : null;
    if (config?.has('slowStartConfig')) return toSlowStart(config.child('slowStartConfig'));
  }
  return {};
}

function toSlowStart(fields: Fields): ComparableCluster['lbDetails'] {
  const { aggression, minWeightPercent } = ENVOY.slowStart;
  const power = fields.child('aggression');
  power.leave('runtimeKey');
  return {
    windowMs: fields.milliseconds('slowStartWindow', 0),
    aggression: power.number('defaultValue', aggression.value),
    minWeightPercent: fields.has('minWeightPercent')
      ? fields.child('minWeightPercent').number('value', 0)
      : minWeightPercent.value,
  };
}

function leaveEndpoints(fields: Fields): null {
  fields.leave('endpoints');
  return null;
}

function toLimits(fields: Fields): ComparableCluster['limits'] {
  const budget = fields.child('retryBudget');
  const percent = budget.child('budgetPercent');
  const { retryBudget } = ENVOY;
  return {
    maxConnections: fields.number('maxConnections', UINT32_MAX),
    maxPendingRequests: fields.number('maxPendingRequests', UINT32_MAX),
    maxRequests: fields.number('maxRequests', UINT32_MAX),
    maxRetries: fields.number('maxRetries', UINT32_MAX),
    retryBudget: fields.has('retryBudget')
      ? {
          percent: percent.number('value', retryBudget.percent.value),
          minConcurrency: budget.number('minRetryConcurrency', retryBudget.minConcurrency.value),
          intervalMs: budget.milliseconds('budgetInterval', retryBudget.intervalMs.value),
        }
      : null,
  };
}

function toOutlier(fields: Fields): OutlierConfig {
  const { outlier } = ENVOY;
  const number = (key: string, otherwise: number): number => fields.number(key, otherwise);
  const base = fields.milliseconds('baseEjectionTime', outlier.baseEjectionTimeMs.value);
  // Success rate is never enforced; istiod says so each time.
  fields.leaveIf('enforcingSuccessRate', 0);
  fields.leaveIf('enforcingLocalOriginSuccessRate', 0);
  return {
    consecutive5xx: number('consecutive5xx', outlier.consecutive5xx.value),
    enforcingConsecutive5xxPercent: number(
      'enforcingConsecutive5xx',
      outlier.enforcingConsecutive5xxPercent.value,
    ),
    consecutiveGatewayFailure: number(
      'consecutiveGatewayFailure',
      outlier.consecutiveGatewayFailure.value,
    ),
    enforcingConsecutiveGatewayFailurePercent: number(
      'enforcingConsecutiveGatewayFailure',
      outlier.enforcingConsecutiveGatewayFailurePercent.value,
    ),
    consecutiveLocalOriginFailure: number(
      'consecutiveLocalOriginFailure',
      outlier.consecutiveLocalOriginFailure.value,
    ),
    enforcingConsecutiveLocalOriginFailurePercent: number(
      'enforcingConsecutiveLocalOriginFailure',
      outlier.enforcingConsecutiveLocalOriginFailurePercent.value,
    ),
    splitExternalLocalOriginErrors: fields.take('splitExternalLocalOriginErrors') === true,
    intervalMs: fields.milliseconds('interval', outlier.intervalMs.value),
    baseEjectionTimeMs: base,
    maxEjectionTimeMs: fields.milliseconds(
      'maxEjectionTime',
      Math.max(base, outlier.maxEjectionTimeMs.value),
    ),
    maxEjectionTimeJitterMs: outlier.maxEjectionTimeJitterMs.value,
    maxEjectionPercent: number('maxEjectionPercent', outlier.maxEjectionPercent.value),
    alwaysEjectOneHost: outlier.alwaysEjectOneHost.value,
  };
}

const HEALTH: Readonly<Record<string, string>> = {
  HEALTHY: 'healthy',
  UNHEALTHY: 'unhealthy',
  DRAINING: 'draining',
  UNKNOWN: 'healthy',
};

function toEndpoints(fields: Fields): readonly ComparableEndpoint[] {
  return fields
    .children('endpoints')
    .flatMap((group) => {
      // A locality's weight is the sum of its endpoints' and does not matter by itself.
      group.leave('loadBalancingWeight');
      const locality = group.text('locality');
      const priority = group.number('priority', 0);
      return group.children('endpoints').map((item) => {
        item.leave('transportSocketMatch');
        const address = item.text('address');
        const host = address.includes(':') ? `[${address}]` : address;
        return {
          address: `${host}:${item.number('port', 0)}`,
          locality,
          weight: item.number('loadBalancingWeight', 1),
          priority,
          health: HEALTH[item.text('healthStatus', 'UNKNOWN')] ?? 'unknown',
        };
      });
    })
    .sort((a, b) => (a.address < b.address ? -1 : 1));
}
