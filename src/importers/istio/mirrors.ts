/**
 * `http[].mirror` and `http[].mirrors`: where copies of requests go.
 *
 * Without a percentage every request is copied; a percentage of 0 is no mirror at all.
 * Source: config-istio.md §2.9, §2.14 VS-11, VS-22, VS-23.
 */
import type { FractionalPercent } from '../../mesh/config/config.ts';
import type { HttpRule } from '../mesh-resources.ts';
import { type Message, openMessage, readFields } from '../message.ts';
import type { SourceNode } from '../source-node.ts';
import { readNumber } from './durations.ts';
import { readDestination } from './http-destinations.ts';
import type { MeshNames } from './names.ts';

type Mirror = NonNullable<HttpRule['mirrors']>[number];

const MIRROR = readFields('destination', 'percentage');
const PERCENT = readFields('value');
const ALL: FractionalPercent = { numerator: 100, denominator: 100 };

export function readMirrors(message: Message, namespace: string, names: MeshNames): Mirror[] {
  const single = message.get('mirror');
  if (single !== undefined && message.has('mirrors')) {
    message.get('mirrors')?.keyError('MQ-ROUTE-005', 'a route has both mirror and mirrors');
  }
  const mirrors = message.list('mirrors').flatMap((node) => readEntry(node, namespace, names));
  const destination = single === undefined ? undefined : readDestination(single, namespace, names);
  if (destination !== undefined) mirrors.push({ destination, share: shareOf(message) });
  return mirrors.filter(({ share }) => share.numerator > 0);
}

function readEntry(node: SourceNode, namespace: string, names: MeshNames): Mirror[] {
  const entry = openMessage(node, MIRROR, 'HTTPMirrorPolicy');
  const target = entry?.get('destination');
  if (entry === undefined) return [];
  if (target === undefined) {
    node.error('MQ-ROUTE-007', 'an entry of mirrors needs a destination');
    return [];
  }
  const destination = readDestination(target, namespace, names);
  const share = readPercent(entry.get('percentage')) ?? ALL;
  return destination === undefined ? [] : [{ destination, share }];
}

function shareOf(message: Message): FractionalPercent {
  const old = message.get('mirrorPercent');
  if (old !== undefined) {
    const fix = { fix: 'mirrorPercentage: { value: … }' };
    old.warning('MQ-IMPORT-010', '"mirrorPercent" is deprecated', fix);
  }
  const share = readPercent(message.get('mirrorPercentage'));
  if (share !== undefined) return share;
  const percent = old?.integer(0, 100);
  return percent === undefined ? ALL : { numerator: percent, denominator: 100 };
}

/** `{ value: 12.5 }`, as parts per million. */
function readPercent(node: SourceNode | undefined): FractionalPercent | undefined {
  const percent = node === undefined ? undefined : openMessage(node, PERCENT, 'Percent');
  if (percent === undefined) return undefined;
  const at = percent.get('value');
  const value = at === undefined ? 0 : (readNumber(at) ?? 0);
  if (value < 0 || value > 100) {
    at?.error('MQ-ROUTE-009', `percentage is ${value}, expected 0 to 100`);
    return undefined;
  }
  return { numerator: Math.floor(value * 10_000), denominator: 1_000_000 };
}
