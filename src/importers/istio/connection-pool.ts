/**
 * `trafficPolicy.connectionPool` and `retryBudget`: Envoy's circuit breakers.
 *
 * A limit of 0 means "not set", here as in istiod.
 * Source: config-istio.md §5.6, §5.7, §5.11 VD-6.
 */
import type { ConnectionPoolSettings, RetryBudgetSettings } from '../mesh-resources.ts';
import {
  type FieldRules,
  type Message,
  notModelled,
  openMessage,
  type Placed,
  readFields,
} from '../message.ts';
import { withoutAbsent } from '../optional.ts';
import type { SourceNode } from '../source-node.ts';
import { readAnyDurationMs, readDurationMs, readNumber } from './durations.ts';

const POOL = readFields('tcp', 'http');
const TCP: FieldRules = {
  ...readFields('maxConnections', 'connectTimeout', 'maxConnectionDuration', 'idleTimeout'),
  tcpKeepalive: 'no-effect',
};
const HTTP: FieldRules = {
  ...readFields('http1MaxPendingRequests', 'http2MaxRequests', 'maxRequestsPerConnection'),
  ...readFields('maxRetries', 'idleTimeout'),
  ...notModelled('it concerns HTTP/2 only, which is not modelled yet', 'maxConcurrentStreams'),
  ...notModelled('it concerns HTTP/2 only, which is not modelled yet', 'http2KeepAlive'),
  h2UpgradePolicy: {
    notModelled: 'HTTP/2 to upstreams is not modelled yet',
    isHarmless: (node) => node.value === 'DEFAULT' || node.value === 'DO_NOT_UPGRADE',
  },
  useClientProtocol: {
    notModelled: 'HTTP/2 to upstreams is not modelled yet',
    isHarmless: (node) => node.value === false,
  },
};
const BUDGET = readFields('percent', 'minRetryConcurrency', 'budgetInterval');
const INT32_MAX = 2_147_483_647;

export function readConnectionPool(node: SourceNode): ConnectionPoolSettings | undefined {
  const message = openMessage(node, POOL, 'ConnectionPoolSettings');
  if (message === undefined) return undefined;
  if (message.names().length === 0) {
    node.error('MQ-DEST-005', 'a connectionPool needs tcp or http settings');
    return undefined;
  }
  return { ...readTcp(message.get('tcp')), ...readHttp(message.get('http')) };
}

function readTcp(node: SourceNode | undefined): ConnectionPoolSettings {
  const message = node === undefined ? undefined : openMessage(node, TCP, 'TCPSettings');
  if (message === undefined) return {};
  return withoutAbsent({
    maxConnections: readLimit(message, 'maxConnections'),
    connectTimeoutMs: message.placed('connectTimeout', readDurationMs),
    maxConnectionDurationMs: message.placed('maxConnectionDuration', readDurationMs),
    tcpIdleTimeoutMs: message.placed('idleTimeout', readAnyDurationMs),
  });
}

function readHttp(node: SourceNode | undefined): ConnectionPoolSettings {
  const message = node === undefined ? undefined : openMessage(node, HTTP, 'HTTPSettings');
  if (message === undefined) return {};
  return withoutAbsent({
    maxPendingRequests: readLimit(message, 'http1MaxPendingRequests'),
    maxRequests: readLimit(message, 'http2MaxRequests'),
    maxRequestsPerConnection: readLimit(message, 'maxRequestsPerConnection'),
    maxRetries: readLimit(message, 'maxRetries'),
    httpIdleTimeoutMs: message.placed('idleTimeout', readDurationMs),
  });
}

/** A limit above 0; 0 is reported as the absence that it is. */
function readLimit(message: Message, field: string): Placed<number> | undefined {
  const limit = message.placed(field, (node) => node.integer(0, INT32_MAX));
  if (limit?.value !== 0) return limit;
  message.get(field)?.info('MQ-DEST-008', `${field}: 0 means "not set", so there is no limit`);
  return undefined;
}

export function readRetryBudget(node: SourceNode): RetryBudgetSettings | undefined {
  const message = openMessage(node, BUDGET, 'RetryBudget');
  if (message === undefined) return undefined;
  const minConcurrency = message.placed('minRetryConcurrency', (item) => item.integer(0));
  const settings = {
    percent: message.placed('percent', readPercent),
    minConcurrency: minConcurrency?.value === 0 ? undefined : minConcurrency,
    intervalMs: message.placed('budgetInterval', readAnyDurationMs),
  };
  return { at: message.at, ...withoutAbsent(settings) };
}

function readPercent(node: SourceNode): number | undefined {
  const value = readNumber(node);
  if (value === undefined || (value >= 0 && value <= 100)) return value;
  node.error('MQ-DEST-010', `retryBudget.percent is ${value}, expected 0 to 100`);
  return undefined;
}
