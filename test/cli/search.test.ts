import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, folderWith } from './cli-under-test.ts';

/** Fifty requests per second are all that the server can do. */
const TINY = `meshquake: 1
title: A tiny one
duration: 4s
services:
  payments: { workers: 1, serviceTime: { constant: 20ms } }
clients:
  shoppers: { to: payments, open: { poisson: 20rps } }
expect:
  - clients.shoppers.latencyMs.p90 < 100
  - clients.shoppers.successRatio == 1
`;
const files = { 't/scenario.yaml': TINY };
const FEW = ['--seeds', '8', '--precision', '5%'];

describe('search --max-load', () => {
  it('finds the load and what limits it', async () => {
    const folder = folderWith(files);
    const { exitCode, stdout, stderr } = await cli(
      ['search', 't', '--max-load', ...FEW, '--json'],
      folder,
    );
    expect(exitCode).toBe(0);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({
      format: 1,
      scenario: { name: 't' },
      confidence: 0.95,
      share: 0.5,
      limitedBy: 'clients.shoppers.latencyMs.p90 < 100',
    });
    const [low, high] = document.interval;
    expect(low).toBeGreaterThan(20);
    expect(high).toBeLessThan(60);
    expect(document.maxLoadRps).toBeGreaterThanOrEqual(low);
    expect(document.maxLoadRps).toBeLessThan(high);
    expect(document.evaluations).toBeGreaterThan(8);
    expect(stderr).toContain('limited by    clients.shoppers.latencyMs.p90 < 100');
    expect(
      stderr.split('\n').filter((line) => line.length > 80 && !/reproduce/.test(line)),
    ).toEqual([]);
    expect(readFileSync(join(folder, 'reports/t/latest/summary.json'), 'utf8')).toBe(stdout);
  });

  it('holds constraints in place of the expectations', async () => {
    const constraint = ['--constraint', 'clients.shoppers.latencyMs.p90 < 30'];
    const argv = ['search', 't', '--max-load', ...FEW, '--json', '--quiet'];
    const own = await cli(argv, folderWith(files));
    const tighter = await cli([...argv, ...constraint], folderWith(files));
    const document = JSON.parse(tighter.stdout);
    expect(document.constraints).toEqual(['clients.shoppers.latencyMs.p90 < 30']);
    expect(document.maxLoadRps).toBeLessThan(JSON.parse(own.stdout).maxLoadRps);
  });

  it.each([
    ['clients.shoppers.latencyMs.p90 < 1', 1, 'no load holds'],
    ['clients.shoppers.failed == 0', 2, 'nothing limits it'],
  ])('with %s ends with %i: %s', async (constraint, code, words) => {
    const argv = ['search', 't', '--max-load', '--duration', '200ms', '--constraint', constraint];
    const { exitCode, stdout } = await cli([...argv, '--seeds', '6'], folderWith(files));
    expect(stdout).toContain(words);
    expect(exitCode).toBe(code);
  });

  it.each([
    [[], 64, 'say what to search: --max-load'],
    [
      ['--max-load', '--constraint', 'clients.shopper.failed == 0'],
      65,
      '<command line>:--constraint:1:9: error MQ-SCENARIO-007',
    ],
    [['--max-load', '--seeds', '5'], 64, 'give at least 6'],
    [['--max-load', '--share', '2'], 64, '--share is "2"'],
  ])('%j is refused', async (argv, code, words) => {
    const { exitCode, stderr } = await cli(['search', 't', ...argv], folderWith(files));
    expect(stderr).toContain(words);
    expect(exitCode).toBe(code);
  });
});
