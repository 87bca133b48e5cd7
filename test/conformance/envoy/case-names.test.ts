import { expect, it } from 'vitest';
import { caseNames, sampleOf } from './case-names.ts';

it('a sample has as many as asked for, each once, from everywhere', () => {
  const items = Array.from({ length: 100 }, (_, at) => at);
  const sample = sampleOf(items, 30);
  expect(new Set(sample).size).toBe(30);
  expect(Math.min(...sample)).toBeLessThan(4);
  expect(Math.max(...sample)).toBeGreaterThan(95);
  expect(sampleOf(items, 200)).toEqual(items);
});

it('patterns choose among the cases', () => {
  const all = caseNames(import.meta.dirname);
  const some = caseNames(import.meta.dirname, 'lb-*,conn-idle.yam?,conn-idle');
  expect(all.length).toBeGreaterThan(some.length);
  expect(some).toContain('conn-idle.yaml');
  expect(some.every((name) => /^(lb-|conn-idle\.)/.test(name))).toBe(true);
});
