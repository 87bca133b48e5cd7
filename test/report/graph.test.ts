import { describe, expect, test } from 'vitest';
import { frameCount, framesOf, greatestRate } from '../../src/report/graph-frames.ts';
import { layoutGraph } from '../../src/report/graph-layout.ts';
import { STORM, stormRun } from './fixture.ts';

const NAMES = ['shoppers', 'front', 'orders', 'payments'];
const EDGES = [
  { from: 'shoppers', to: 'front' },
  { from: 'front', to: 'orders' },
  { from: 'orders', to: 'payments' },
];

describe('layoutGraph', () => {
  test('callers stand left of what they call, and boxes do not overlap', () => {
    const { nodes, width } = layoutGraph(NAMES, EDGES);
    const lefts = nodes.map((node) => node.x);
    expect(lefts).toEqual([...lefts].sort((a, b) => a - b));
    expect(new Set(lefts).size).toBe(4);
    expect(width).toBeGreaterThan(Math.max(...lefts));
  });

  test('the same graph gives the same picture, cycles and self-calls included', () => {
    const edges = [...EDGES, { from: 'payments', to: 'front' }, { from: 'front', to: 'front' }];
    expect(layoutGraph(NAMES, edges)).toEqual(layoutGraph(NAMES, edges));
    expect(layoutGraph(NAMES, edges).edges).toHaveLength(4);
  });

  test('names that are properties of every object are names like others', () => {
    const names = ['constructor', '__proto__'];
    const { nodes, edges } = layoutGraph(names, [{ from: 'constructor', to: '__proto__' }]);
    expect(nodes.map((node) => node.name)).toEqual(names);
    expect(edges).toHaveLength(1);
  });
});

describe('framesOf', () => {
  const { timeline } = stormRun(STORM);
  const frames = framesOf(timeline, NAMES, EDGES, 48, greatestRate([timeline]));

  test('covers the whole run without gaps', () => {
    expect(frames[0]?.fromS).toBe(0);
    expect(frames.at(-1)?.toS).toBe(480);
    expect(frames.every((frame, at) => at === 0 || frame.fromS === frames[at - 1]?.toS)).toBe(true);
  });

  test('judges health by success: good before the trigger, poor ever after', () => {
    expect(frames[0]?.nodes.map((state) => state.health)).toEqual(Array(4).fill('good'));
    expect(frames.at(-1)?.nodes.map((state) => state.health)).toEqual(Array(4).fill('poor'));
    expect(frames.at(-1)?.edges.map((state) => state.health)).toEqual(Array(3).fill('poor'));
  });

  test('says queue, ejections and attempts per request in words', () => {
    const last = frames.at(-1);
    expect(last?.nodes[3]?.lines).toEqual(['99 % busy · 1 ejected', '3,190 waiting']);
    expect(last?.edges[2]?.lines).toEqual(['5,571 rps', '3.9×']);
  });

  test('an edge that this run does not have is idle', () => {
    const [frame] = framesOf(timeline, ['x', 'y'], [{ from: 'x', to: 'y' }], 8, 1);
    expect(frame?.edges[0]?.health).toBe('idle');
    expect(frame?.nodes[0]?.health).toBe('idle');
  });
});

test('large graphs get fewer frames, so that the page stays small', () => {
  expect(frameCount(7, 2)).toBe(96);
  expect(frameCount(500, 8)).toBe(8);
});
