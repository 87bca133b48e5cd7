import { describe, expect, it, test } from 'vitest';
import { HttpHead } from '../../../src/core/head.ts';
import { compileErrorMatch, statusByMatch } from '../../../src/mesh/cluster/error-match.ts';
import type { ErrorMatch } from '../../../src/mesh/config/error-match.ts';

function has(...names: readonly string[]): ErrorMatch {
  const rest = { invert: false, treatMissingAsEmpty: false };
  const headers = names.map((name) => ({ name, value: { kind: 'present' }, ...rest }) as const);
  return { kind: 'headers', headers };
}

function answer(...names: readonly string[]): HttpHead {
  return new HttpHead({ status: 200, headers: names.map((name) => [name, ''] as const) });
}

describe('what a cluster calls an error', () => {
  const any: ErrorMatch = { kind: 'any' };

  test.each<[ErrorMatch, string[], boolean]>([
    [any, [], true],
    [{ kind: 'not', of: any }, [], false],
    [has('a'), ['a'], true],
    [has('a'), ['b'], false],
    [has('a', 'b'), ['a', 'b'], true],
    [has('a', 'b'), ['a'], false],
    [{ kind: 'not', of: has('a') }, ['b'], true],
    [{ kind: 'and', of: [has('a'), has('b')] }, ['a', 'b'], true],
    [{ kind: 'and', of: [has('a'), has('b')] }, ['b'], false],
    [{ kind: 'or', of: [has('a'), has('b')] }, ['b'], true],
    [{ kind: 'or', of: [has('a'), has('b')] }, ['c'], false],
    [{ kind: 'or', of: [{ kind: 'and', of: [has('a'), has('b')] }, has('c')] }, ['c'], true],
  ])('%j of a response with %j: %s', (match, names, isError) => {
    expect(compileErrorMatch(match)(answer(...names))).toBe(isError);
  });

  it('counts as its status or as 500, and everything else as a success', () => {
    const isError = () => true;
    const statusOf = (status: number, matches = true) =>
      statusByMatch(matches ? isError : () => false, new HttpHead({ status }));
    expect([200, 404, 499, 500, 503].map((status) => statusOf(status))).toEqual([
      500, 500, 500, 500, 503,
    ]);
    expect(statusOf(503, false)).toBe(200);
  });
});
