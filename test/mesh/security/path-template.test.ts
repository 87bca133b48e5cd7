import { describe, expect, it } from 'vitest';
import { compilePathTemplate } from '../../../src/mesh/security/path-template.ts';

describe('a path template', () => {
  it.each([
    ['/api/{**}', '/api/', true],
    ['/api/{**}', '/api/a/b', true],
    ['/api/{**}', '/api', false],
    ['/u/{*}/x/{**}', '/u/7/x/y', true],
    ['/u/{*}/x/{**}', '/u//x/y', false],
    ['/u/{*}/x', '/u/a/b/x', false],
    ['/s/{**}/end', '/s//end', true],
    ['/s/{**}/end', '/s/a/b/end', true],
    ['/s/{**}/end', '/s/end', false],
    ['/a.b/{*}', '/axb/c', false],
    ['/{*}', '/a b', false],
  ])('%s and %s: %s', (template, path, matches) => {
    expect(compilePathTemplate(template)(path)).toBe(matches);
  });
});
