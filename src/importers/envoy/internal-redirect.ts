/**
 * `InternalRedirectPolicy` of a route → redirects that the proxy follows.
 *
 * Source: Envoy v3 API, config/route/v3 and extensions/internal_redirect; policy-engine.md §8.3.
 */
import type { ForwardAction } from '../../mesh/config/config.ts';
import type {
  InternalRedirectConfig,
  RedirectPredicate,
} from '../../mesh/config/internal-redirect.ts';
import { type Fields, refuseExtension, typedConfigOf } from './fields.ts';

const PREFIX = 'envoy.extensions.internal_redirect.';
/** Others in the list are passed over, as by Envoy. */
const FOLLOWED: readonly number[] = [301, 302, 303, 307, 308];
const ONLY_FOUND: readonly number[] = [302];

export function readInternalRedirect(route: Fields): Pick<ForwardAction, 'internalRedirect'> {
  const fields = route.message('internal_redirect_policy', 'InternalRedirectPolicy');
  const isHandled = route.oneOf('internal_redirect_action', OLD_ACTIONS) === OLD_ACTIONS[1];
  const most = route.integer('max_internal_redirects');
  if (fields === undefined) return isHandled ? { internalRedirect: oldPolicy(most ?? 1) } : {};
  const given = fields.list('redirect_response_codes').map((node) => node.integer(0, 999) ?? 0);
  const config: InternalRedirectConfig = {
    maxRedirects: fields.integer('max_internal_redirects') ?? 1,
    statuses: given.length === 0 ? ONLY_FOUND : FOLLOWED.filter((code) => given.includes(code)),
    allowsCrossScheme: fields.flag('allow_cross_scheme_redirect'),
    predicates: fields
      .messages('predicates', 'TypedExtensionConfig')
      .flatMap((predicate) => readPredicate(predicate) ?? []),
    copiedHeaders: fields.texts('response_headers_to_copy').map((name) => name.toLowerCase()),
  };
  fields.close();
  return { internalRedirect: config };
}

/** Before there was a policy. */
const OLD_ACTIONS = ['PASS_THROUGH_INTERNAL_REDIRECT', 'HANDLE_INTERNAL_REDIRECT'] as const;

function oldPolicy(maxRedirects: number): InternalRedirectConfig {
  return {
    maxRedirects,
    statuses: ONLY_FOUND,
    allowsCrossScheme: false,
    predicates: [],
    copiedHeaders: [],
  };
}

function readPredicate(extension: Fields): RedirectPredicate | undefined {
  extension.ignore('name');
  const typed = typedConfigOf(extension);
  extension.close();
  if (typed === undefined) return undefined;
  const predicate = predicateOf(typed.type, typed.fields);
  if (predicate === undefined) refuseExtension(typed, 'the redirect predicate');
  else typed.fields.close();
  return predicate;
}

function predicateOf(type: string, fields: Fields): RedirectPredicate | undefined {
  switch (type) {
    case `${PREFIX}allow_listed_routes.v3.AllowListedRoutesConfig`:
      return { kind: 'allow-listed-routes', routes: fields.texts('allowed_route_names') };
    case `${PREFIX}previous_routes.v3.PreviousRoutesConfig`:
      return { kind: 'previous-routes' };
    case `${PREFIX}safe_cross_scheme.v3.SafeCrossSchemeConfig`:
      return { kind: 'safe-cross-scheme' };
    default:
      return undefined;
  }
}
