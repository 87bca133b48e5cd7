/** What a recorded route changes: redirects, rewrites, header operations, and by what it hashes. */

import type { ForwardAction } from '../../../src/mesh/config/config.ts';
import type { HashPolicy } from '../../../src/mesh/config/load-balancing.ts';
import type {
  HeaderAddition,
  HeaderMutations,
  RedirectAction,
} from '../../../src/mesh/config/rewriting.ts';
import type { Fields } from './fields.ts';
import { sortedMutations } from './from-here.ts';

const STATUSES: Readonly<Record<string, number>> = {
  MOVED_PERMANENTLY: 301,
  FOUND: 302,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
  PERMANENT_REDIRECT: 308,
};

export function toRedirect(fields: Fields): RedirectAction {
  const whole = fields.text('pathRedirect');
  const prefix = fields.text('prefixRewrite');
  const path =
    whole !== ''
      ? ({ kind: 'whole', value: whole } as const)
      : ({ kind: 'prefix', value: prefix } as const);
  return {
    kind: 'redirect',
    status: STATUSES[fields.text('responseCode', 'MOVED_PERMANENTLY')] as RedirectAction['status'],
    scheme: fields.text('schemeRedirect') as RedirectAction['scheme'],
    host: fields.text('hostRedirect'),
    port: fields.number('portRedirect', 0),
    path: path.value === '' ? null : path,
    stripsQuery: false,
  };
}

export function toRewrites(route: Fields): Pick<ForwardAction, 'pathRewrite' | 'hostRewrite'> {
  const regex = route.has('regexRewrite') ? route.child('regexRewrite') : null;
  const prefix = route.text('prefixRewrite');
  return {
    ...(prefix === '' ? {} : { pathRewrite: { kind: 'prefix', value: prefix } }),
    ...(regex === null
      ? {}
      : {
          pathRewrite: {
            kind: 'regex',
            pattern: regex.child('pattern').text('regex'),
            substitution: regex.text('substitution'),
          },
        }),
    ...toHostRewrite(route),
  };
}

export function toHostRewrite(fields: Fields): Pick<ForwardAction, 'hostRewrite'> {
  const host = fields.text('hostRewriteLiteral');
  return host === '' ? {} : { hostRewrite: { kind: 'literal', value: host } };
}

export function toHashPolicy(route: Fields): Pick<ForwardAction, 'hashPolicy'> {
  const policies = route.children('hashPolicy');
  return policies.length === 0 ? {} : { hashPolicy: policies.map(toHash) };
}

function toHash(fields: Fields): HashPolicy {
  const isTerminal = fields.take('terminal') === true;
  if (fields.has('header')) {
    const name = fields.child('header').text('headerName').toLowerCase();
    return { kind: 'header', name, isTerminal };
  }
  if (fields.has('queryParameter')) {
    return {
      kind: 'query-parameter',
      name: fields.child('queryParameter').text('name'),
      isTerminal,
    };
  }
  if (fields.has('connectionProperties')) {
    fields.leave('connectionProperties');
    return { kind: 'source-ip', isTerminal };
  }
  const cookie = fields.child('cookie');
  return {
    kind: 'cookie',
    name: cookie.text('name'),
    // Envoy takes whole seconds of it.
    ttlSeconds: cookie.has('ttl') ? Math.trunc(cookie.milliseconds('ttl', 0) / 1000) : null,
    path: cookie.text('path'),
    attributes: cookie
      .children('attributes')
      .map((item) => [item.text('name'), item.text('value')] as const),
    isTerminal,
  };
}

const ACTIONS: Readonly<Record<string, HeaderAddition['action']>> = {
  APPEND_IF_EXISTS_OR_ADD: 'append-if-exists-or-add',
  OVERWRITE_IF_EXISTS_OR_ADD: 'overwrite-if-exists-or-add',
};

export function toMutations(fields: Fields, side: 'request' | 'response'): HeaderMutations {
  return sortedMutations({
    remove: fields.list(`${side}HeadersToRemove`).map((name) => String(name).toLowerCase()),
    add: fields.children(`${side}HeadersToAdd`).map((item) => {
      const header = item.child('header');
      return {
        name: header.text('key').toLowerCase(),
        value: header.text('value'),
        action: ACTIONS[item.text('appendAction', 'APPEND_IF_EXISTS_OR_ADD')]!,
        keepsEmpty: item.take('keepEmptyValue') === true,
      };
    }),
  });
}
