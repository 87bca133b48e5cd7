/**
 * Every story, played by the virtual and by the real driver: the promises hold in both, and both
 * show the same decisions, log, counters and messages.
 */
import { describe, expect, it } from 'vitest';
import { brokenPromises } from './expectations.ts';
import { runReal } from './real/run-real.ts';
import { STORIES } from './stories/index.ts';
import { runVirtual } from './virtual/run-virtual.ts';

describe.each(STORIES.map((story) => [story.name, story] as const))('%s', (_, story) => {
  const limit = story.memoryLimitBytes ?? Number.POSITIVE_INFINITY;

  it('keeps its promises in virtual time', () => {
    const { observation, peakHeldBytes } = runVirtual(story);
    expect(brokenPromises(story.expect, observation)).toEqual([]);
    expect(peakHeldBytes).toBeLessThan(limit);
  });

  it('looks the same on real sockets', async () => {
    const { observation, peakHeldBytes } = await runReal(story);
    expect(brokenPromises(story.expect, observation)).toEqual([]);
    expect(observation).toEqual(runVirtual(story).observation);
    expect(peakHeldBytes).toBeLessThan(limit);
  });
});

it('has no two stories of one name', () => {
  expect(new Set(STORIES.map((story) => story.name)).size).toBe(STORIES.length);
});
