/**
 * `trafficPolicy.outlierDetection`.
 *
 * Presence of the block alone switches the detection of consecutive 5xx on.
 * Source: config-istio.md §5.8, §5.11 VD-7, VD-8.
 */
import type { OutlierSettings } from '../mesh-resources.ts';
import { type FieldRules, type Message, notModelled, openMessage, readFields } from '../message.ts';
import { withoutAbsent } from '../optional.ts';
import type { SourceNode } from '../source-node.ts';
import { readDurationMs } from './durations.ts';

const RULES: FieldRules = {
  ...readFields('consecutive5xxErrors', 'consecutiveGatewayErrors', 'interval', 'baseEjectionTime'),
  ...readFields('maxEjectionPercent', 'minHealthPercent', 'splitExternalLocalOriginErrors'),
  ...readFields('consecutiveLocalOriginFailures', 'consecutiveErrors'),
  ...notModelled('the engine counts all of 5xx', 'outlierDetectionHttpErrorCodes'),
};
const UINT32_MAX = 4_294_967_295;

export function readOutlierDetection(node: SourceNode): OutlierSettings | undefined {
  const message = openMessage(node, RULES, 'OutlierDetection');
  if (message === undefined) return undefined;
  reportDeprecated(message);
  const count = (item: SourceNode) => item.integer(0, UINT32_MAX);
  const settings = withoutAbsent({
    consecutive5xx: message.placed('consecutive5xxErrors', count),
    consecutiveGatewayErrors: message.placed('consecutiveGatewayErrors', count),
    intervalMs: message.placed('interval', readDurationMs),
    baseEjectionTimeMs: message.placed('baseEjectionTime', readDurationMs),
    maxEjectionPercent: readPercent(message, 'maxEjectionPercent'),
    minHealthPercent: readPercent(message, 'minHealthPercent'),
    splitExternalLocalOriginErrors: message.placed('splitExternalLocalOriginErrors', (item) =>
      item.boolean(),
    ),
    consecutiveLocalOriginFailures: message.placed('consecutiveLocalOriginFailures', count),
  });
  checkSplit(message, settings);
  return { at: message.at, ...settings };
}

/** 0 means "not set". */
function readPercent(message: Message, field: string) {
  const percent = message.placed(field, (node) => node.integer());
  if (percent === undefined || percent.value === 0) return undefined;
  if (percent.value > 0 && percent.value <= 100) return percent;
  const text = `${field} is ${percent.value}, expected 0 to 100`;
  message.get(field)?.error('MQ-DEST-006', text);
  return undefined;
}

function checkSplit(message: Message, settings: Omit<OutlierSettings, 'at'>): void {
  const failures = settings.consecutiveLocalOriginFailures?.value ?? 0;
  if (failures === 0 || settings.splitExternalLocalOriginErrors?.value === true) return;
  const text = 'consecutiveLocalOriginFailures needs splitExternalLocalOriginErrors: true';
  message.get('consecutiveLocalOriginFailures')?.keyError('MQ-DEST-006', text);
}

function reportDeprecated(message: Message): void {
  const node = message.get('consecutiveErrors');
  if (node === undefined || node.value === 0) return;
  const text = 'consecutiveErrors is ignored: it was replaced';
  node.diagnostics.warning('MQ-DEST-007', node.keyPosition, text, {
    fix: 'write consecutive5xxErrors or consecutiveGatewayErrors',
  });
}
