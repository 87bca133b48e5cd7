/**
 * Each law notices the bugs it is there for: planted one at a time, until a scenario shows them.
 */
import { describe, expect, it } from 'vitest';
import { AssertionError } from '../../src/core/assert.ts';
import { observe } from '../helpers/scenarios.ts';
import { BUGS } from './bugs.ts';
import { LAWS } from './index.ts';
import { findsViolation } from './law.ts';

describe('a planted bug is noticed:', () => {
  for (const [law, bug, plant] of BUGS) {
    it(`${bug} (${law.name})`, () => {
      const check = (sketch: Parameters<typeof observe>[0]): readonly string[] => {
        try {
          return law.check(observe(sketch, { plant }));
        } catch (error) {
          // The code itself asserts something; the law has to find what is wrong on its own.
          if (error instanceof AssertionError) return [];
          throw error;
        }
      };
      expect(findsViolation(check, { runs: 150, salt: 1 })).toBe(true);
    });
  }

  it('of every law at least one', () => {
    const tried = new Set(BUGS.map(([law]) => law));
    expect(LAWS.filter((law) => !tried.has(law)).map((law) => law.name)).toEqual([]);
  });
});
