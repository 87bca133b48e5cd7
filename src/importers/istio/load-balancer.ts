/**
 * `trafficPolicy.loadBalancer`: a simple balancer with or without warm-up, or consistent hashing.
 *
 * Source: config-istio.md §5.1 to 5.3, §5.11 VD-12, VD-13.
 */

import { ENVOY } from '../../mesh/config/defaults.ts';
import type { HashKey, SlowStartConfig } from '../../mesh/config/load-balancing.ts';
import { isPrime } from '../is-prime.ts';
import type { ConsistentHash, LoadBalancerSettings } from '../mesh-resources.ts';
import { type FieldRules, type Message, notModelled, openMessage, readFields } from '../message.ts';
import { withoutAbsent } from '../optional.ts';
import type { SourceNode } from '../source-node.ts';
import { readAnyDurationMs, readDurationMs, readNumber } from './durations.ts';

const LOAD_BALANCER: FieldRules = {
  ...readFields('simple', 'localityLbSetting', 'consistentHash', 'warmup', 'warmupDurationSecs'),
  ...notModelled('zone-aware routing is read from Envoy bootstraps only', 'zoneAwareLbSetting'),
};
const SIMPLE = [
  'UNSPECIFIED',
  'LEAST_REQUEST',
  'LEAST_CONN',
  'ROUND_ROBIN',
  'RANDOM',
  'PASSTHROUGH',
] as const;
const KEYS = ['httpHeaderName', 'httpCookie', 'useSourceIp', 'httpQueryParameterName'] as const;
const HASH = readFields(...KEYS, 'ringHash', 'maglev', 'minimumRingSize');
const COOKIE = readFields('name', 'path', 'ttl', 'attributes');
const ATTRIBUTE = readFields('name', 'value');
const RING = readFields('minimumRingSize');
const MAGLEV = readFields('tableSize');
const WARMUP = readFields('duration', 'aggression', 'minimumPercent');
const DOUBLE = readFields('value');

const LARGEST_RING = ENVOY.ringHash.maximumRingSize.value;
const LARGEST_TABLE = 5_000_011;
const MS_PER_S = 1000;

export function readLoadBalancer(node: SourceNode): LoadBalancerSettings | undefined {
  const message = openMessage(node, LOAD_BALANCER, 'LoadBalancerSettings');
  if (message === undefined) return undefined;
  const simple = message.get('simple')?.oneOf(SIMPLE);
  if (simple === 'PASSTHROUGH') {
    message.get('simple')?.error('MQ-IMPORT-004', 'loadBalancer PASSTHROUGH is not modelled yet', {
      why: 'it sends requests to the address that the client chose, whatever endpoints exist',
    });
  }
  const name = simple === 'ROUND_ROBIN' || simple === 'RANDOM' ? simple : 'LEAST_REQUEST';
  const hashing = message.placed('consistentHash', readConsistentHash)?.value;
  if (simple !== undefined && hashing !== undefined) {
    const text = 'a load balancer is either simple or consistentHash';
    message.get('simple')?.keyError('MQ-DEST-017', text);
  }
  const slowStart = name === 'RANDOM' || hashing !== undefined ? undefined : readSlowStart(message);
  return { name, ...withoutAbsent({ hashing, slowStart }) };
}

function readConsistentHash(node: SourceNode): ConsistentHash | undefined {
  const message = openMessage(node, HASH, 'ConsistentHashLB');
  if (message === undefined) return undefined;
  const keys = KEYS.filter((name) => message.has(name));
  const [name] = keys;
  if (keys.length > 1) {
    node.error('MQ-DEST-017', `consistentHash takes only one of ${KEYS.join(', ')}`);
    return undefined;
  }
  const key = name === undefined ? null : readKey(message, name);
  const algorithm = readAlgorithm(message);
  return key === undefined ? undefined : { key, algorithm, at: message.at };
}

/** null = the key is switched off: requests have none, as when no key is given. */
function readKey(message: Message, name: (typeof KEYS)[number]): HashKey | null | undefined {
  const node = message.get(name)!;
  switch (name) {
    case 'httpHeaderName': {
      const header = node.string();
      return header === undefined ? undefined : { kind: 'header', name: header.toLowerCase() };
    }
    case 'httpQueryParameterName': {
      const parameter = node.string();
      return parameter === undefined ? undefined : { kind: 'query-parameter', name: parameter };
    }
    case 'useSourceIp': {
      const isOn = node.boolean();
      if (isOn === undefined) return undefined;
      return isOn ? { kind: 'source-ip' } : null;
    }
    case 'httpCookie':
      return readCookie(node);
  }
}

function readCookie(node: SourceNode): HashKey | undefined {
  const message = openMessage(node, COOKIE, 'HTTPCookie');
  if (message === undefined) return undefined;
  const name = message.get('name')?.string() ?? '';
  if (name === '') {
    node.error('MQ-DEST-017', 'a cookie to hash needs a name');
    return undefined;
  }
  const ttl = message.get('ttl');
  const ttlMs = ttl === undefined ? undefined : readAnyDurationMs(ttl);
  const attributes: [string, string][] = [];
  for (const item of message.list('attributes')) {
    const attribute = openMessage(item, ATTRIBUTE, 'HTTPCookie.attributes');
    const key = attribute?.get('name')?.string() ?? '';
    if (key === '' || attributes.some(([other]) => other === key)) {
      item.error('MQ-DEST-017', `cookie attribute "${key}" is unnamed or given twice`);
    }
    attributes.push([key, attribute?.get('value')?.string() ?? '']);
  }
  const path = message.get('path')?.string() ?? '';
  const ttlSeconds = ttlMs === undefined ? null : Math.trunc(ttlMs / MS_PER_S);
  return { kind: 'cookie', name, ttlSeconds, path, attributes };
}

function readAlgorithm(message: Message): ConsistentHash['algorithm'] {
  const ring = message.get('ringHash');
  const maglev = message.get('maglev');
  const old = message.get('minimumRingSize');
  if (old !== undefined && (ring !== undefined || maglev !== undefined)) {
    old.keyError('MQ-DEST-017', 'minimumRingSize stands beside an explicit algorithm');
  }
  if (ring !== undefined && maglev !== undefined) {
    ring.keyError('MQ-DEST-017', 'consistentHash has either ringHash or maglev');
  }
  if (maglev !== undefined) {
    const fields = openMessage(maglev, MAGLEV, 'MagLev');
    if (fields !== undefined && !fields.has('tableSize')) {
      maglev.error('MQ-DEST-017', 'maglev needs a tableSize', {
        why: 'istiod refuses it without one',
        fix: `maglev: { tableSize: ${ENVOY.maglev.tableSize.value} }`,
      });
    }
    const tableSize = fields?.placed('tableSize', readTableSize)?.value;
    return { kind: 'maglev', ...withoutAbsent({ tableSize }) };
  }
  const fields = ring === undefined ? undefined : openMessage(ring, RING, 'RingHash');
  const given = fields?.get('minimumRingSize') ?? old;
  const minimumRingSize = given?.integer(0, LARGEST_RING);
  return { kind: 'ring-hash', ...withoutAbsent({ minimumRingSize: minimumRingSize || undefined }) };
}

function readTableSize(node: SourceNode): number | undefined {
  const size = node.integer(1, LARGEST_TABLE - 1);
  if (size === undefined || isPrime(size)) return size;
  node.error('MQ-DEST-017', `tableSize is ${size}, expected a prime number`);
  return undefined;
}

/** `warmup` wins over the older field, which has Envoy's defaults for the rest. */
function readSlowStart(message: Message): LoadBalancerSettings['slowStart'] {
  const warmup = message.placed('warmup', readWarmup);
  const { aggression, minWeightPercent } = ENVOY.slowStart;
  const old = message.placed('warmupDurationSecs', readDurationMs);
  if (warmup !== undefined || old === undefined) return warmup;
  const value = {
    windowMs: old.value,
    aggression: aggression.value,
    minWeightPercent: minWeightPercent.value,
  };
  return { value, at: old.at };
}

function readWarmup(node: SourceNode): SlowStartConfig | undefined {
  const message = openMessage(node, WARMUP, 'WarmupConfiguration');
  const duration = message?.get('duration');
  if (message === undefined) return undefined;
  if (duration === undefined) {
    node.error('MQ-DEST-018', 'warmup needs a duration');
    return undefined;
  }
  const windowMs = readDurationMs(duration);
  const { aggression, minWeightPercent } = ENVOY.slowStart;
  const power = readDouble(message.get('aggression')) ?? aggression.value;
  const least = readDouble(message.get('minimumPercent')) ?? minWeightPercent.value;
  if (power <= 0) message.get('aggression')?.error('MQ-DEST-018', 'aggression must be above 0');
  if (least < 0 || least > 100) {
    message.get('minimumPercent')?.error('MQ-DEST-018', `${least} is no percentage from 0 to 100`);
  }
  return windowMs === undefined
    ? undefined
    : { windowMs, aggression: power, minWeightPercent: least };
}

/** A number, or `{ value: 1.5 }`, as wrapped numbers may be written. */
function readDouble(node: SourceNode | undefined): number | undefined {
  if (node === undefined) return undefined;
  if (node.kind !== 'map') return readNumber(node);
  const value = openMessage(node, DOUBLE, 'DoubleValue')?.get('value');
  return value === undefined ? 0 : readNumber(value);
}
