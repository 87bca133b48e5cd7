import { describe, expect, it } from 'vitest';
import { HeadInterner, HttpHead } from '../../../src/core/head.ts';
import { envoyForward, envoyRoute, envoyVirtualHost } from '../../../src/mesh/config/complete.ts';
import type {
  RouteConfig,
  RouteTableConfig,
  WeightedCluster,
} from '../../../src/mesh/config/config.ts';
import type { HeaderMutations } from '../../../src/mesh/config/rewriting.ts';
import { RouteEdits } from '../../../src/mesh/route/route-edits.ts';
import { DOWNSTREAM_PEER } from '../engine/one-proxy.ts';

const FACTS = { clusterName: 'shop', peer: null, hidesOriginals: false };
const REQUEST = new HttpHead({ authority: 'svc', path: '/a' });
const RESPONSE = new HttpHead({ status: 200 });

function setting(name: string, value: string): HeaderMutations {
  const action = 'overwrite-if-exists-or-add';
  return { remove: [], add: [{ name, value, action, keepsEmpty: false }] };
}

interface Sketch {
  readonly route?: Partial<RouteConfig>;
  readonly table?: Partial<RouteTableConfig>;
  readonly cluster?: WeightedCluster;
}

function editsOf({ route = {}, table = {}, cluster }: Sketch): RouteEdits | null {
  return RouteEdits.of({
    cluster: cluster ?? null,
    route: envoyRoute(route),
    virtualHost: envoyVirtualHost(),
    table: { name: 'routes', virtualHosts: [], ignorePortInHostMatching: false, ...table },
  });
}

describe('the changes of a route', () => {
  it('are none where nothing is configured, on any level', () => {
    expect(editsOf({})).toBeNull();
    expect(editsOf({ cluster: { cluster: 'shop', weight: 1 } })).toBeNull();
    const direct = { kind: 'direct-response', status: 200, body: '' } as const;
    expect(editsOf({ route: { action: direct } })).toBeNull();
  });

  it('may be of one part alone', () => {
    const cluster = { cluster: 'shop', weight: 1 };
    const change = setting('x-a', '1');
    const direct = { kind: 'direct-response', status: 200, body: '' } as const;
    const all: Sketch[] = [
      { table: { requestHeaders: change } },
      { table: { responseHeaders: change } },
      { route: { action: direct, responseHeaders: change } },
      { cluster: { ...cluster, requestHeaders: change } },
      { cluster: { ...cluster, responseHeaders: change } },
      { cluster: { ...cluster, hostRewrite: { kind: 'literal', value: 'own' } } },
      { route: { action: envoyForward({ pathRewrite: { kind: 'prefix', value: '/b' } }) } },
      { route: { action: envoyForward({ hostRewrite: { kind: 'literal', value: 'b' } }) } },
    ];
    for (const sketch of all) expect(editsOf(sketch)).not.toBeNull();
    expect(all.map((sketch) => editsOf(sketch)?.changesResponses)).toEqual([
      false,
      true,
      true,
      false,
      true,
      false,
      false,
      false,
    ]);
  });

  it('of a route come before those of its table, unless the most specific wins', () => {
    const winner = (mostSpecificHeaderMutationsWins?: boolean) =>
      editsOf({
        route: { requestHeaders: setting('x-a', 'route') },
        table: {
          requestHeaders: setting('x-a', 'table'),
          ...(mostSpecificHeaderMutationsWins === undefined
            ? {}
            : { mostSpecificHeaderMutationsWins }),
        },
      })
        ?.request(REQUEST, FACTS)
        .get('x-a');
    expect([winner(), winner(false), winner(true)]).toEqual(['table', 'table', 'route']);
  });

  it('tell others the host that was there only where the route says so', () => {
    const forwarded = (appendsForwardedHost: boolean) => {
      const hostRewrite = { kind: 'literal', value: 'other' } as const;
      const action = envoyForward({ hostRewrite, appendsForwardedHost });
      return editsOf({ route: { action } })?.request(REQUEST, FACTS).get('x-forwarded-host');
    };
    expect([forwarded(true), forwarded(false)]).toEqual(['svc', undefined]);
  });

  it('may rewrite the path alone, or nothing but headers', () => {
    const pathRewrite = { kind: 'prefix', value: '/b/' } as const;
    const moved = editsOf({ route: { action: envoyForward({ pathRewrite }) } });
    const head = moved?.request(REQUEST, FACTS);
    expect([head?.path, head?.authority]).toEqual(['/b/a', 'svc']);
    expect(head?.get('x-envoy-original-path')).toBe('/a');
    const hidden = moved?.request(REQUEST, { ...FACTS, hidesOriginals: true });
    expect([hidden?.path, hidden?.get('x-envoy-original-path')]).toEqual(['/b/a', undefined]);
    const marked = editsOf({ route: { requestHeaders: setting('x-a', '1') } });
    expect(marked?.request(REQUEST, FACTS).get('x-envoy-original-path')).toBeUndefined();
    expect(marked?.response(RESPONSE, REQUEST, 200, FACTS)).toBe(RESPONSE);
  });
});

describe('the response of a route', () => {
  const edits = (value: string) => editsOf({ route: { responseHeaders: setting('x-a', value) } })!;

  it('is made once for interned heads, and once per request where it speaks of that', () => {
    const interner = new HeadInterner();
    const response = interner.intern({ status: 200 });
    const requests = ['/1', '/2'].map((path) => interner.intern({ path }));
    const plain = edits('1');
    const [first, second] = requests.map((head) => plain.response(response, head, 200, FACTS));
    expect(first).toBe(second);
    const speaking = edits('%REQ(:path)%');
    const texts = [0, 1, 0, 1].map((i) => {
      return speaking.response(response, requests[i]!, 200, FACTS).get('x-a');
    });
    expect(texts).toEqual(['/1', '/2', '/1', '/2']);
  });

  it('is remembered for interned heads: it need not be made again', () => {
    const interner = new HeadInterner();
    const response = interner.intern({ status: 200 });
    const request = interner.intern({ path: '/1' });
    const counting = edits('%REQ(:path)%');
    const made = counting.response(response, request, 200, FACTS);
    let reads = 0;
    const watched = new Proxy(FACTS, {
      ownKeys: (target) => {
        reads += 1;
        return Reflect.ownKeys(target);
      },
    });
    expect(counting.response(response, request, 200, watched)).toBe(made);
    expect(reads).toBe(0);
  });

  it('is made anew for heads from sockets, whoever is interned beside them', () => {
    const interner = new HeadInterner();
    const request = interner.intern({ path: '/1' });
    const speaking = edits('%UPSTREAM_CLUSTER%');
    const ask = (response: HttpHead, head: HttpHead, clusterName: string) =>
      speaking.response(response, head, 200, { ...FACTS, clusterName }).get('x-a');
    expect([ask(RESPONSE, request, 'a'), ask(RESPONSE, request, 'b')]).toEqual(['a', 'b']);
    const interned = interner.intern({ status: 200 });
    expect([ask(interned, REQUEST, 'a'), ask(interned, REQUEST, 'b')]).toEqual(['a', 'b']);
  });

  it('is made anew where it speaks of the connection', () => {
    const interner = new HeadInterner();
    const response = interner.intern({ status: 200 });
    const request = interner.intern({ path: '/1' });
    const speaking = edits('%DOWNSTREAM_REMOTE_PORT%');
    const from = (port: number) => {
      const peer = { ...DOWNSTREAM_PEER, remoteAddress: `10.9.9.9:${port}` };
      return speaking.response(response, request, 200, { ...FACTS, peer }).get('x-a');
    };
    expect([from(1), from(2)]).toEqual(['1', '2']);
  });
});
