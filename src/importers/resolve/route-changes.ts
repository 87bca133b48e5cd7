/**
 * What a VirtualService's rule changes in requests and responses, and by what they are hashed.
 *
 * Source: config-istio.md §2.10, §5.2.
 */
import type { ForwardAction, RouteConfig, WeightedCluster } from '../../mesh/config/config.ts';
import type { HashPolicy } from '../../mesh/config/load-balancing.ts';
import type { HeaderMutations, RedirectAction } from '../../mesh/config/rewriting.ts';
import type {
  ConsistentHash,
  Destination,
  HeaderOperations,
  HttpRule,
  RedirectSettings,
} from '../mesh-resources.ts';
import { withoutAbsent } from '../optional.ts';
import type { Settings } from './settings.ts';

type HeaderChanges = Pick<RouteConfig, 'requestHeaders' | 'responseHeaders'>;

/** Of the rule, and after them those of its only destination. */
export function headerChanges(rule: HttpRule, settings: Settings): HeaderChanges {
  const levels = [rule.headers, onlyDestination(rule)?.headers];
  for (const level of levels) if (level !== undefined) settings.explicit('headers', level);
  return withoutAbsent({
    requestHeaders: joined(levels.map((level) => level?.request)),
    responseHeaders: joined(levels.map((level) => level?.response)),
  });
}

/** Of one destination among several. */
export function clusterChanges(headers: HeaderOperations | undefined): Partial<WeightedCluster> {
  return withoutAbsent({
    requestHeaders: headers?.request,
    responseHeaders: headers?.response,
    hostRewrite: literal(headers?.host),
  });
}

export function rewrites(
  rule: HttpRule,
  settings: Settings,
): Pick<ForwardAction, 'pathRewrite' | 'hostRewrite'> {
  if (rule.rewrite !== undefined) settings.explicit('rewrite', rule.rewrite);
  const host =
    rule.rewrite?.authority ?? rule.headers?.host ?? onlyDestination(rule)?.headers?.host;
  return withoutAbsent({ pathRewrite: rule.rewrite?.path, hostRewrite: literal(host) });
}

/** @param port of the listener */
export function redirectAction(given: RedirectSettings, port: number): RedirectAction {
  const { status, scheme, host, path } = given;
  const number = given.port === 'listener' ? port : given.port;
  const isUsual = number === (scheme === 'https' ? 443 : 80);
  return {
    kind: 'redirect',
    status,
    scheme,
    host,
    port: isUsual ? 0 : number,
    path,
    stripsQuery: false,
  };
}

/** One policy for each destination that hashes, in their order. */
export function hashPolicies(
  hashes: readonly (ConsistentHash | undefined)[],
  settings: Settings,
): Pick<ForwardAction, 'hashPolicy'> {
  const hashPolicy: HashPolicy[] = [];
  for (const hash of hashes) {
    if (hash === undefined || hash.key === null) continue;
    settings.explicit('hashPolicy', hash);
    hashPolicy.push({ ...hash.key, isTerminal: false });
  }
  return hashPolicy.length === 0 ? {} : { hashPolicy };
}

function onlyDestination(rule: HttpRule): Destination | undefined {
  return rule.destinations.length === 1 ? rule.destinations[0] : undefined;
}

function literal(host: string | undefined): ForwardAction['hostRewrite'] {
  return host === undefined ? undefined : { kind: 'literal', value: host };
}

function joined(levels: readonly (HeaderMutations | undefined)[]): HeaderMutations | undefined {
  const given = levels.filter((level) => level !== undefined);
  if (given.length === 0) return undefined;
  return {
    remove: given.flatMap((level) => level.remove),
    add: given.flatMap((level) => level.add),
  };
}
