import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RequestSample } from '../../src/core/request-trace.ts';
import { RETRIES, scenarioText } from '../harness/traced-scenario.ts';
import { cli, folderWith } from './cli-under-test.ts';

interface Listing {
  readonly requests: readonly RequestSample[];
}

let known: Readonly<Record<string, string>> | null = null;

/** A folder with a finished run in `out`; it is made once and copied. */
async function finishedRun(): Promise<{ folder: string; requests: readonly RequestSample[] }> {
  known ??= await outputOfRun();
  const folder = folderWith(known);
  const { stdout } = await cli(['replay', 'out', '--list', '-o', 'json'], folder);
  return { folder, requests: (JSON.parse(stdout) as Listing).requests };
}

async function outputOfRun(): Promise<Readonly<Record<string, string>>> {
  const files = { 'scenario.yaml': scenarioText(), 'retries.yaml': RETRIES };
  const folder = folderWith(files);
  await cli(['run', 'scenario.yaml', '--out', 'out', '--quiet'], folder);
  const names = ['out/manifest.json', 'out/replay.json'];
  const texts = names.map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const);
  return { ...files, ...Object.fromEntries(texts) };
}

const words = (text: string) => text.replace(/\s+/g, ' ');

describe('replay', () => {
  it('makes the very same run, also when the files have changed since', async () => {
    const { folder } = await finishedRun();
    writeFileSync(join(folder, 'retries.yaml'), '');
    const { exitCode, stdout } = await cli(['replay', 'out'], folder);
    expect(stdout).toMatch(/digest [0-9a-f]{32}: the same run\n$/);
    expect(exitCode).toBe(0);
  });

  it('ends with 3 when it is not the same run', async () => {
    const { folder } = await finishedRun();
    const file = join(folder, 'out/replay.json');
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('"factor": 30', '"factor": 31'));
    const { exitCode, stdout } = await cli(['replay', 'out/manifest.json'], folder);
    expect(stdout).toContain('not the same run');
    expect(exitCode).toBe(3);
  });

  it('tells a failed request step by step, and why it failed', async () => {
    const { folder, requests } = await finishedRun();
    const failed = requests.find(({ why }) => why === 'first-failure');
    const { exitCode, stdout } = await cli(['replay', 'out', '--request', failed!.id], folder);
    expect(exitCode).toBe(0);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    const text = words(stdout);
    expect(text).toMatch(/sends the request .* takes the request .* route \d+ leads to outbound/);
    expect(text).toMatch(/try 1: least-request chooses payments-\d with \d+ in progress; others: /);
    expect(text).toMatch(/decides to retry, after a backoff of \d+ ms/);
    expect(text).toMatch(/the per-try timeout fires/);
    expect(text).toMatch(/\(retries.yaml:7\)/);
    expect(text).toMatch(/why it failed, .* 1\. payments-\d try 3: per-try timeout; it /);
    expect(text).toMatch(/orders-\d answered 502, because its call failed/);
    expect(text).toMatch(/\d\. shoppers got 502 after .* ms/);
  });

  it('says where the time went, in shares of the whole', async () => {
    const { folder, requests } = await finishedRun();
    const { stdout } = await cli(
      ['replay', 'out', '--request', requests[0]!.id, '-o', 'json'],
      folder,
    );
    const { request, timeSpent } = JSON.parse(stdout) as {
      request: RequestSample;
      timeSpent: { ns: number }[];
    };
    const sum = timeSpent.reduce((total, { ns }) => total + ns, 0);
    expect(sum).toBe(request.endNs - request.startNs);
    expect(request.endNs).toBe(requests[0]!.endNs);
  });

  it('stops at an instant and shows the state of the mesh', async () => {
    const { folder } = await finishedRun();
    const { exitCode, stdout } = await cli(['replay', 'out', '--to', '4s'], folder);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^state at 4s, after [\d,]+ events$/m);
    expect(stdout).toMatch(/^ {2}payments-0 {2}2 of 2 {2,}\d+ queued$/m);
    expect(stdout).toMatch(/^ {2}orders-0 → payments /m);
    expect(stdout).toMatch(/^ {2}slow {2}2s to 5s$/m);
  });

  it('with a request it tells the steps until then', async () => {
    const { folder, requests } = await finishedRun();
    const failed = requests.find(({ why }) => why === 'first-failure')!;
    const at = `${Math.floor(failed.startNs / 1000) + 5000}us`;
    const { stdout } = await cli(['replay', 'out', '--request', failed.id, '--to', at], folder);
    expect(stdout).toContain('takes the request');
    expect(stdout).not.toContain('has its answer');
  });

  it.each([
    [['nowhere'], 65, 'MQ-RUN-001'],
    [['.'], 65, 'it holds no replay.json'],
    [['out', '--request', 'shoppers-00000000'], 65, 'MQ-RUN-003'],
    [['out', '--request', 'nonsense'], 65, 'MQ-RUN-003'],
    [['out', '--variant', 'none'], 65, 'holds no run of variant "none"'],
    [['out', '--to', 'soon'], 64, '--to'],
    [['out', '--to', '9s'], 64, 'after the end of the run'],
    [['out', '--list', '--to', '1s'], 64, '--list excludes'],
  ])('%j ends with %i: %s', async (args, code, message) => {
    const { folder } = await finishedRun();
    const { exitCode, stderr } = await cli(['replay', ...args], folder);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(code);
  });

  it('refuses a run of another version', async () => {
    const { folder } = await finishedRun();
    const file = join(folder, 'out/replay.json');
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(/"meshquake": "[^"]+"/, '"meshquake": "9.9"'),
    );
    const { exitCode, stderr } = await cli(['replay', 'out'], folder);
    expect(stderr).toContain('MQ-RUN-002: the run was made by meshquake 9.9, this is');
    expect(exitCode).toBe(65);
  });
});
