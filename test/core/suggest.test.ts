import { describe, expect, it } from 'vitest';
import { didYouMean, editDistance, suggest } from '../../src/core/suggest.ts';

describe('suggest', () => {
  it.each([
    ['retires', ['retries', 'rewrite'], 'retries'],
    ['maxConnection', ['maxRetries', 'maxConnections'], 'maxConnections'],
    ['per_try_timeout', ['timeout', 'perTryTimeout'], 'perTryTimeout'],
    ['MS', ['s', 'ms'], 'ms'],
    ['random', ['ROUND_ROBIN', 'RANDOM'], 'RANDOM'],
    ['sevices', ['services', 'clients'], 'services'],
    ['titel', ['title', 'tier'], 'title'],
  ])('%s → %3$s', (word, candidates, expected) => {
    expect(suggest(word, candidates)).toBe(expected);
  });

  it.each([
    ['zebra', ['timeout', 'retries']],
    ['x', ['y']],
    ['', ['a']],
    ['abc', []],
    ['a'.repeat(100), ['a'.repeat(99)]],
  ])('%s is near to nothing in %j', (word, candidates) => {
    expect(suggest(word, candidates)).toBeUndefined();
  });

  it('takes the first of equally near words', () => {
    expect(suggest('vX', ['v1', 'v2'])).toBe('v1');
  });

  it('makes half a sentence', () => {
    expect(didYouMean('retires', ['retries'])).toBe('; did you mean "retries"?');
    expect(didYouMean('zebra', ['retries'])).toBe('');
  });
});

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['abc', '', 3],
    ['kitten', 'sitting', 3],
    ['titel', 'title', 1],
    ['ab', 'ba', 1],
    ['abcd', 'badc', 2],
    ['flaw', 'lawn', 2],
    ['same', 'same', 0],
  ])('%s and %s: %d', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });
});
