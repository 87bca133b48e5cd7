/**
 * Durations and percentages as Istio's API writes and restricts them.
 *
 * Durations are Go's: `1.5s`, `1m30s`; no days. Both the schema and the webhook demand whole
 * milliseconds and at least one, apart from a few fields that may be 0.
 * Source: config-istio.md §0.4.
 */
import { parseDurationNs } from '../../core/units.ts';
import type { SourceNode } from '../source-node.ts';

const GO_DURATION = /^\+?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const NS_PER_MS = 1_000_000;

/** A duration of at least 1 ms, in whole milliseconds. */
export function readDurationMs(node: SourceNode): number | undefined {
  const ns = readGoDurationNs(node);
  if (ns === undefined) return undefined;
  const text = String(node.value);
  if (ns < NS_PER_MS) {
    const fix = 'leave the field out to switch the limit off';
    node.error('MQ-FIELD-007', `duration "${text}" is below 1 ms`, { fix });
    return undefined;
  }
  if (ns % NS_PER_MS === 0) return ns / NS_PER_MS;
  node.error('MQ-FIELD-007', `duration "${text}" is not a whole number of milliseconds`);
  return undefined;
}

/** For the few fields that nobody restricts; the result may have decimals. */
export function readAnyDurationMs(node: SourceNode): number | undefined {
  const ns = readGoDurationNs(node);
  return ns === undefined ? undefined : ns / NS_PER_MS;
}

function readGoDurationNs(node: SourceNode): number | undefined {
  const hint = 'write a duration like 500ms, 1.5s or 2m';
  if (typeof node.value === 'number') {
    const message = `${node.path}: ${node.value} has no unit; ${hint}`;
    node.error('MQ-FIELD-006', message, { fix: `${node.value}s, if seconds are meant` });
    return undefined;
  }
  const text = node.string();
  if (text === undefined) return undefined;
  const parsed = GO_DURATION.test(text) ? parseDurationNs(normalised(text)) : undefined;
  if (parsed?.ok) return parsed.value;
  const problem = parsed === undefined ? `"${text}" is not a duration; ${hint}` : parsed.problem;
  node.error('MQ-FIELD-006', `${node.path}: ${problem}`);
  return undefined;
}

/** Go allows `.5s`, `1.s` and a sign; our own parser does not. */
function normalised(text: string): string {
  return text
    .replace(/^\+/, '')
    .replace(/(^|[a-zµμ])\./g, '$10.')
    .replace(/\.([a-zµμ])/g, '$1');
}

/** A number of `{ value: 12.5 }` messages in percent, without a check of its range. */
export function readNumber(node: SourceNode): number | undefined {
  const value = node.number();
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}
