/**
 * New paths and hosts of requests, and the addresses of redirects.
 *
 * Pure functions over heads; a prefix rewrite replaces what the route's own match has matched.
 * Source: policy-engine.md §8.3, 8.5; config-istio.md §2.10; Envoy, route entries and `newUri`.
 */
import type { Head, HeadEdits, HeaderList } from '../../core/engine.ts';
import type { PathMatch } from '../config/config.ts';
import type { HostRewrite, PathRewrite, RedirectAction } from '../config/rewriting.ts';
import { headerValues, pathWithoutQuery, schemeOf } from './match.ts';
import { compileRegexRewrite } from './regex-rewrite.ts';

/** From a head's path, query included, to the new one. */
export type PathRewriter = (path: string) => string;

/** @param match of the route, which says how much a prefix rewrite replaces */
export function compilePathRewrite(rewrite: PathRewrite, match: PathMatch): PathRewriter {
  if (rewrite.kind === 'regex') {
    const replace = compileRegexRewrite(rewrite);
    return (path) => {
      const bare = pathWithoutQuery(path);
      return replace(bare) + path.slice(bare.length);
    };
  }
  const isPrefix = match.kind === 'prefix' || match.kind === 'separated-prefix';
  return (path) => {
    const matched = isPrefix ? match.value.length : pathWithoutQuery(path).length;
    return rewrite.value + path.slice(matched);
  };
}

/** @returns '' = the host stays as it is */
export function compileHostRewrite(rewrite: HostRewrite): (head: Head) => string {
  switch (rewrite.kind) {
    case 'literal':
      return () => rewrite.value;
    case 'header':
      return (head) => headerValues(head, rewrite.name)[0] ?? '';
    case 'path-regex': {
      const replace = compileRegexRewrite(rewrite);
      return (head) => replace(pathWithoutQuery(head.path));
    }
  }
}

/** The edits of both; what was there before goes into `x-envoy-original-…` headers. */
export function rewriteEdits(
  head: Head,
  rewritePath: PathRewriter | null,
  rewriteHost: ((head: Head) => string) | null,
  appendsForwardedHost: boolean,
): HeadEdits {
  const set: [string, string][] = [];
  const authority = rewriteHost?.(head) ?? '';
  if (authority !== '') {
    set.push(['x-envoy-original-host', head.authority]);
    const known = head.get('x-forwarded-host');
    const all = known === undefined ? head.authority : `${known},${head.authority}`;
    if (appendsForwardedHost) set.push(['x-forwarded-host', all]);
  }
  if (rewritePath === null) return authority === '' ? {} : { authority, set };
  const path = rewritePath(head.path);
  set.push(['x-envoy-original-path', head.path]);
  return authority === '' ? { path, set } : { authority, path, set };
}

/** The `location` of a redirect. */
export function redirectLocation(head: Head, redirect: RedirectAction, match: PathMatch): string {
  const scheme = redirect.scheme === '' ? schemeOf(head) : redirect.scheme;
  const port = redirect.port === 0 ? '' : `:${redirect.port}`;
  const host = redirect.host === '' ? hostFor(head, scheme, port) : redirect.host;
  const path = redirectPath(head.path, redirect, match);
  return `${scheme}://${host}${port}${path.startsWith('/') ? path : `/${path}`}`;
}

/** The address that a request was for; `location` of direct responses with 201 or 3xx. */
export function addressOf(head: Head): string {
  return `${schemeOf(head)}://${head.authority}${head.path}`;
}

/** The query of a whole new path wins over the request's. */
function redirectPath(path: string, redirect: RedirectAction, match: PathMatch): string {
  const rewrite = redirect.path;
  const query = path.slice(pathWithoutQuery(path).length);
  if (rewrite?.kind === 'whole') {
    const isComplete = rewrite.value.includes('?') || redirect.stripsQuery;
    return isComplete ? rewrite.value : rewrite.value + query;
  }
  const moved = rewrite === null ? path : compilePathRewrite(rewrite, match)(path);
  return redirect.stripsQuery ? pathWithoutQuery(moved) : moved;
}

const DEFAULT_PORTS: HeaderList = [
  ['http', ':80'],
  ['https', ':443'],
];

/** The request's host; its port goes where another replaces it, or where it was the old default. */
function hostFor(head: Head, scheme: string, port: string): string {
  const { authority } = head;
  const from = authority.startsWith('[') ? authority.indexOf(']') + 1 : 0;
  const colon = authority.indexOf(':', from);
  if (colon < 0) return authority;
  const given = authority.slice(colon);
  const old = schemeOf(head);
  const isOldDefault = DEFAULT_PORTS.some(([name, usual]) => name === old && usual === given);
  const drops = port !== '' || (scheme !== old && isOldDefault);
  return drops ? authority.slice(0, colon) : authority;
}
