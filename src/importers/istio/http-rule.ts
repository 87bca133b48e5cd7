/**
 * One entry of `http`: what it matches and what it does.
 *
 * Source: config-istio.md §2.2 (expansion), §2.14 VS-6, VS-8, VS-18.
 */
import type { HttpRule } from '../mesh-resources.ts';
import { type FieldRules, type Message, notModelled, openMessage, readFields } from '../message.ts';
import { withoutAbsent } from '../optional.ts';
import type { SourceNode } from '../source-node.ts';
import { readDirectResponse } from './direct-response.ts';
import { readDurationMs } from './durations.ts';
import { readFault } from './fault.ts';
import { readDestinations } from './http-destinations.ts';
import { readHttpMatch } from './http-match.ts';
import type { MeshNames } from './names.ts';
import { readRetries } from './retries.ts';

const RULES: FieldRules = {
  ...readFields('name', 'match', 'route', 'directResponse', 'timeout', 'retries', 'fault'),
  ...notModelled('redirects are not part of the engine yet', 'redirect'),
  ...notModelled('one VirtualService cannot refer to another yet', 'delegate'),
  ...notModelled('rewrites are not part of the engine yet', 'rewrite'),
  ...notModelled('mirroring is not part of the engine yet', 'mirror', 'mirrorPercent'),
  ...notModelled('mirroring is not part of the engine yet', 'mirrorPercentage', 'mirrors'),
  ...notModelled('header operations are not part of the engine yet', 'headers'),
  ...notModelled('CORS is not part of the engine yet', 'corsPolicy'),
};

/** What an answer that needs no upstream cannot be combined with. */
const NOT_WITH_DIRECT_RESPONSE = ['route', 'redirect', 'fault', 'rewrite'];

export function readHttpRule(
  node: SourceNode,
  namespace: string,
  names: MeshNames,
  isForMesh: boolean,
): HttpRule | undefined {
  if (node.kind === 'null') {
    node.error('MQ-ROUTE-005', 'an entry of http must not be null');
    return undefined;
  }
  const message = openMessage(node, RULES, 'VirtualService.http');
  if (message === undefined) return undefined;
  const name = message.get('name')?.string() ?? '';
  const label = name === '' ? `#${node.key}` : `"${name}"`;
  checkAction(message, label);
  const direct = message.get('directResponse');
  const optional = withoutAbsent({
    timeoutMs: message.placed('timeout', readDurationMs),
    retries: message.placed('retries', readRetries)?.value,
    fault: message.placed('fault', readFault)?.value,
  });
  return {
    name,
    at: node.position,
    matches: message.list('match').flatMap((item) => readHttpMatch(item, isForMesh) ?? []),
    destinations: readDestinations(message.list('route'), namespace, names, label),
    directResponse: (direct === undefined ? undefined : readDirectResponse(direct)) ?? null,
    ...optional,
  };
}

/** Each entry does exactly one thing. */
function checkAction(message: Message, label: string): void {
  if (message.has('directResponse')) {
    for (const field of NOT_WITH_DIRECT_RESPONSE) {
      const text = `route ${label} has both directResponse and ${field}`;
      message.get(field)?.keyError('MQ-ROUTE-005', text);
    }
    return;
  }
  const isRefused = message.has('redirect') || message.has('delegate');
  if (isRefused || message.list('route').length > 0) return;
  message.node.error(
    'MQ-ROUTE-005',
    `route ${label} says neither where to send requests nor what to answer`,
    {
      fix: 'give route or directResponse',
    },
  );
}
