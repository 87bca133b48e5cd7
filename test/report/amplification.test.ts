import { expect, test } from 'vitest';
import type { EdgeSummary } from '../../src/core/summary.ts';
import { mostAmplifiedPath } from '../../src/report/amplification.ts';
import { STORM, stormRun } from './fixture.ts';

function edge(from: string, to: string, amplification: number): EdgeSummary {
  const [any] = stormRun(STORM).summary.edges;
  if (any === undefined) throw new Error('the fixture has edges');
  return { ...any, from, to, amplification };
}

test('factors multiply along a path', () => {
  const path = mostAmplifiedPath([edge('a', 'b', 4), edge('b', 'c', 4), edge('a', 'd', 5)]);
  expect(path).toEqual({ names: ['a', 'b', 'c'], factor: 16 });
});

test('a cycle is not followed back to its start', () => {
  const path = mostAmplifiedPath([edge('a', 'b', 2), edge('b', 'a', 2)]);
  expect(path?.factor).toBe(2);
});

test('without retries there is no such path', () => {
  expect(mostAmplifiedPath([edge('a', 'b', 1)])).toBeNull();
  expect(mostAmplifiedPath([])).toBeNull();
});
