/** Caches and the cost of connections, as a scenario file writes them and a run measures them. */
import { describe, expect, it } from 'vitest';
import { runText } from './run-text.ts';
import { readText, scenarioOf } from './scenario-texts.ts';

const CACHED = `meshquake: 1
duration: 60s
services:
  db: { instances: 2, serviceTime: 5ms }
  front:
    calls: [db]
    cache: { key: { uniform: 100 }, ttl: 4s, scope: shared, warm: 80% }
clients:
  users: { to: front, open: { poisson: 100rps } }
`;

describe('a cache in a scenario file', () => {
  it('has defaults', () => {
    const text = CACHED.replace(/cache: .*/, 'cache: {}');
    expect(scenarioOf(text).services[1]?.versions[0]?.cache).toEqual({
      key: { kind: 'path' },
      ttlNs: 0,
      scope: 'instance',
      coalesce: false,
      onError: 'keep',
      warm: 0,
    });
  });

  it.each([
    [
      'nothing to save',
      CACHED.replace('calls: [db]', ''),
      '6:12 MQ-FIELD-010 services.front.cache has no calls',
    ],
    [
      'warm without known keys',
      CACHED.replace('{ uniform: 100 }', 'path'),
      'cache.warm needs keys',
    ],
    [
      'two kinds of keys',
      CACHED.replace('uniform: 100', 'uniform: 9, zipf: { s: 1, of: 9 }'),
      'MQ-FIELD-010',
    ],
    [
      'a size, which is not modelled',
      CACHED.replace('ttl: 4s', 'entries: 10'),
      '"entries" in services.front.cache is not built yet',
    ],
    [
      'free accepting',
      CACHED.replace('serviceTime: 5ms', 'connections: { setupTime: 0s }'),
      'is not above zero',
    ],
  ])('refuses %s', (_what, text, problem) => {
    expect(readText(text.replace('\n    \n', '\n')).problems.join('\n')).toContain(problem);
  });

  it('is measured: 1 rps a key and 4 s make 4/5, and the rest goes on to the calls', () => {
    const { whole } = runText(CACHED);
    const front = whole.services.find(({ name }) => name === 'front');
    expect(Math.abs((front?.cacheHitRatio ?? 0) - 0.8)).toBeLessThan(0.02);
    const edge = whole.edges.find(({ to }) => to === 'db');
    expect(edge?.requests).toBe(
      Math.round((front?.served ?? 0) * (1 - (front?.cacheHitRatio ?? 0))),
    );
    expect(whole.services.find(({ name }) => name === 'db')?.cacheHitRatio).toBe(0);
  });

  it('is flushed by the share that the fault says', () => {
    const flush = `faults:
  - { id: f, kind: dep.cache-flush, target: { service: front }, window: { at: 30s, duration: 1s }, share: 50% }
`;
    const run = runText(CACHED.replace('ttl: 4s', 'ttl: 99s').replace('80%', '99%') + flush);
    const ratio = (from: number, to: number) =>
      run.between(from, to).services.find(({ name }) => name === 'front')?.cacheHitRatio ?? 0;
    expect(ratio(20, 30)).toBeGreaterThan(0.97);
    expect(ratio(30, 31)).toBeLessThan(0.8);
    expect(ratio(40, 50)).toBeGreaterThan(0.97);
    const [strikes] = run.whole.faults.map((fault) => fault.strikes);
    expect(strikes).toBeGreaterThan(35);
    expect(strikes).toBeLessThan(65);
  });
});
