/**
 * Envoy's matchers of strings, headers, query parameters and paths → those of the route table.
 *
 * Source: Envoy v3 API, type/matcher and config/route/v3 (HeaderMatcher, QueryParameterMatcher).
 */
import { RE2JS } from 're2js';
import type {
  HeaderMatch,
  PathMatch,
  QueryMatch,
  RouteMatch,
  ValueMatch,
} from '../../mesh/config/config.ts';
import type { SourceNode } from '../source-node.ts';
import type { Fields, RuntimeNumbers } from './fields.ts';
import { readPathTemplate } from './path-template.ts';

const PRESENT: ValueMatch = { kind: 'present' };

/** `RouteMatch`. */
export function readRouteMatch(fields: Fields, numbers: RuntimeNumbers): RouteMatch {
  const ignoreCase = !fields.flag('case_sensitive', true);
  const runtime = fields.runtimeFraction('runtime_fraction', numbers);
  const grpc = fields.message('grpc', 'GrpcRouteMatchOptions');
  grpc?.close();
  const match = {
    path: readPath(fields, ignoreCase),
    headers: fields.messages('headers', 'HeaderMatcher').map(readHeaderMatch),
    query: fields.messages('query_parameters', 'QueryParameterMatcher').map(readQueryMatch),
    ...(runtime === undefined ? {} : { fraction: runtime }),
    ...(grpc === undefined ? {} : { isGrpc: true }),
    ...readRareMatches(fields),
  };
  fields.close();
  return match;
}

/** Cookies, the client's certificate, and what only filters that are not here could set. */
function readRareMatches(fields: Fields): Partial<RouteMatch> {
  const cookies = fields.messages('cookies', 'CookieMatcher').map((cookie) => {
    const match = cookie.message('string_match', 'StringMatcher');
    const read = {
      name: cookie.text('name') ?? '',
      value: match === undefined ? PRESENT : readStringMatch(match),
      invert: cookie.flag('invert_match'),
    };
    cookie.close();
    return read;
  });
  const tls = fields.message('tls_context', 'TlsContextMatchOptions');
  const presented = tls?.has('presented') ? tls.flag('presented') : undefined;
  const validated = tls?.has('validated') ? tls.flag('validated') : undefined;
  tls?.close();
  const metadata = fields.messages('dynamic_metadata', 'MetadataMatcher').map((matcher) => {
    const isInverted = matcher.flag('invert');
    matcher.ignore('filter', 'path', 'value');
    matcher.close();
    return isInverted;
  });
  // Of filter state as of metadata: nothing that is modelled sets any.
  const states = fields.list('filter_state');
  return {
    ...(cookies.length === 0 ? {} : { cookies }),
    ...(tls === undefined
      ? {}
      : {
          tls: {
            ...(presented === undefined ? {} : { presented }),
            ...(validated === undefined ? {} : { validated }),
          },
        }),
    ...(metadata.every((isInverted) => isInverted) && states.length === 0
      ? {}
      : { isImpossible: true }),
  };
}

function readPath(fields: Fields, ignoreCase: boolean): PathMatch {
  const prefix = fields.text('prefix');
  if (prefix !== undefined) return { kind: 'prefix', value: prefix, ignoreCase };
  const exact = fields.text('path');
  if (exact !== undefined) return { kind: 'exact', value: exact, ignoreCase };
  const separated = fields.text('path_separated_prefix');
  if (separated !== undefined) return { kind: 'separated-prefix', value: separated, ignoreCase };
  const regex = fields.message('safe_regex', 'RegexMatcher');
  if (regex !== undefined) return { kind: 'regex', value: readRegex(regex) };
  const template = readPathTemplate(fields);
  if (template !== undefined) return { kind: 'regex', value: template };
  fields.node.error('MQ-FIELD-003', 'a route match needs prefix, path, safe_regex or similar');
  return { kind: 'prefix', value: '/', ignoreCase };
}

/** `RegexMatcher`; RE2 syntax is checked here. */
export function readRegex(fields: Fields): string {
  const regex = fields.text('regex') ?? '';
  fields.ignore('google_re2');
  checkRegex(regex, fields.get('regex') ?? fields.node);
  fields.close();
  return regex;
}

function checkRegex(regex: string, at: SourceNode): void {
  try {
    RE2JS.compile(regex);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    at.error('MQ-ENVOY-003', `"${regex}" is no RE2 expression: ${reason}`);
  }
}

/** `HeaderMatcher`. */
export function readHeaderMatch(fields: Fields): HeaderMatch {
  const name = (fields.text('name') ?? '').toLowerCase();
  const invert = fields.flag('invert_match');
  const treatMissingAsEmpty = fields.flag('treat_missing_header_as_empty');
  const present = fields.has('present_match') ? fields.flag('present_match') : undefined;
  const value = present === undefined ? readHeaderValue(fields) : PRESENT;
  fields.close();
  return { name, value, invert: present === false ? !invert : invert, treatMissingAsEmpty };
}

function readHeaderValue(fields: Fields): ValueMatch {
  const match = fields.message('string_match', 'StringMatcher');
  if (match !== undefined) return readStringMatch(match);
  const range = fields.message('range_match', 'Int64Range');
  if (range !== undefined) {
    const [least, most] = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
    const from = range.integer('start', least, most) ?? 0;
    const to = range.integer('end', least, most) ?? 0;
    range.close();
    return { kind: 'range', from, to };
  }
  return readPlainMatch(fields, '_match') ?? PRESENT;
}

/** `StringMatcher`. */
export function readStringMatch(fields: Fields): ValueMatch {
  const match = readPlainMatch(fields, '');
  const ignoreCase = fields.flag('ignore_case');
  fields.close();
  if (match === undefined) {
    fields.node.error('MQ-FIELD-003', 'a string matcher needs exact, prefix, suffix or similar');
    return PRESENT;
  }
  if (!ignoreCase || match.kind === 'regex' || match.kind === 'present') return match;
  return match.kind === 'range' ? match : { ...match, ignoreCase };
}

function readPlainMatch(fields: Fields, ending: string): ValueMatch | undefined {
  for (const kind of ['exact', 'prefix', 'suffix', 'contains'] as const) {
    const value = fields.text(kind + ending);
    if (value !== undefined) return { kind, value };
  }
  const regex = fields.message(`safe_regex${ending}`, 'RegexMatcher');
  return regex === undefined ? undefined : { kind: 'regex', value: readRegex(regex) };
}

/** `QueryParameterMatcher`. */
export function readQueryMatch(fields: Fields): QueryMatch {
  const name = fields.text('name') ?? '';
  const match = fields.message('string_match', 'StringMatcher');
  const isPresent = fields.has('present_match') ? fields.flag('present_match') : true;
  const value = match === undefined ? PRESENT : readStringMatch(match);
  fields.close();
  return isPresent ? { name, value } : { name, value, isAbsent: true };
}

/** `RegexMatchAndSubstitute`. */
export function readSubstitution(fields: Fields): { pattern: string; substitution: string } {
  const matcher = fields.message('pattern', 'RegexMatcher');
  const pattern = matcher === undefined ? '' : readRegex(matcher);
  const substitution = fields.text('substitution') ?? '';
  fields.close();
  return { pattern, substitution };
}
