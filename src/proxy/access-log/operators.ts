/**
 * The command operators of an access-log format: `%NAME%`, `%NAME(ARGUMENT)%`, `%NAME(ARGUMENT):N%`.
 *
 * One table of those without argument, and three that take one. A value that does not exist prints
 * as `-`.
 * Source: Envoy docs, configuration/observability/access_log/usage.
 */
import type { Head, RequestLogEntry } from '../../core/engine.ts';
import { MILLISECOND, type Ns } from '../../core/time.ts';
import { parseAddress } from '../addresses.ts';
import { SERVICE_TIME_HEADER } from '../http1/headers.ts';
import { formatTime } from './time-format.ts';

/** A line's raw material. */
export interface LogContext {
  readonly entry: RequestLogEntry;
  /** By the wall clock. */
  readonly startMs: number;
  /** From the start to the end of the request; -1 = it never ended. */
  readonly requestDurationMs: number;
  /** From the start to the head of the upstream's response; -1 = there was none. */
  readonly responseDurationMs: number;
}

/** Prints one operator; null = the value does not exist. */
export type Operator = (context: LogContext) => string | null;

const PLAIN_OPERATORS: Readonly<Record<string, (entry: RequestLogEntry) => string | null>> = {
  PROTOCOL: () => 'HTTP/1.1',
  RESPONSE_CODE: (entry) => String(entry.status),
  RESPONSE_FLAGS: (entry) => entry.flags,
  RESPONSE_CODE_DETAILS: (entry) => textOrNull(entry.details),
  BYTES_RECEIVED: (entry) => String(entry.bytesReceived),
  BYTES_SENT: (entry) => String(entry.bytesSent),
  DURATION: (entry) => wholeMs(entry.durationNs),
  UPSTREAM_HOST: (entry) => entry.upstreamHost,
  UPSTREAM_REMOTE_ADDRESS: (entry) => entry.upstreamHost,
  UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: (entry) => hostOf(entry.upstreamHost),
  UPSTREAM_REMOTE_PORT: (entry) => portOf(entry.upstreamHost),
  UPSTREAM_CLUSTER: (entry) => textOrNull(entry.clusterName),
  UPSTREAM_CLUSTER_RAW: (entry) => textOrNull(entry.clusterName),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: (entry) => String(entry.attemptCount),
  UPSTREAM_TRANSPORT_FAILURE_REASON: (entry) => textOrNull(entry.upstreamTransportFailure),
  ROUTE_NAME: (entry) => textOrNull(entry.routeName),
  DOWNSTREAM_REMOTE_ADDRESS: (entry) => textOrNull(entry.downstreamRemoteAddress),
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: (entry) => hostOf(entry.downstreamRemoteAddress),
  DOWNSTREAM_REMOTE_PORT: (entry) => portOf(entry.downstreamRemoteAddress),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: (entry) => textOrNull(entry.downstreamRemoteAddress),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: (entry) => hostOf(entry.downstreamRemoteAddress),
};

/** Parts of the duration. */
const TIME_OPERATORS: Readonly<Record<string, Operator>> = {
  REQUEST_DURATION: ({ requestDurationMs }) => msOrNull(requestDurationMs),
  RESPONSE_DURATION: ({ responseDurationMs }) => msOrNull(responseDurationMs),
  RESPONSE_TX_DURATION: ({ entry, responseDurationMs }) => {
    if (responseDurationMs < 0) return null;
    return msOrNull(Math.max(0, entry.durationNs / MILLISECOND - responseDurationMs));
  },
};

/** All names, for messages. */
export const OPERATOR_NAMES: readonly string[] = [
  'START_TIME',
  'REQ',
  'RESP',
  ...Object.keys(TIME_OPERATORS),
  ...Object.keys(PLAIN_OPERATORS),
];

/**
 * The operator that a format names.
 *
 * @param argument what stood in parentheses; null = none
 * @param limit longest value in characters; null = any
 * @returns null when there is no such operator, or not with these parts
 */
export function operatorOf(
  name: string,
  argument: string | null,
  limit: number | null,
): Operator | null {
  const operator = unlimitedOperator(name, argument);
  if (operator === null || limit === null) return operator;
  return (context) => operator(context)?.slice(0, limit) ?? null;
}

function unlimitedOperator(name: string, argument: string | null): Operator | null {
  if (name === 'START_TIME') return ({ startMs }) => formatTime(startMs, argument);
  if (name === 'REQ' && argument !== null) {
    return headerOperator(argument, (entry) => entry.requestHead);
  }
  if (name === 'RESP' && argument !== null) return responseOperator(argument);
  if (argument !== null) return null;
  if (Object.hasOwn(TIME_OPERATORS, name)) return TIME_OPERATORS[name] ?? null;
  const plain = Object.hasOwn(PLAIN_OPERATORS, name) ? PLAIN_OPERATORS[name] : undefined;
  return plain === undefined ? null : ({ entry }) => plain(entry);
}

/** The time header is added when the head is written, after the engine's. */
function responseOperator(argument: string): Operator | null {
  if (argument.toLowerCase() === SERVICE_TIME_HEADER) {
    return ({ entry }) => {
      return entry.upstreamServiceTimeNs < 0 ? null : wholeMs(entry.upstreamServiceTimeNs);
    };
  }
  return headerOperator(argument, (entry) => entry.responseHead);
}

/** `X?Y`: header X, or header Y where there is no X. */
function headerOperator(
  argument: string,
  headOf: (entry: RequestLogEntry) => Head | null,
): Operator | null {
  const names = argument.toLowerCase().split('?');
  if (names.length > 2 || names.some((name) => !/^:?[a-z0-9!#$&'*+.^_`|~-]+$/.test(name))) {
    return null;
  }
  return ({ entry }) => {
    const head = headOf(entry);
    if (head === null) return null;
    for (const name of names) {
      const value = headerOf(head, name);
      if (value !== undefined) return value;
    }
    return null;
  };
}

function headerOf(head: Head, name: string): string | undefined {
  switch (name) {
    case ':method':
      return head.method;
    case ':path':
      return head.path;
    case ':authority':
    case 'host':
      return head.authority === '' ? undefined : head.authority;
    case ':status':
      return String(head.status);
    case ':scheme':
      return 'http';
    default:
      return head.get(name);
  }
}

function textOrNull(text: string): string | null {
  return text === '' ? null : text;
}

function msOrNull(durationMs: number): string | null {
  return durationMs < 0 ? null : String(Math.floor(durationMs));
}

function wholeMs(durationNs: Ns): string {
  return String(Math.floor(durationNs / MILLISECOND));
}

function hostOf(address: string | null): string | null {
  return parseAddress(address ?? '')?.host ?? null;
}

function portOf(address: string | null): string | null {
  const parsed = parseAddress(address ?? '');
  return parsed === null ? null : String(parsed.port);
}
