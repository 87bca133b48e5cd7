/**
 * Compiled matchers of paths, headers and query parameters.
 *
 * Configuration becomes predicates once; a route table asks them once per request, or once per
 * shape of head in a simulation. Regular expressions are RE2's and must match the whole value.
 * Source: policy-engine.md §8.1; Envoy, route and header matchers.
 */
import { RE2JS } from 're2js';
import type { Head, PeerFacts } from '../../core/engine.ts';
import { isGrpc } from '../../core/head.ts';
import type {
  CookieMatch,
  HeaderMatch,
  PathMatch,
  QueryMatch,
  RouteMatch,
  ValueMatch,
} from '../config/config.ts';
import type { RequestGuard } from '../config/route-match.ts';

/** A question about a request head. */
export type HeadPredicate = (head: Head) => boolean;
/** A question about a request head and the connection it came by. */
export type RequestPredicate = (head: Head, peer?: PeerFacts | null) => boolean;
/** A question about a path or a value. */
export type TextPredicate = (text: string) => boolean;

/**
 * Whether a request head satisfies all parts of a route's match.
 *
 * @throws RE2JSException when a regular expression is not RE2 syntax; importers check it first
 */
export function compileRouteMatch(
  match: RouteMatch,
  ignoresPathParameters = false,
): RequestPredicate {
  const path = compilePathMatch(match.path);
  const headers = match.headers.map(compileHeaderMatch);
  const query = match.query.map(compileQueryMatch);
  const cookies = (match.cookies ?? []).map(compileCookieMatch);
  const wantsGrpc = match.isGrpc === true;
  if (match.isImpossible === true) return () => false;
  const { tls } = match;
  return (head, peer) =>
    (!wantsGrpc || isGrpc(head)) &&
    headers.every((matches) => matches(head)) &&
    query.every((matches) => matches(head.path)) &&
    cookies.every((matches) => matches(head)) &&
    (tls === undefined || holds(tls, peer)) &&
    path(matchedPath(head.path, ignoresPathParameters));
}

/** @returns a predicate over whole heads */
export function compileGuard(guard: RequestGuard): HeadPredicate {
  switch (guard.kind) {
    case 'any':
      return () => true;
    case 'and': {
      const all = guard.of.map(compileGuard);
      return (head) => all.every((holds) => holds(head));
    }
    case 'or': {
      const any = guard.of.map(compileGuard);
      return (head) => any.some((holds) => holds(head));
    }
    case 'not': {
      const inner = compileGuard(guard.of);
      return (head) => !inner(head);
    }
    case 'header':
      return compileHeaderMatch(guard.match);
  }
}

function matchedPath(path: string, ignoresPathParameters: boolean): string {
  const bare = pathWithoutQuery(path);
  const end = ignoresPathParameters ? bare.indexOf(';') : -1;
  return end < 0 ? bare : bare.slice(0, end);
}

/** A connection in plain text satisfies nothing that is asked of certificates. */
function holds(
  { presented, validated }: NonNullable<RouteMatch['tls']>,
  peer: PeerFacts | null | undefined,
): boolean {
  if (peer?.tls !== true) return false;
  const hasCertificate = peer.sans.length > 0;
  if (presented !== undefined && presented !== hasCertificate) return false;
  return validated === undefined || validated === (hasCertificate && peer.validated);
}

/** An absent cookie matches nothing, so it satisfies what is inverted. */
function compileCookieMatch({ name, value, invert }: CookieMatch): HeadPredicate {
  const matches = compileValueMatch(value);
  return (head) => {
    const found = cookieOf(head, name);
    return (found !== undefined && matches(found)) !== invert;
  };
}

const QUOTED = /^"(.*)"$/;

/**
 * The first cookie of a name, without quotes around it; undefined = there is none. As in Envoy,
 * blanks count, but for those before the name.
 */
export function cookieOf(head: Head, name: string): string | undefined {
  for (const line of head.values('cookie')) {
    for (const pair of line.split(';')) {
      const equals = pair.indexOf('=');
      if (equals < 0 || pair.slice(0, equals).replace(/^ +/, '') !== name) continue;
      const text = pair.slice(equals + 1);
      return QUOTED.exec(text)?.[1] ?? text;
    }
  }
  return undefined;
}

/** @returns a predicate over the path without its query */
export function compilePathMatch(match: PathMatch): TextPredicate {
  if (match.kind === 'regex') return compileRegex(match.value);
  const fold = foldCase(match.ignoreCase);
  const wanted = fold(match.value);
  switch (match.kind) {
    case 'exact':
      return (path) => fold(path) === wanted;
    case 'prefix':
      return (path) => fold(path).startsWith(wanted);
    case 'separated-prefix':
      return (path) => {
        const folded = fold(path);
        return folded === wanted || folded.startsWith(`${wanted}/`);
      };
  }
}

/**
 * Whether a head carries (or, inverted, does not carry) a header value.
 *
 * An absent header never matches a value, not even inverted, unless it counts as empty: then it is
 * present too. Of several
 * lines any one may match; inverted, none may.
 */
export function compileHeaderMatch(match: HeaderMatch): HeadPredicate {
  const { name, invert, treatMissingAsEmpty } = match;
  if (match.value.kind === 'present') {
    return (head) => (treatMissingAsEmpty || headerValues(head, name).length > 0) !== invert;
  }
  const matches = compileValueMatch(match.value);
  return (head) => {
    const values = headerValues(head, name);
    if (values.length > 0) return values.some(matches) !== invert;
    return treatMissingAsEmpty && matches('') !== invert;
  };
}

/** @returns a predicate over the path with its query: the parameter's first value decides */
export function compileQueryMatch(match: QueryMatch): TextPredicate {
  const matches = compileValueMatch(match.value);
  return (path) => {
    const value = queryParameter(path, match.name);
    if (match.isAbsent === true) return value === undefined;
    return value !== undefined && matches(value);
  };
}

/** A present value always satisfies `present`; a range takes whole decimal numbers only. */
export function compileValueMatch(match: ValueMatch): TextPredicate {
  switch (match.kind) {
    case 'present':
      return () => true;
    case 'regex':
      return compileRegex(match.value);
    case 'range':
      return (text) => isIntegerIn(text, match.from, match.to);
    default:
      return compileTextMatch(match.kind, match.value, match.ignoreCase === true);
  }
}

function compileTextMatch(
  kind: 'exact' | 'prefix' | 'suffix' | 'contains',
  value: string,
  ignoreCase: boolean,
): TextPredicate {
  const fold = foldCase(ignoreCase);
  const wanted = fold(value);
  switch (kind) {
    case 'exact':
      return (text) => fold(text) === wanted;
    case 'prefix':
      return (text) => fold(text).startsWith(wanted);
    case 'suffix':
      return (text) => fold(text).endsWith(wanted);
    case 'contains':
      return (text) => fold(text).includes(wanted);
  }
}

function compileRegex(value: string): TextPredicate {
  const regex = RE2JS.compile(value);
  return (text) => regex.testExact(text);
}

/** A pseudo-header or all lines of a real one. `host` is the same as `:authority`. */
export function headerValues(head: Head, name: string): readonly string[] {
  switch (name) {
    case ':method':
      return [head.method];
    case ':authority':
    case 'host':
      return [head.authority];
    case ':path':
      return [head.path];
    case ':scheme':
      return [schemeOf(head)];
    case ':status':
      return head.status === 0 ? [] : [String(head.status)];
    default:
      return head.values(name);
  }
}

/** What a proxy before this one says it is, if that is a scheme. */
export function schemeOf(head: Head): 'http' | 'https' {
  return head.get('x-forwarded-proto')?.toLowerCase() === 'https' ? 'https' : 'http';
}

/** Up to the first `?`. */
export function pathWithoutQuery(path: string): string {
  const end = path.indexOf('?');
  return end < 0 ? path : path.slice(0, end);
}

/** The first value, as it was sent, without decoding; undefined = there is none. */
export function queryParameter(path: string, name: string): string | undefined {
  const start = path.indexOf('?');
  if (start < 0) return undefined;
  for (const pair of path.slice(start + 1).split('&')) {
    const equals = pair.indexOf('=');
    const key = equals < 0 ? pair : pair.slice(0, equals);
    if (key === name) return equals < 0 ? '' : pair.slice(equals + 1);
  }
  return undefined;
}

const INTEGER = /^[+-]?\d+$/;

function isIntegerIn(text: string, from: number, to: number): boolean {
  if (!INTEGER.test(text)) return false;
  const value = Number(text);
  return value >= from && value < to;
}

/** ASCII only, like the header and path comparisons of HTTP. */
function foldCase(ignoreCase: boolean): (text: string) => string {
  return ignoreCase ? (text) => text.replace(/[A-Z]+/g, toLower) : (text) => text;
}

function toLower(text: string): string {
  return text.toLowerCase();
}
