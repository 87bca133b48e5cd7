import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { cli, folderWith } from './cli-under-test.ts';

/** Ten milliseconds a run. */
const TINY = `meshquake: 1
title: A tiny one
duration: 3s
mesh: [policy.yaml]
dataPlane: sidecar
services:
  payments: { workers: 1, serviceTime: { exponential: 10ms }, errors: [{ status: 503, ratio: 40% }] }
clients:
  shoppers: { to: payments, open: { poisson: 40rps } }
`;
const POLICY = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: payments }
spec:
  hosts: [payments]
  http:
    - route: [{ destination: { host: payments } }]
      retries: { attempts: 1, retryOn: "5xx" }
`;
const files = { 't/scenario.yaml': TINY, 't/policy.yaml': POLICY };
const RATES = ['--param', 'clients.shoppers.open.poisson=20rps..60rps/3'];
const WORKERS = ['--param', 'services.payments.workers=1,2'];

describe('sweep', () => {
  it('runs a grid and writes it down in every form', async () => {
    const folder = folderWith(files);
    const argv = ['sweep', 't', ...WORKERS, ...RATES, '--seeds', '2', '--json'];
    const { exitCode, stdout, stderr } = await cli(argv, folder);
    expect(exitCode).toBe(0);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({
      format: 1,
      scenario: { name: 't', variant: '' },
      seeds: ['1', '2'],
      parameters: ['services.payments.workers', 'clients.shoppers.open.poisson'],
      unfinished: 0,
      exitCode: 0,
    });
    expect(document.rows).toHaveLength(6);
    expect(document.rows[1]).toMatchObject({
      point: { 'services.payments.workers': 1, 'clients.shoppers.open.poisson': '40rps' },
      verdicts: { pass: 2 },
    });
    const p99 = 'clients.shoppers.latencyMs.p99';
    expect(document.rows[2].across[p99].median).toBeGreaterThan(
      document.rows[5].across[p99].median,
    );
    expect(stderr.trim().split('\n').at(-1)).toMatch(
      /^done {5}6 points {2}reproduce: meshquake sweep t --param/,
    );
    const latest = join(folder, 'reports/t/latest');
    expect(readdirSync(latest).sort()).toEqual([
      'manifest.json',
      'report.html',
      'runs.jsonl',
      'summary.json',
      'summary.txt',
      'sweep.csv',
      'sweep.msgpack',
    ]);
    expect(decode(readFileSync(join(latest, 'sweep.msgpack')))).toEqual(document);
    const csv = readFileSync(join(latest, 'sweep.csv'), 'utf8').trimEnd().split('\n');
    expect(csv).toHaveLength(7);
    expect(csv[0]).toMatch(/^services.payments.workers,clients.shoppers.open.poisson,runs,passed,/);
    expect(csv[1]).toMatch(/^1,20rps,2,2,/);
    expect(readFileSync(join(latest, 'report.html'), 'utf8')).toContain('"kind":"heat-map"');
  });

  it('reaches into policy resources', async () => {
    const key = 'mesh.VirtualService/payments.spec.http[0].retries.attempts';
    const argv = ['sweep', 't', '--param', `${key}=1..4/4`, '--json', '--quiet'];
    const { stdout, stderr } = await cli(argv, folderWith(files));
    expect(stderr).toBe('');
    const success = JSON.parse(stdout).rows.map(
      (row: { across: Record<string, { median: number }> }) =>
        row.across['clients.shoppers.successRatio']?.median,
    );
    expect(success[0]).toBeLessThan(0.9);
    expect(success).toEqual([...success].sort((a, b) => a - b));
    expect(success[3]).toBeGreaterThan(0.95);
  });

  it('goes on where it stopped, without making finished runs again', async () => {
    const whole = folderWith(files);
    const argv = ['sweep', 't', ...RATES, '--seeds', '2', '--json', '--out', 'out'];
    const { stdout } = await cli(argv, whole);
    const runs = readFileSync(join(whole, 'out/runs.jsonl'), 'utf8');
    const lines = runs.split('\n');
    const page = readFileSync(join(whole, 'out/report.html'), 'utf8');

    // As an interrupt leaves it: four runs, the last of them cut off.
    const start = `${lines.slice(0, 3).join('\n')}\n${lines[3]?.slice(0, 100)}`;
    writeFileSync(join(whole, 'out/runs.jsonl'), start);
    const resumed = await cli([...argv, '--resume'], whole);
    expect(resumed.stdout).toBe(stdout);
    expect(resumed.stderr).toContain('3 already made');
    expect(readFileSync(join(whole, 'out/runs.jsonl'), 'utf8')).toBe(runs);
    expect(readFileSync(join(whole, 'out/report.html'), 'utf8')).toBe(page);

    // What is there is taken as it is: a figure that no run would give stays.
    const marked = runs.replace(/"clients.shoppers.offered":\d+/, '"clients.shoppers.offered":7');
    writeFileSync(join(whole, 'out/runs.jsonl'), marked);
    const kept = JSON.parse((await cli([...argv, '--resume'], whole)).stdout);
    expect(kept.rows[0].across['clients.shoppers.offered'].min).toBe(7);

    // Without --resume it begins anew; lines of another version are made again.
    expect((await cli(argv, whole)).stdout).toBe(stdout);
    writeFileSync(
      join(whole, 'out/runs.jsonl'),
      marked.replace(/"version":"[^"]*"/g, '"version":"0"'),
    );
    expect((await cli([...argv, '--resume'], whole)).stdout).toBe(stdout);
  });

  it('prints CSV, of chosen figures', async () => {
    const argv = ['sweep', 't', ...WORKERS, '--csv', '--metric', 'latencyMs.p99', '--quiet'];
    const { stdout } = await cli(argv, folderWith(files));
    const [head, ...rows] = stdout.trimEnd().split('\n');
    const name = 'clients.shoppers.latencyMs.p99';
    expect(head).toBe(`services.payments.workers,runs,passed,${name},${name} low,${name} high`);
    expect(rows).toHaveLength(2);
    for (const row of rows) expect(row).toMatch(/^[12],1,1(,[\d.]+){3}$/);
  });

  it('stays within 80 columns', async () => {
    const argv = ['sweep', 't', ...WORKERS, ...RATES];
    const { stdout } = await cli(argv, folderWith(files));
    const long = stdout.split('\n').filter((line) => line.length > 80 && !/reproduce/.test(line));
    expect(long).toEqual([]);
    expect(stdout).toMatch(/workers +poisson +passed +successRatio +p50 +p99/);
  });

  it.each([
    [[], 64, 'give at least one --param'],
    [['--param', 'a'], 64, '--param is "a"'],
    [[...WORKERS, ...WORKERS], 64, 'is given twice'],
    [[...WORKERS, '--csv', '--json'], 64, 'exclude each other'],
    [[...WORKERS, '--seeds', '60000'], 64, '120000 runs, at most 100000'],
    [
      ['--param', 'services.payments.wrkers=1'],
      65,
      '<command line>:--param:1:26: error MQ-FIELD-002',
    ],
    [
      ['--set', 'services.payments.workers=2', '--param', 'services.payments.workers=1,x'],
      65,
      '<command line>:--param:1:27: error MQ-FIELD-001',
    ],
    [
      ['--param', 'mesh.VirtualService/payments.spec.http[0].retries.atempts=1'],
      65,
      't/policy.yaml (edited):8:',
    ],
    [
      ['--param', 'mesh.VirtualService/payment.spec.x=1'],
      65,
      '<command line>:--param:1:1: error MQ-SCENARIO-008',
    ],
    [[...WORKERS, '--metric', 'latency'], 64, 'no run has a figure "latency"'],
  ])('%j is refused', async (argv, code, words) => {
    const { exitCode, stderr } = await cli(['sweep', 't', ...argv], folderWith(files));
    expect(stderr).toContain(words);
    expect(exitCode).toBe(code);
  });

  it('never writes over files that are not its own', async () => {
    const folder = folderWith({ ...files, 'mine/precious.txt': 'x' });
    const { exitCode } = await cli(['sweep', 't', ...WORKERS, '--out', 'mine'], folder);
    expect(exitCode).toBe(69);
    expect(existsSync(join(folder, 'mine/precious.txt'))).toBe(true);
  });
});
