/**
 * `http[].retries`.
 *
 * Source: config-istio.md §2.7 (meaning and vocabulary), §2.14 VS-18, VS-19.
 */

import { didYouMean } from '../../core/suggest.ts';
import type { RetrySettings } from '../mesh-resources.ts';
import { type FieldRules, type Message, openMessage, readFields } from '../message.ts';
import { withoutAbsent } from '../optional.ts';
import type { SourceNode } from '../source-node.ts';
import { readDurationMs } from './durations.ts';

const RULES: FieldRules = {
  ...readFields('attempts', 'perTryTimeout', 'retryOn', 'backoff', 'retryIgnorePreviousHosts'),
  retryRemoteLocalities: {
    notModelled: 'retries that move on to other localities need priority selection',
    isHarmless: (node) => node.value === false,
  },
};

const RETRIABLE = 'retriable-status-codes';

/** Every word that istiod accepts. */
export const RETRY_CONDITIONS: readonly string[] = [
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'retriable-4xx',
  'refused-stream',
  RETRIABLE,
  'retriable-headers',
  'envoy-ratelimited',
  'http3-post-connect-failure',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
];

/** Statuses with a standard reason phrase: inclusive ranges. */
const KNOWN_STATUSES: readonly (readonly [number, number])[] = [
  [100, 103],
  [200, 208],
  [226, 226],
  [300, 305],
  [307, 308],
  [400, 418],
  [421, 426],
  [428, 429],
  [431, 431],
  [451, 451],
  [500, 508],
  [510, 511],
];

export function readRetries(node: SourceNode): RetrySettings | undefined {
  const message = openMessage(node, RULES, 'VirtualService.http.retries');
  if (message === undefined) return undefined;
  const attempts = message.placed('attempts', readAttempts) ?? { value: 0, at: message.at };
  if (attempts.value === 0) checkDisabled(message);
  const settings = {
    perTryTimeoutMs: message.placed('perTryTimeout', readDurationMs),
    backoffMs: message.placed('backoff', readDurationMs),
    ignorePreviousHosts: message.placed('retryIgnorePreviousHosts', (item) => item.boolean()),
    retryOn: message.placed('retryOn', readRetryOn),
  };
  return { at: message.at, attempts, ...withoutAbsent(settings) };
}

function readAttempts(node: SourceNode): number | undefined {
  const value = node.integer();
  if (value === undefined || value >= 0) return value;
  node.error('MQ-ROUTE-008', `retries.attempts is ${value}, expected 0 or more`);
  return undefined;
}

function checkDisabled(message: Message): void {
  for (const field of ['perTryTimeout', 'retryOn', 'retryRemoteLocalities']) {
    const node = message.get(field);
    if (node === undefined || node.value === '') continue;
    const text = `retries.${field} is given, but attempts is 0, which switches retries off`;
    node.error('MQ-ROUTE-008', text, { fix: 'set attempts to 1 or more' });
  }
}

/** undefined for an empty text, which means the default conditions. */
function readRetryOn(node: SourceNode): RetryOn | undefined {
  const text = node.string();
  if (text === undefined || text === '') return undefined;
  const conditions: string[] = [];
  const statuses: number[] = [];
  for (const part of text.split(',')) {
    if (!isKnown(part)) reportUnknown(node, part);
    else if (isStatus(part)) statuses.push(Number(part));
    else conditions.push(part);
  }
  if (statuses.length > 0 && !conditions.includes(RETRIABLE)) conditions.push(RETRIABLE);
  return { conditions, statuses };
}

type RetryOn = NonNullable<RetrySettings['retryOn']>['value'];

function isKnown(part: string): boolean {
  return RETRY_CONDITIONS.includes(part) || isStatus(part);
}

function isStatus(part: string): boolean {
  const status = Number(part);
  return (
    /^\+?\d+$/.test(part) && KNOWN_STATUSES.some(([from, to]) => status >= from && status <= to)
  );
}

function reportUnknown(node: SourceNode, part: string): void {
  const trimmed = part.trim();
  if (trimmed !== part && isKnown(trimmed)) {
    const message = `retryOn part "${part}" has a blank, which istiod does not remove`;
    node.error('MQ-ROUTE-008', message, { fix: 'write the list without blanks' });
    return;
  }
  const hint = didYouMean(trimmed, RETRY_CONDITIONS);
  node.error('MQ-ROUTE-008', `unknown retryOn condition "${part}"${hint}`, {
    fix: `conditions: ${RETRY_CONDITIONS.join(', ')}, or HTTP statuses`,
  });
}
