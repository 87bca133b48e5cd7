/**
 * Mirrors: who gets copies of which requests, and what is told to them.
 */
import fc from 'fast-check';
import type { Message, Subject } from '../subject.ts';
import { cluster } from './clusters.ts';
import { forward } from './routes.ts';
import { request } from './traffic.ts';
import { type Arb, headerChanges, list, message, one, percent, seldom } from './words.ts';

const mirror: Arb<Message> = message({
  to: one(
    { cluster: '@b' },
    { cluster: '@b' },
    { cluster: '@a' },
    { cluster_header: 'x-cluster' },
    { cluster: 'missing' },
  ),
  runtime_fraction: seldom(one({ default_value: percent(100) }, { default_value: percent(0) }), 2),
  disable_shadow_host_suffix_append: seldom(one(true), 2),
  host_rewrite_literal: seldom(one('copy.test'), 1),
  request_headers_mutations: seldom(
    one(
      [{ append: { header: { key: 'x-add', value: 'copy' } } }],
      [{ remove: 'x-in' }],
      [{ append: { header: { key: 'x-in', value: '%REQ(x-two)%' } } }, { remove: 'x-two' }],
    ),
    2,
  ),
}).map(({ to, ...rest }) => ({ ...(to as Message), ...rest }));

/** Which of the attempts comes first is chance, so all of a request are answered alike. */
const requests = list(request, 3, 1).map((items) =>
  items.map(({ plan = [], ...rest }) => ({ ...rest, plan: plan.slice(0, 1) })),
);

export const copies: Arb<Subject> = fc
  .tuple(
    forward,
    list(mirror, 2, 1),
    seldom(list(mirror, 1), 1),
    headerChanges,
    cluster,
    cluster,
    requests,
  )
  .map(([action, mirrors, ofHost, changes, a, b, items]) => ({
    virtualHost: {
      ...changes,
      ...(ofHost === undefined ? {} : { request_mirror_policies: ofHost }),
      routes: [{ match: { prefix: '/' }, route: { ...action, request_mirror_policies: mirrors } }],
    },
    clusters: { a, b },
    steps: items.map((req) => ({ req })),
    isUnordered: true,
  }));
