/**
 * What draws are made of: optional fields, strings, matchers and header changes.
 */
import fc from 'fast-check';
import { extension, type Message } from '../subject.ts';

export type Arb<T> = fc.Arbitrary<T>;

/** One of the values, the first when shrinking. */
export const one = <const T>(...values: readonly T[]): Arb<T> => fc.constantFrom(...values);
/** Present in so many of seven draws. */
export const seldom = <T>(value: Arb<T>, times = 3): Arb<T | undefined> =>
  fc.oneof(
    { withCrossShrink: true },
    { weight: 7 - times, arbitrary: fc.constant(undefined) },
    { weight: times, arbitrary: value },
  );

/** A message; fields that came out undefined are absent. */
export function message(fields: Readonly<Record<string, Arb<unknown>>>): Arb<Message> {
  return fc.record(fields).map(withoutUndefined);
}

export function withoutUndefined(fields: object): Message {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

export const list = <T>(item: Arb<T>, most: number, least = 0): Arb<T[]> =>
  fc.array(item, { minLength: least, maxLength: most });

// Strings

export const PATHS = [
  '/',
  '/a',
  '/a/b',
  '/a?x=1',
  '/ab',
  '/a/',
  '/A',
  '/a/b/c?x=2&y=z',
  '/b/c?y',
  '/a%2Fb',
  '//a',
  '/a?x=&x=1',
  '/b;v=1?x=1#f',
] as const;

export const REGEXES = ['/a.*', '/[ab]', '/a(/.*)?', '.*', '/a/b'] as const;
export const HEADER_VALUES = ['1', 'one', 'ONE', 'one,two', '', '-7', '12', 'one-two'] as const;

export const stringMatch: Arb<Message> = fc.oneof(
  message({
    exact: one('one', '1', 'ONE', 'one,two'),
    ignore_case: seldom(fc.boolean()),
  }),
  message({ prefix: one('on', 'O', '1'), ignore_case: seldom(fc.boolean()) }),
  message({ suffix: one('e', 'two', 'E'), ignore_case: seldom(fc.boolean()) }),
  message({ contains: one('n', 'e,t', 'E-T'), ignore_case: seldom(fc.boolean()) }),
  message({ safe_regex: message({ regex: one('one|1', '.*', '[a-z]+', '-?[0-9]+') }) }),
);

export const headerMatch: Arb<Message> = fc
  .tuple(
    message({
      name: one('x-in', 'x-two', ':method', ':path', ':authority', 'content-type'),
      invert_match: seldom(one(true)),
      treat_missing_header_as_empty: seldom(one(true), 1),
    }),
    fc.oneof(
      message({ string_match: stringMatch }),
      message({ present_match: fc.boolean() }),
      one({ range_match: { start: -10, end: 1 } }, { range_match: { start: 1, end: 12 } }),
    ),
  )
  .map(([base, value]) => ({ ...base, ...value }));

export const queryMatch: Arb<Message> = fc
  .tuple(
    one('x', 'y', 'q'),
    fc.oneof(
      message({ string_match: stringMatch }),
      message({ present_match: fc.boolean() }),
      one({ string_match: { exact: '1' } }, {}),
    ),
  )
  .map(([name, value]) => ({ name, ...value }));

const cookieMatch: Arb<Message> = message({
  name: one('c', 'd'),
  string_match: stringMatch,
  invert_match: seldom(one(true), 1),
});

export const pathMatch: Arb<Message> = fc.oneof(
  { weight: 4, arbitrary: message({ prefix: one('/', '/a', '/a/', '/A') }) },
  { weight: 1, arbitrary: message({ path: one('/a', '/a/b', '/', '/A') }) },
  { weight: 1, arbitrary: message({ path_separated_prefix: one('/a', '/a/b', '/A') }) },
  {
    weight: 1,
    arbitrary: one('/a', '/a/*', '/*/{x}', '/**', '/a/{x=**}').map((template) => ({
      path_match_policy: {
        name: 'template',
        typed_config: extension('path.match.uri_template.v3.UriTemplateMatchConfig', {
          path_template: template,
        }),
      },
    })),
  },
  { weight: 1, arbitrary: message({ safe_regex: message({ regex: one(...REGEXES) }) }) },
);

export const routeMatch: Arb<Message> = fc
  .tuple(
    pathMatch,
    message({
      case_sensitive: seldom(one(false), 1),
      headers: seldom(list(headerMatch, 2, 1), 1),
      query_parameters: seldom(list(queryMatch, 2, 1), 1),
      cookies: seldom(list(cookieMatch, 2, 1), 1),
      grpc: seldom(one({}), 1),
    }),
  )
  .map(([path, rest]) => ({ ...path, ...rest }));

// Headers

export const FORMATS = [
  'plain',
  '',
  '%REQ(x-in)%',
  '%REQ(x-none?x-in)%',
  '%REQ(:path)%',
  '%REQ(x-in):2%',
  '100%%',
  '%PROTOCOL%',
  'a %REQ(:METHOD)% b',
] as const;

export const headerOption = (formats: readonly string[]): Arb<Message> =>
  message({
    header: message({ key: one('x-add', 'x-in', 'x-two', 'x-out'), value: one(...formats) }),
    append_action: seldom(
      one(
        'OVERWRITE_IF_EXISTS_OR_ADD',
        'ADD_IF_ABSENT',
        'OVERWRITE_IF_EXISTS',
        'APPEND_IF_EXISTS_OR_ADD',
      ),
      4,
    ),
    keep_empty_value: seldom(one(true), 2),
  });

export const headerChanges: Arb<Message> = message({
  request_headers_to_add: seldom(list(headerOption(FORMATS), 2, 1), 1),
  request_headers_to_remove: seldom(list(one('x-in', 'x-two', 'X-Add'), 2, 1), 1),
  response_headers_to_add: seldom(
    list(headerOption([...FORMATS, '%RESP(x-out)%', '%RESPONSE_CODE%']), 2, 1),
    1,
  ),
  response_headers_to_remove: seldom(list(one('x-out', 'x-two', 'X-Host2'), 2, 1), 1),
});

/** `FractionalPercent`. */
export const percent = (numerator: number): Message => ({ numerator, denominator: 'HUNDRED' });
