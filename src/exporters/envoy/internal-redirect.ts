/**
 * Redirects that the proxy follows.
 *
 * Source: Envoy v3 API, config/route/v3 InternalRedirectPolicy and extensions/internal_redirect.
 */
import type {
  InternalRedirectConfig,
  RedirectPredicate,
} from '../../mesh/config/internal-redirect.ts';
import { extension, filled, flag, type Message, message, unless } from './message.ts';

export function internalRedirect(config: InternalRedirectConfig): Message {
  return message({
    max_internal_redirects: unless(config.maxRedirects, 1),
    redirect_response_codes: config.statuses,
    predicates: filled(config.predicates.map(predicate)),
    allow_cross_scheme_redirect: flag(config.allowsCrossScheme),
    response_headers_to_copy: filled(config.copiedHeaders),
  });
}

const PREFIX = 'internal_redirect.';

function predicate(rule: RedirectPredicate): Message {
  switch (rule.kind) {
    case 'allow-listed-routes': {
      const type = `${PREFIX}allow_listed_routes.v3.AllowListedRoutesConfig`;
      return extension(rule.kind, type, { allowed_route_names: rule.routes });
    }
    case 'previous-routes':
      return extension(rule.kind, `${PREFIX}previous_routes.v3.PreviousRoutesConfig`);
    case 'safe-cross-scheme':
      return extension(rule.kind, `${PREFIX}safe_cross_scheme.v3.SafeCrossSchemeConfig`);
  }
}
