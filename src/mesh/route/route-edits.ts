/**
 * All that a route changes in its requests and responses, compiled once.
 *
 * One per route, and one per cluster of a traffic split that adds changes of its own; null where
 * there are none, so that other routes pay nothing.
 * Source: policy-engine.md §8.2, 8.5; Envoy, finalizeRequestHeaders and finalizeResponseHeaders.
 */
import type { Head, PeerFacts } from '../../core/engine.ts';
import type {
  ForwardAction,
  RouteConfig,
  RouteTableConfig,
  VirtualHostConfig,
  WeightedCluster,
} from '../config/config.ts';
import { HeaderEditor } from './header-mutations.ts';
import {
  compileHostRewrite,
  compilePathRewrite,
  type PathRewriter,
  rewriteEdits,
} from './rewrite.ts';

/** The places that may change headers; the cluster of a split always comes first. */
export interface EditLevels {
  readonly cluster: WeightedCluster | null;
  readonly route: RouteConfig;
  readonly virtualHost: VirtualHostConfig;
  readonly table: RouteTableConfig;
}

type HasMutations = Pick<RouteConfig, 'requestHeaders' | 'responseHeaders'>;

/** What changes may speak of besides heads. */
export interface EditFacts {
  /** '' = none. */
  readonly clusterName: string;
  /** null = no value asks about it. */
  readonly peer: PeerFacts | null;
  /** Whether nothing is told of path and host as they were. */
  readonly hidesOriginals: boolean;
}

export class RouteEdits {
  private readonly routeName: string;
  private readonly clusterRequests: HeaderEditor | null;
  /** The Host of a cluster of a split, which the route's own may replace; '' = none. */
  private readonly clusterHost: ((head: Head) => string) | null;
  private readonly requests: HeaderEditor | null;
  private readonly responses: HeaderEditor | null;
  private readonly rewritePath: PathRewriter | null;
  private readonly rewriteHost: ((head: Head) => string) | null;
  private readonly appendsHost: boolean;
  /** Of interned responses only. */
  private readonly known: Map<Head, Map<Head, Head>>;

  private constructor(levels: EditLevels) {
    const { cluster, route, virtualHost, table } = levels;
    const order: HasMutations[] = [route, virtualHost, table];
    if (table.mostSpecificHeaderMutationsWins === true) order.reverse();
    this.routeName = route.name;
    this.clusterRequests = HeaderEditor.of([cluster?.requestHeaders]);
    const ownHost = cluster?.hostRewrite;
    this.clusterHost = ownHost === undefined ? null : compileHostRewrite(ownHost);
    this.requests = HeaderEditor.of(order.map(({ requestHeaders }) => requestHeaders));
    this.responses = HeaderEditor.of(
      [cluster ?? {}, ...order].map(({ responseHeaders }: HasMutations) => responseHeaders),
    );
    const { pathRewrite, hostRewrite }: Partial<ForwardAction> =
      route.action.kind === 'forward' ? route.action : {};
    this.rewritePath =
      pathRewrite === undefined ? null : compilePathRewrite(pathRewrite, route.match.path);
    this.rewriteHost = hostRewrite === undefined ? null : compileHostRewrite(hostRewrite);
    const { action } = route;
    this.appendsHost = action.kind === 'forward' && action.appendsForwardedHost === true;
    this.known = new Map();
  }

  static of(levels: EditLevels): RouteEdits | null {
    const made = new RouteEdits(levels);
    const parts = [
      made.clusterRequests,
      made.clusterHost,
      made.requests,
      made.responses,
      made.rewritePath,
      made.rewriteHost,
    ];
    return parts.some((part) => part !== null) ? made : null;
  }

  get changesResponses(): boolean {
    return this.responses !== null;
  }

  /** Headers first; the new host and path see what they did. */
  request(head: Head, facts: EditFacts): Head {
    const { rewritePath, rewriteHost } = this;
    const own = this.edited(head, this.clusterRequests, facts);
    const authority = this.clusterHost?.(own) ?? '';
    const hosted = authority === '' ? own : own.with({ authority });
    const changed = this.edited(hosted, this.requests, facts);
    if (rewritePath === null && rewriteHost === null) return changed;
    const edits = rewriteEdits(changed, rewritePath, rewriteHost, this.appendsHost);
    if (!facts.hidesOriginals) return changed.with(edits);
    const set = edits.set?.filter(([name]) => !name.startsWith('x-envoy-original-')) ?? [];
    return changed.with({ ...edits, set });
  }

  private edited(head: Head, editor: HeaderEditor | null, facts: EditFacts): Head {
    if (editor === null) return head;
    const { routeName } = this;
    const context = { request: head, response: null, responseCode: 0, routeName, ...facts };
    return head.with(editor.editsFor(head, context));
  }

  /**
   * @param request as it went upstream
   * @param responseCode of the upstream; 0 for answers of our own, which have none yet
   */
  response(response: Head, request: Head, responseCode: number, facts: EditFacts): Head {
    const { responses, routeName } = this;
    if (responses === null) return response;
    // Without a look at the request, one answer serves them all.
    const key = responses.readsRequest ? request : response;
    const known = this.known.get(response)?.get(key);
    if (known !== undefined && facts.peer === null) return known;
    const context = { request, response, responseCode, routeName, ...facts };
    const made = response.with(responses.editsFor(response, context));
    if (response.shape !== 0 && request.shape !== 0 && facts.peer === null) {
      let byRequest = this.known.get(response);
      if (byRequest === undefined) this.known.set(response, (byRequest = new Map()));
      byRequest.set(key, made);
    }
    return made;
  }
}
