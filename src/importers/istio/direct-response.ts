/**
 * `http[].directResponse`: answer without an upstream.
 *
 * Source: config-istio.md §2.10, §2.14 VS-28, VS-29.
 */
import type { DirectResponse } from '../mesh-resources.ts';
import { type FieldRules, notModelled, openMessage, readFields } from '../message.ts';
import type { SourceNode } from '../source-node.ts';

const RULES = readFields('status', 'body');
const BODY: FieldRules = {
  ...readFields('string'),
  ...notModelled('bodies of bytes are not part of the engine yet', 'bytes'),
};
const MAX_BODY = 1_048_576;
const LARGE_BODY = 102_400;

export function readDirectResponse(node: SourceNode): DirectResponse | undefined {
  const message = openMessage(node, RULES, 'VirtualService.http.directResponse');
  if (message === undefined) return undefined;
  const statusNode = message.get('status');
  if (statusNode === undefined) {
    node.error('MQ-ROUTE-011', 'a direct response needs a status');
    return undefined;
  }
  const status = statusNode.integer();
  if (status !== undefined && (status < 200 || status > 600)) {
    statusNode.error('MQ-ROUTE-011', `status is ${status}, expected 200 to 599`);
    return undefined;
  }
  const body = readBody(message.get('body'));
  return status === undefined ? undefined : { status, body };
}

function readBody(node: SourceNode | undefined): string {
  const text = node === undefined ? undefined : openMessage(node, BODY, 'HTTPBody')?.get('string');
  const body = text?.string() ?? '';
  if (body.length > MAX_BODY) {
    text?.error('MQ-ROUTE-011', 'the body of a direct response is larger than 1 MiB');
  } else if (body.length > LARGE_BODY) {
    text?.warning('MQ-ROUTE-011', 'the body of a direct response is larger than 100 KiB');
  }
  return body;
}
