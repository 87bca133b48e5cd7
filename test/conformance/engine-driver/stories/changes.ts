/** Stories of hashing balancers and of routes that change requests or answer with an address. */
import { aMaglev, aRing } from '../../../helpers/balancers.ts';
import type { SendStory, Step, Story } from '../story.ts';

const HOSTS = ['a', 'b', 'c'];
const UPSTREAMS = Object.fromEntries(HOSTS.map((name) => [name, {}]));
const USERS = ['ann', 'bob', 'cid', 'dan', 'eve', 'fay'];
const BY_USER = { kind: 'header', name: 'x-user', isTerminal: false } as const;

function call(request: SendStory): Step {
  return { do: 'call', request };
}

function callsBy(users: readonly string[], round: number): Step[] {
  return users.map((user) => call({ id: `${user}${round}`, headers: { 'x-user': user } }));
}

function hashing(name: string, lb: ReturnType<typeof aRing | typeof aMaglev>): Story {
  return {
    name,
    mesh: {
      clusters: [{ name: 'orders', endpoints: HOSTS, lb: { ...lb, usesHostname: true } }],
      routes: [{ to: { orders: 1 }, forward: { hashPolicy: [BY_USER] } }],
    },
    upstreams: UPSTREAMS,
    steps: [...callsBy(USERS, 1), ...callsBy(USERS, 2), call({ id: 'nobody' })],
    expect: {},
  };
}

export const CHANGE_STORIES: readonly Story[] = [
  hashing('a ring by header; without the header a drawn place', aRing()),
  hashing('Maglev by header, with bounded load', aMaglev({ balanceFactorPercent: 150 })),
  {
    name: 'a route that rewrites, changes headers both ways, and retries',
    mesh: {
      clusters: [{ name: 'orders', endpoints: ['a'] }],
      routes: [
        {
          to: { orders: 1 },
          retry: { numRetries: 1 },
          forward: {
            pathRewrite: { kind: 'prefix', value: '/v2/' },
            hostRewrite: { kind: 'literal', value: 'other.test' },
          },
          changes: {
            requestHeaders: {
              remove: ['x-secret'],
              add: [
                {
                  name: 'x-route',
                  value: '%ROUTE_NAME% %REQ(:method)%',
                  action: 'overwrite-if-exists-or-add',
                  keepsEmpty: false,
                },
              ],
            },
            responseHeaders: {
              remove: ['x-inner'],
              add: [
                {
                  name: 'x-code',
                  value: '%RESPONSE_CODE%',
                  action: 'append-if-exists-or-add',
                  keepsEmpty: false,
                },
              ],
            },
          },
        },
      ],
    },
    upstreams: { a: { script: [{ status: 503 }, { body: 'ok', headers: { 'x-inner': '1' } }] } },
    steps: [call({ id: 'r', path: '/a?q=1', headers: { 'x-secret': 's' } })],
    expect: { client: { r: '200 "ok"' }, upstreams: { a: 2 } },
  },
  {
    name: 'a redirect',
    mesh: {
      clusters: [{ name: 'orders', endpoints: ['a'] }],
      routes: [
        {
          redirect: {
            kind: 'redirect',
            status: 308,
            scheme: 'https',
            host: '',
            port: 0,
            path: { kind: 'prefix', value: '/new/' },
            stripsQuery: true,
          },
        },
      ],
    },
    upstreams: { a: {} },
    steps: [call({ id: 'r', path: '/old?q=1' })],
    expect: {
      client: { r: '308 ""' },
      log: { r: '- direct_response 0' },
      upstreams: { a: 0 },
    },
  },
];
