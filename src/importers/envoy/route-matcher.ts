/**
 * `matcher` of a virtual host, in place of its routes → routes in order, each behind a guard.
 *
 * Source: Envoy v3 API, VirtualHost.matcher; xDS, unified matcher API; policy-engine.md §8.1.
 */
import type { RouteConfig } from '../../mesh/config/config.ts';
import type { RequestGuard } from '../../mesh/config/route-match.ts';
import type { RbacCondition } from '../../mesh/config/security.ts';
import { Fields, refuseExtension } from './fields.ts';
import { flattenMatcher } from './matcher-tree.ts';

const ROUTE = 'envoy.config.route.v3.Route';
const ROUTE_LIST = 'envoy.config.route.v3.RouteList';

/** @param read makes a route of its message */
export function readRouteMatcher(
  matcher: Fields,
  read: (route: Fields) => RouteConfig,
): RouteConfig[] {
  return flattenMatcher(matcher, (typed, condition) => {
    const guard = guardOf(condition);
    if (guard === undefined) {
      const message = 'routes are chosen by headers only, as far as is modelled';
      matcher.node.error('MQ-ENVOY-002', message);
      return [];
    }
    const route = (fields: Fields): RouteConfig => {
      const config = read(fields);
      return { ...config, match: { ...config.match, guard } };
    };
    if (typed.type === ROUTE) return [route(typed.fields)];
    if (typed.type !== ROUTE_LIST) {
      refuseExtension(typed, 'the action');
      return [];
    }
    const only = typed.fields.list('routes');
    typed.fields.close();
    if (only.length === 1) return [route(new Fields(only[0]!, 'Route'))];
    typed.fields.node.error('MQ-ENVOY-002', 'lists of several routes are not modelled here');
    return [];
  });
}

/** undefined = it asks for more than the request. */
function guardOf(condition: RbacCondition): RequestGuard | undefined {
  switch (condition.kind) {
    case 'any':
    case 'header':
      return condition;
    case 'not': {
      const of = guardOf(condition.of);
      return of === undefined ? undefined : { kind: 'not', of };
    }
    case 'and':
    case 'or': {
      const of = condition.of.map(guardOf);
      if (!of.every((item) => item !== undefined)) return undefined;
      if (of.length === 1) return of[0];
      return of.length === 0 ? { kind: 'any' } : { kind: condition.kind, of };
    }
    default:
      return undefined;
  }
}
