/**
 * Header additions and removals of routes, virtual hosts and route tables.
 *
 * Source: Envoy v3 API, config/core/v3 HeaderValueOption; policy-engine.md §8.5.
 */
import { headerValueProblem } from '../../mesh/config/header-commands.ts';
import type { HeaderAddition, HeaderMutations } from '../../mesh/config/rewriting.ts';
import type { Fields } from './fields.ts';

const ACTIONS = [
  'APPEND_IF_EXISTS_OR_ADD',
  'ADD_IF_ABSENT',
  'OVERWRITE_IF_EXISTS_OR_ADD',
  'OVERWRITE_IF_EXISTS',
] as const;

const ACTION_OF = {
  APPEND_IF_EXISTS_OR_ADD: 'append-if-exists-or-add',
  ADD_IF_ABSENT: 'add-if-absent',
  OVERWRITE_IF_EXISTS_OR_ADD: 'overwrite-if-exists-or-add',
  OVERWRITE_IF_EXISTS: 'overwrite-if-exists',
} as const;

/** The part of a level's configuration that changes headers. */
export interface HeaderChanges {
  readonly requestHeaders?: HeaderMutations;
  readonly responseHeaders?: HeaderMutations;
}

export function readHeaderChanges(fields: Fields): HeaderChanges {
  const request = readMutations(fields, 'request');
  const response = readMutations(fields, 'response');
  return {
    ...(request === undefined ? {} : { requestHeaders: request }),
    ...(response === undefined ? {} : { responseHeaders: response }),
  };
}

function readMutations(fields: Fields, side: string): HeaderMutations | undefined {
  const add = readAdditions(fields, `${side}_headers_to_add`);
  const gone = `${side}_headers_to_remove`;
  const remove = fields.texts(gone).map((name) => name.toLowerCase());
  if (remove.some(isFixed)) {
    fields.get(gone)?.error('MQ-ENVOY-003', 'host and names with a colon cannot be removed');
  }
  return add.length + remove.length === 0 ? undefined : { remove, add };
}

export function readAdditions(fields: Fields, name: string): HeaderAddition[] {
  return fields.messages(name, 'HeaderValueOption').map(readAddition);
}

/** A list of `HeaderMutation`, which are done in their order. */
export function readHeaderMutationList(fields: Fields, name: string): HeaderMutations[] {
  return fields.messages(name, 'HeaderMutation').map((item) => {
    const gone = item.text('remove');
    const option = item.message('append', 'HeaderValueOption');
    item.close();
    return {
      remove: gone === undefined ? [] : [gone.toLowerCase()],
      add: option === undefined ? [] : [readAddition(option)],
    };
  });
}

/** Only rewrites change these. */
function isFixed(name: string): boolean {
  return name.startsWith(':') || name === 'host';
}

function readAddition(option: Fields): HeaderAddition {
  const header = option.message('header', 'HeaderValue');
  const key = (header?.text('key') ?? '').toLowerCase();
  if (isFixed(key)) {
    (header ?? option).node.error('MQ-ENVOY-003', 'host and names with a colon cannot be added');
  }
  const value = header?.text('value') ?? '';
  const problem = headerValueProblem(value);
  if (problem !== null) (header?.get('value') ?? option.node).error('MQ-ENVOY-003', problem);
  header?.close();
  const given = option.oneOf('append_action', ACTIONS);
  // The deprecated flag: absent means true.
  const overwrites = option.has('append') && !option.flag('append');
  const byFlag = overwrites ? 'OVERWRITE_IF_EXISTS_OR_ADD' : 'APPEND_IF_EXISTS_OR_ADD';
  const keepsEmpty = option.flag('keep_empty_value');
  option.close();
  return { name: key, value, action: ACTION_OF[given ?? byFlag], keepsEmpty };
}
