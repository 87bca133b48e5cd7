import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, folderWith } from './cli-under-test.ts';

/** Ten milliseconds a run. */
const TINY = `meshquake: 1
title: A tiny one
duration: 3s
services:
  payments: { workers: 1, serviceTime: { exponential: 10ms } }
clients:
  shoppers: { to: payments, open: { poisson: 40rps } }
variants:
  as-is: {}
  again: {}
  two-workers: { set: { services.payments.workers: 2 } }
  slower: { set: { services.payments.serviceTime.exponential: 14ms } }
`;

const files = { 't/scenario.yaml': TINY };

describe('compare', () => {
  it('finds a known difference and writes it down', async () => {
    const folder = folderWith(files);
    const { exitCode, stdout, stderr } = await cli(
      ['compare', 't:as-is', 't:two-workers', '--json'],
      folder,
    );
    expect(exitCode).toBe(0);
    const document = JSON.parse(stdout);
    expect(Object.keys(document)).toEqual([
      'meshquake',
      'format',
      'scenarios',
      'seeds',
      'seedsAllowed',
      'confidence',
      'metrics',
      'verdict',
      'exitCode',
      'limits',
    ]);
    expect(document).toMatchObject({
      format: 1,
      scenarios: [{ variant: 'as-is' }, { variant: 'two-workers' }],
      seedsAllowed: 200,
      verdict: 'better',
    });
    const p99 = document.metrics.find((row: { name: string }) => row.name.endsWith('p99'));
    expect(p99).toMatchObject({ name: 'clients.shoppers.latencyMs.p99', verdict: 'better' });
    expect(p99.ci95[0]).toBeLessThan(p99.difference);
    expect(p99.ci95[1]).toBeLessThan(0);
    expect(stderr.trim().split('\n').at(-1)).toBe(
      'verdict  better  reproduce: meshquake compare t:as-is t:two-workers --seeds 200',
    );
    const latest = join(folder, 'reports/t/latest');
    expect(readdirSync(latest).sort()).toEqual([
      'manifest.json',
      'report.html',
      'summary.json',
      'summary.txt',
    ]);
    expect(readFileSync(join(latest, 'summary.json'), 'utf8')).toBe(stdout);
  });

  it('exits with 5 when B is worse, and gives the same bytes twice', async () => {
    const folder = folderWith(files);
    const argv = ['compare', 't:as-is', 't:slower', '--metric', 'latencyMs.mean', '--json'];
    const first = await cli(argv, folder);
    expect(first.exitCode).toBe(5);
    expect(JSON.parse(first.stdout).metrics).toHaveLength(1);
    expect((await cli(argv, folder)).stdout).toBe(first.stdout);
  });

  it('calls a policy the same as itself', async () => {
    const { exitCode, stdout } = await cli(['compare', 't:as-is', 't:again'], folderWith(files));
    expect(exitCode).toBe(0);
    expect(stdout).toContain('verdict  no-difference');
    expect(stdout).not.toMatch(/worse\b.*✗|better\b.*✓/);
  });

  it('exits with 2 when it cannot tell', async () => {
    const argv = ['compare', 't:as-is', 't:slower', '--metric', 'successRatio', '--seeds', '8'];
    const margin = ['--metric', 'latencyMs.p99', '--margin', '80%'];
    const { exitCode, stdout } = await cli([...argv, ...margin], folderWith(files));
    expect(stdout).toContain('verdict  undecided');
    expect(exitCode).toBe(2);
  });

  it('names the interval after the confidence', async () => {
    const argv = ['compare', 't:as-is', 't:slower', '--confidence', '99%', '--json', '--quiet'];
    const { stdout, stderr } = await cli(argv, folderWith(files));
    expect(JSON.parse(stdout).metrics[0].ci99).toHaveLength(2);
    expect(stderr).toBe('');
  });

  it('stays within 80 columns, without colour where there is no terminal', async () => {
    const { stdout } = await cli(['compare', 't:as-is', 't:slower'], folderWith(files));
    const long = stdout.split('\n').filter((line) => line.length > 80 && !/reproduce/.test(line));
    expect(long).toEqual([]);
    expect(stdout).not.toContain('\u001b');
  });

  it.each([
    [['t:as-is', 't:to-workers'], 64, 'no variant "to-workers"; did you mean "two-workers"?'],
    [['t', 'nowhere'], 65, 'nowhere:1:1: error MQ-SCENARIO-010'],
    [['t', 't', '--metric', 'latency'], 64, 'no run has a figure "latency"'],
    [['t', 't', '--margin', 'little'], 64, '--margin is "little"'],
    [['t', 't', '--confidence', '95'], 64, '--confidence is "95"'],
    [['t', 't', '--seeds', '3'], 64, '3 seeds can never tell a difference'],
    [['t', 't', '--jobs', '0'], 64, '--jobs is "0"'],
    [
      ['t', 't', '--set', 'mesh.DestinationRule/x.spec=1'],
      65,
      'there is no "DestinationRule/x": the scenario has no policy files',
    ],
  ])('%j is refused', async (argv, code, words) => {
    const folder = folderWith(files);
    const { exitCode, stdout, stderr } = await cli(['compare', ...argv], folder);
    expect(stderr).toContain(words);
    expect(exitCode).toBe(code);
    expect(stdout).not.toContain('verdict');
    expect(existsSync(join(folder, 'reports'))).toBe(false);
  });
});
