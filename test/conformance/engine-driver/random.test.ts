/**
 * Random stories look the same in virtual time and on real sockets.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { randomStory } from './random-story.ts';
import { runReal } from './real/run-real.ts';
import { runVirtual } from './virtual/run-virtual.ts';

it('any story without time limits looks the same to both drivers', async () => {
  await fc.assert(
    fc.asyncProperty(randomStory, async (story) => {
      const { observation } = await runReal(story);
      expect(observation).toEqual(runVirtual(story).observation);
    }),
    { numRuns: 150, seed: 20 },
  );
});
