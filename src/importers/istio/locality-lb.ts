/**
 * `loadBalancer.localityLbSetting`.
 *
 * Localities are written `region/zone/subzone`; a trailing `*` or a missing segment means any.
 * Source: config-istio.md §5.4, §5.11 VD-9.
 */
import type { LocalitySettings } from '../mesh-resources.ts';
import { type Message, openMessage, readFields } from '../message.ts';
import type { SourceNode } from '../source-node.ts';

const RULES = readFields('enabled', 'distribute', 'failover', 'failoverPriority');
const DISTRIBUTE = readFields('from', 'to');
const FAILOVER = readFields('from', 'to');
const CODE = 'MQ-DEST-015';
const WHOLE = 100;
const LOCALITY_LABELS = [
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'topology.istio.io/subzone',
];

export function readLocalityLb(node: SourceNode): LocalitySettings | undefined {
  const message = openMessage(node, RULES, 'LocalityLoadBalancerSetting');
  if (message === undefined) return undefined;
  const settings: LocalitySettings = {
    at: message.at,
    isEnabled: message.get('enabled')?.boolean() ?? true,
    distribute: readDistribute(message),
    failover: readFailover(message),
    failoverPriority: message.list('failoverPriority').flatMap((item) => item.string() ?? []),
  };
  checkTogether(message, settings);
  return settings;
}

function checkTogether(message: Message, settings: LocalitySettings): void {
  const { distribute, failover, failoverPriority } = settings;
  if (distribute.length > 0 && failover.length > 0) {
    message.get('failover')?.keyError(CODE, 'distribute and failover exclude each other');
  }
  const label = failoverPriority.find((item) => LOCALITY_LABELS.includes(item.split('=')[0] ?? ''));
  if (failover.length > 0 && label !== undefined) {
    const text = `failover already orders by locality, so failoverPriority must not name "${label}"`;
    message.get('failoverPriority')?.error(CODE, text);
  }
}

function readDistribute(message: Message): LocalitySettings['distribute'] {
  const entries = message.list('distribute').flatMap((node) => {
    const entry = openMessage(node, DISTRIBUTE, 'LocalityLoadBalancerSetting.Distribute');
    const from = entry?.get('from');
    const to = entry?.get('to');
    if (entry === undefined || to === undefined || !to.expectMap()) return [];
    const weights = to.entries().flatMap(([pattern, item]) => {
      checkPattern(pattern, item);
      const weight = item.integer(1, WHOLE);
      return weight === undefined ? [] : [{ pattern, weight }];
    });
    checkSum(to, weights);
    checkOverlaps(
      to.entries().map(([pattern]) => pattern),
      to,
    );
    const pattern = from?.string() ?? '';
    if (from !== undefined) checkPattern(pattern, from);
    return [{ from: pattern, to: weights }];
  });
  const list = message.get('distribute');
  if (list !== undefined) {
    checkOverlaps(
      entries.map(({ from }) => from),
      list,
    );
  }
  return entries;
}

function checkSum(to: SourceNode, weights: readonly { readonly weight: number }[]): void {
  const sum = weights.reduce((all, { weight }) => all + weight, 0);
  if (sum === WHOLE || weights.length < to.entries().length) return;
  to.error(CODE, `the weights add up to ${sum}, expected ${WHOLE}`);
}

function checkPattern(pattern: string, node: SourceNode): void {
  const star = pattern.indexOf('*');
  if (star >= 0 && star < pattern.length - 1) {
    node.error(CODE, `"${pattern}" has a * that is not its end`);
  } else if (pattern.split('/').includes('')) {
    node.error(CODE, `"${pattern}" has an empty segment`);
  }
}

/** Two patterns overlap when one of them covers the other. */
function checkOverlaps(patterns: readonly string[], node: SourceNode): void {
  patterns.forEach((pattern, index) => {
    const other = patterns.slice(0, index).find((one) => {
      return coversLocality(one, pattern) || coversLocality(pattern, one);
    });
    if (other !== undefined) node.error(CODE, `"${other}" and "${pattern}" overlap`);
  });
}

function readFailover(message: Message): LocalitySettings['failover'] {
  return message.list('failover').flatMap((node) => {
    const entry = openMessage(node, FAILOVER, 'LocalityLoadBalancerSetting.Failover');
    if (entry === undefined) return [];
    const from = entry.get('from')?.string() ?? '';
    const to = entry.get('to')?.string() ?? '';
    if (from === to) node.error(CODE, `failover from "${from}" to itself`);
    if (/[/*]/.test(from + to)) node.error(CODE, 'failover names regions, without / and *');
    return [{ from, to }];
  });
}

/** Whether a locality, or everything that another pattern means, lies in what a pattern means. */
export function coversLocality(pattern: string, locality: string): boolean {
  const segments = locality.split('/');
  for (const [index, segment] of pattern.split('/').entries()) {
    if (segment === '*') return true;
    const found = segments[index];
    if (segment.endsWith('*')) return found?.startsWith(segment.slice(0, -1)) === true;
    if (found !== segment) return false;
  }
  return true;
}
