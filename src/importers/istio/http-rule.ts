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
import { readHeaders } from './headers.ts';
import { readDestinations } from './http-destinations.ts';
import { readHttpMatch } from './http-match.ts';
import { readMirrors } from './mirrors.ts';
import type { MeshNames } from './names.ts';
import { readRetries } from './retries.ts';
import { readRedirect, readRewrite } from './rewrite.ts';

const RULES: FieldRules = {
  ...readFields('name', 'match', 'route', 'directResponse', 'timeout', 'retries', 'fault'),
  ...readFields('redirect', 'rewrite', 'headers'),
  ...readFields('mirror', 'mirrorPercent', 'mirrorPercentage', 'mirrors'),
  ...notModelled('one VirtualService cannot refer to another yet', 'delegate'),
  ...notModelled('CORS is not part of the engine yet', 'corsPolicy'),
};

/** What an answer that needs no upstream cannot be combined with. */
const NOT_WITH_DIRECT_RESPONSE = ['route', 'redirect', 'fault', 'rewrite'];

const NOT_WITH_REDIRECT = ['route', 'fault', 'rewrite'];

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
    redirect: message.placed('redirect', readRedirect)?.value,
    rewrite: message.placed('rewrite', readRewrite)?.value,
    headers: message.placed('headers', readHeaders)?.value,
  });
  if (optional.rewrite?.authority !== undefined && optional.headers?.host !== undefined) {
    const text = `route ${label} gives the host in both rewrite and headers`;
    message.get('headers')?.keyError('MQ-ROUTE-020', text);
  }
  const mirrors = readMirrors(message, namespace, names);
  return {
    name,
    at: node.position,
    matches: message.list('match').flatMap((item) => readHttpMatch(item, isForMesh) ?? []),
    destinations: readDestinations(message.list('route'), namespace, names, label),
    directResponse: (direct === undefined ? undefined : readDirectResponse(direct)) ?? null,
    ...(mirrors.length === 0 ? {} : { mirrors }),
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
  if (message.has('redirect')) {
    for (const field of NOT_WITH_REDIRECT) {
      const text = `route ${label} has both redirect and ${field}`;
      message.get(field)?.keyError('MQ-ROUTE-005', text);
    }
    checkPrefix(message);
    return;
  }
  if (message.has('delegate') || message.list('route').length > 0) return;
  message.node.error(
    'MQ-ROUTE-005',
    `route ${label} says neither where to send requests nor what to answer`,
    {
      fix: 'give route, redirect or directResponse',
    },
  );
}

/** A prefix can only be replaced where a prefix is matched. */
function checkPrefix(message: Message): void {
  const prefix = message.get('redirect')?.get('prefixRewrite');
  if (prefix === undefined) return;
  for (const match of message.list('match')) {
    const uri = match.get('uri');
    if (uri === undefined || uri.has('prefix')) continue;
    prefix.keyError('MQ-ROUTE-019', 'prefixRewrite needs matches by uri prefix only');
    return;
  }
}
