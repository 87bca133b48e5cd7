/**
 * `headers` of a rule or of one of its destinations: what is set, added and removed.
 *
 * Source: config-istio.md §2.10 (order, Host), §2.14 VS-25, VS-26.
 */
import { headerValueProblem } from '../../mesh/config/header-commands.ts';
import type { HeaderMutations } from '../../mesh/config/rewriting.ts';
import type { HeaderOperations } from '../mesh-resources.ts';
import { openMessage, readFields } from '../message.ts';
import { withoutAbsent } from '../optional.ts';
import type { SourceNode } from '../source-node.ts';

const HEADERS = readFields('request', 'response');
const OPERATIONS = readFields('set', 'add', 'remove');
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const HOST_NAMES: readonly string[] = ['host', ':authority'];

export function readHeaders(node: SourceNode): HeaderOperations | undefined {
  const message = openMessage(node, HEADERS, 'Headers');
  if (message === undefined) return undefined;
  const request = message.get('request');
  const response = message.get('response');
  return {
    at: message.at,
    ...(request === undefined ? {} : readOperations(request, true)),
    ...withoutAbsent({
      response: response === undefined ? undefined : readOperations(response, false).request,
    }),
  };
}

/** The Host header is no header to change, but another host to send. */
function readOperations(
  node: SourceNode,
  isRequest: boolean,
): Pick<HeaderOperations, 'request' | 'host'> {
  const message = openMessage(node, OPERATIONS, 'HeaderOperations');
  if (message === undefined) return {};
  const hosts: string[] = [];
  const add: HeaderMutations['add'][number][] = [];
  for (const field of ['set', 'add'] as const) {
    for (const [key, item] of message.get(field)?.entries() ?? []) {
      const name = key.toLowerCase();
      const value = item.string();
      if (value === undefined) continue;
      if (isRequest && HOST_NAMES.includes(name)) {
        if (hosts.length > 0) item.keyError('MQ-ROUTE-020', 'the host is given more than once');
        hosts.push(value);
      } else if (isNameValid(item, name) && isValueValid(item, value)) {
        const action = field === 'set' ? 'overwrite-if-exists-or-add' : 'append-if-exists-or-add';
        add.push({ name, value, action, keepsEmpty: false });
      }
    }
  }
  const remove = message.list('remove').flatMap((item) => {
    const name = item.string()?.toLowerCase();
    return name !== undefined && isNameValid(item, name) ? [name] : [];
  });
  const [host] = hosts;
  const request = add.length + remove.length > 0 ? { remove, add } : undefined;
  return withoutAbsent({ request, host });
}

function isNameValid(node: SourceNode, name: string): boolean {
  if (TOKEN.test(name) && name !== 'host') return true;
  node.keyError('MQ-ROUTE-020', `"${name}" is no header that can be changed here`);
  return false;
}

function isValueValid(node: SourceNode, value: string): boolean {
  const hasControls = [...value].some((char) => char < ' ' || char === '\u007f');
  const problem = hasControls ? 'a value with control characters' : headerValueProblem(value);
  if (problem !== null) node.error('MQ-ROUTE-020', problem);
  return problem === null;
}
