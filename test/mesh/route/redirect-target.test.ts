import { describe, expect, it } from 'vitest';
import { redirectTarget } from '../../../src/mesh/route/redirect-target.ts';

describe('the target of a redirect', () => {
  it.each([
    ['http://o.test/p?q=1#f', { scheme: 'http', authority: 'o.test', path: '/p?q=1' }],
    ['HTTPS://O.test:8443', { scheme: 'https', authority: 'O.test:8443', path: '/' }],
    ['http://o.test?z=1', { scheme: 'http', authority: 'o.test', path: '?z=1' }],
  ])('is the absolute URL %s in parts', (location, target) => {
    expect(redirectTarget(location)).toEqual(target);
  });

  it.each([
    '/p',
    '',
    'o.test/p',
    'http:///p',
    'http://a b/',
  ])('is not to be had of "%s"', (text) => {
    expect(redirectTarget(text)).toBeUndefined();
  });
});
