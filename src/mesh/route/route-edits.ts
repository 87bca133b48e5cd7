/**
 * All that a route changes in its requests and responses, compiled once.
 *
 * One per route, and one per cluster of a traffic split that adds changes of its own; null where
 * there are none, so that other routes pay nothing.
 * Source: policy-engine.md §8.2, 8.5; Envoy, finalizeRequestHeaders and finalizeResponseHeaders.
 */
import type { Head } from '../../core/engine.ts';
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

/** The places that may change headers, the most specific first. */
export interface EditLevels {
  readonly cluster: WeightedCluster | null;
  readonly route: RouteConfig;
  readonly virtualHost: VirtualHostConfig;
  readonly table: RouteTableConfig;
}

type HasMutations = Pick<RouteConfig, 'requestHeaders' | 'responseHeaders'>;

export class RouteEdits {
  private readonly routeName: string;
  private readonly requests: HeaderEditor | null;
  private readonly responses: HeaderEditor | null;
  private readonly rewritePath: PathRewriter | null;
  private readonly rewriteHost: ((head: Head) => string) | null;
  /** Of interned responses only. */
  private readonly known: Map<Head, Head>;

  private constructor(levels: EditLevels) {
    const { cluster, route, virtualHost, table } = levels;
    const order: HasMutations[] = [cluster ?? {}, route, virtualHost, table];
    if (table.mostSpecificHeaderMutationsWins === true) order.reverse();
    this.routeName = route.name;
    this.requests = HeaderEditor.of(order.map(({ requestHeaders }) => requestHeaders));
    this.responses = HeaderEditor.of(order.map(({ responseHeaders }) => responseHeaders));
    const { pathRewrite, hostRewrite } = rewritesOf(route, cluster);
    this.rewritePath =
      pathRewrite === undefined ? null : compilePathRewrite(pathRewrite, route.match.path);
    this.rewriteHost = hostRewrite === undefined ? null : compileHostRewrite(hostRewrite);
    this.known = new Map();
  }

  static of(levels: EditLevels): RouteEdits | null {
    const made = new RouteEdits(levels);
    const parts = [made.requests, made.responses, made.rewritePath, made.rewriteHost];
    return parts.some((part) => part !== null) ? made : null;
  }

  get changesResponses(): boolean {
    return this.responses !== null;
  }

  /** Headers first; the new host and path see what they did. */
  request(head: Head): Head {
    const { requests, routeName, rewritePath, rewriteHost } = this;
    const context = { request: head, response: null, routeName };
    const changed = requests === null ? head : head.with(requests.editsFor(head, context));
    if (rewritePath === null && rewriteHost === null) return changed;
    return changed.with(rewriteEdits(changed, rewritePath, rewriteHost));
  }

  /** @param request as it went upstream */
  response(response: Head, request: Head): Head {
    const { responses, routeName } = this;
    if (responses === null) return response;
    const known = this.known.get(response);
    if (known !== undefined) return known;
    const made = response.with(responses.editsFor(response, { request, response, routeName }));
    if (response.shape !== 0 && request.shape !== 0) this.known.set(response, made);
    return made;
  }
}

function rewritesOf(
  route: RouteConfig,
  cluster: WeightedCluster | null,
): Pick<ForwardAction, 'pathRewrite' | 'hostRewrite'> {
  if (route.action.kind !== 'forward') return {};
  const { pathRewrite, hostRewrite } = route.action;
  const host = cluster?.hostRewrite ?? hostRewrite;
  return {
    ...(pathRewrite === undefined ? {} : { pathRewrite }),
    ...(host === undefined ? {} : { hostRewrite: host }),
  };
}
