/**
 * `http[].fault`: injected delays and aborts.
 *
 * Source: config-istio.md §2.8 (meaning), §2.14 VS-18, VS-20, VS-21.
 */

import { didYouMean } from '../../core/suggest.ts';
import type { FractionalPercent } from '../../mesh/config/config.ts';
import { ENVOY } from '../../mesh/config/defaults.ts';
import type { FaultSettings } from '../mesh-resources.ts';
import { type Message, openMessage, readFields } from '../message.ts';
import { withoutAbsent } from '../optional.ts';
import type { SourceNode } from '../source-node.ts';
import { readDurationMs, readNumber } from './durations.ts';

const FAULT = readFields('delay', 'abort');
const DELAY = readFields('percent', 'fixedDelay', 'exponentialDelay', 'percentage');
const ABORT = readFields('httpStatus', 'grpcStatus', 'http2Error', 'percentage');
const PERCENT = readFields('value');

const NEVER: FractionalPercent = ENVOY.fault.percentage.value;

/** Names in the order of their numbers. */
const GRPC_STATUSES: readonly string[] = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

export function readFault(node: SourceNode): FaultSettings | undefined {
  const message = openMessage(node, FAULT, 'VirtualService.http.fault');
  if (message === undefined) return undefined;
  if (!message.has('delay') && !message.has('abort')) {
    node.error('MQ-ROUTE-009', 'a fault needs a delay or an abort');
    return undefined;
  }
  const settings = {
    delay: message.placed('delay', readDelay),
    abort: message.placed('abort', readAbort),
  };
  return withoutAbsent(settings);
}

function readDelay(node: SourceNode): NonNullable<FaultSettings['delay']>['value'] | undefined {
  const message = openMessage(node, DELAY, 'VirtualService.http.fault.delay');
  if (message === undefined) return undefined;
  message.get('exponentialDelay')?.keyError('MQ-ROUTE-009', 'exponentialDelay is not supported');
  const fixed = message.get('fixedDelay');
  if (fixed === undefined) {
    if (message.has('exponentialDelay')) return undefined;
    node.warning('MQ-ROUTE-010', 'this delay names no fixedDelay, so nothing is ever delayed');
    return undefined;
  }
  const fixedDelayMs = readDurationMs(fixed);
  const percentage = readPercentage(message) ?? readDeprecatedPercent(message) ?? NEVER;
  return fixedDelayMs === undefined ? undefined : { fixedDelayMs, percentage };
}

function readAbort(node: SourceNode): NonNullable<FaultSettings['abort']>['value'] | undefined {
  const message = openMessage(node, ABORT, 'VirtualService.http.fault.abort');
  if (message === undefined) return undefined;
  const percentage = readPercentage(message) ?? NEVER;
  const http = message.get('httpStatus');
  const grpc = message.get('grpcStatus');
  message.get('http2Error')?.keyError('MQ-ROUTE-009', 'http2Error is not supported');
  if (http !== undefined && grpc !== undefined) {
    node.error('MQ-FIELD-010', 'an abort takes either httpStatus or grpcStatus');
    return undefined;
  }
  if (http !== undefined) {
    const httpStatus = readStatus(http);
    return httpStatus === undefined ? undefined : { httpStatus, grpcStatus: null, percentage };
  }
  if (grpc !== undefined) {
    const grpcStatus = readGrpcStatus(grpc);
    return grpcStatus === undefined ? undefined : { httpStatus: null, grpcStatus, percentage };
  }
  if (!message.has('http2Error')) {
    node.warning('MQ-ROUTE-010', 'this abort names no status, so nothing is ever aborted');
  }
  return undefined;
}

function readStatus(node: SourceNode): number | undefined {
  const status = node.integer();
  if (status === undefined || (status >= 200 && status <= 600)) return status;
  node.error('MQ-ROUTE-009', `httpStatus is ${status}, expected 200 to 599`);
  return undefined;
}

function readGrpcStatus(node: SourceNode): number | undefined {
  const name = node.string();
  if (name === undefined) return undefined;
  const status = GRPC_STATUSES.indexOf(name);
  if (status !== -1) return status;
  const hint = didYouMean(name, GRPC_STATUSES);
  node.error('MQ-ROUTE-009', `unknown grpcStatus "${name}"${hint}`, {
    fix: `names: ${GRPC_STATUSES.join(', ')}`,
  });
  return undefined;
}

/** `{ value: 12.5 }` percent, as parts per million; undefined when not given. */
function readPercentage(message: Message): FractionalPercent | undefined {
  const node = message.get('percentage');
  const percent = node === undefined ? undefined : openMessage(node, PERCENT, 'Percent');
  if (percent === undefined) return undefined;
  const valueNode = percent.get('value');
  const value = valueNode === undefined ? 0 : readNumber(valueNode);
  if (value === undefined) return NEVER;
  if (value !== 0 && (value < 0.0001 || value > 100)) {
    valueNode?.error('MQ-ROUTE-009', `percentage is ${value}, expected 0 or 0.0001 to 100`);
    return NEVER;
  }
  return { numerator: Math.floor(value * 10_000), denominator: 1_000_000 };
}

/** The old whole-number field, which nobody checks. */
function readDeprecatedPercent(message: Message): FractionalPercent | undefined {
  const node = message.get('percent');
  const percent = node?.integer();
  if (node === undefined || percent === undefined) return undefined;
  node.warning('MQ-IMPORT-010', '"percent" is deprecated', { fix: 'percentage: { value: … }' });
  return { numerator: Math.max(0, percent), denominator: 100 };
}
