/**
 * Header changes of route tables, virtual hosts, routes and weighted clusters.
 *
 * Source: Envoy v3 API, config/core/v3 HeaderValueOption.
 */
import type { HeaderAddition, HeaderMutations } from '../../mesh/config/rewriting.ts';
import { filled, flag, type Message, message } from './message.ts';

interface HeaderChanges {
  readonly requestHeaders?: HeaderMutations;
  readonly responseHeaders?: HeaderMutations;
}

export function headerChanges({ requestHeaders, responseHeaders }: HeaderChanges): Message {
  return {
    request_headers_to_add: filled(requestHeaders?.add.map(headerAddition)),
    request_headers_to_remove: filled(requestHeaders?.remove),
    response_headers_to_add: filled(responseHeaders?.add.map(headerAddition)),
    response_headers_to_remove: filled(responseHeaders?.remove),
  };
}

export function headerAddition({ name, value, action, keepsEmpty }: HeaderAddition): Message {
  const isDefault = action === 'append-if-exists-or-add';
  return message({
    header: message({ key: name, value: value === '' ? undefined : value }),
    append_action: isDefault ? undefined : action.toUpperCase().replaceAll('-', '_'),
    keep_empty_value: flag(keepsEmpty),
  });
}
