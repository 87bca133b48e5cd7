/** The command as a process: threads, the keyboard's interrupt, and that nothing is left behind. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QUICK } from '../cli/cli-under-test.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TSX = pathToFileURL(join(ROOT, 'node_modules/tsx/dist/loader.mjs')).href;
const CLI = join(ROOT, 'src/cli.ts');

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshquake-e2e-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param interruptAfterMs counted from the first output; absent = never */
function start(argv: readonly string[], interruptAfterMs?: number): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', TSX, CLI, ...argv], { cwd: folder });
    let [stdout, stderr] = ['', ''];
    if (interruptAfterMs !== undefined) {
      child.stdout.once('data', () => setTimeout(() => child.kill('SIGINT'), interruptAfterMs));
    }
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe('the command as a process', () => {
  it('runs seeds in threads, with the results of one thread', async () => {
    writeFileSync(join(folder, 'quick.yaml'), QUICK);
    const many = await start(['run', 'quick.yaml', '--seeds', '4', '--json', '--quiet']);
    expect(many.stderr).toBe('');
    expect(many.code).toBe(0);
    const { runs } = JSON.parse(many.stdout);
    expect(runs.map((run: { seed: string }) => run.seed)).toEqual(['1', '2', '3', '4']);
    const one = await start(['run', 'quick.yaml', '--seed', '3', '--json', '--quiet']);
    expect(JSON.parse(one.stdout).digest).toBe(runs[2].digest);
  });

  it('reports what a thread finds wrong with policy as any other mistake', async () => {
    writeFileSync(join(folder, 'quick.yaml'), `${QUICK}mesh: [policy.yaml]\n`);
    writeFileSync(join(folder, 'policy.yaml'), 'kind: [\n');
    const { code, stderr } = await start(['run', 'quick.yaml']);
    expect(stderr).toMatch(/^policy\.yaml:\d+:\d+: error MQ-/m);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(65);
  });

  it('writes the seeds that have finished when it is interrupted', async () => {
    writeFileSync(join(folder, 'quick.yaml'), QUICK);
    const summary = join(folder, 'out/summary.json');
    // A busy machine may not finish a single run in the first time allowed.
    for (const allowedMs of [3_000, 10_000, 40_000]) {
      const argv = ['run', 'quick.yaml', '--seeds', '5000', '--out', 'out'];
      const { code, stdout } = await start(argv, allowedMs);
      expect(code).toBe(130);
      expect(stdout.trim().split('\n').at(-1)).toMatch(/^verdict {2}interrupted/);
      if (existsSync(summary)) break;
    }
    const { runs, exitCode } = JSON.parse(readFileSync(summary, 'utf8'));
    expect(exitCode).toBe(130);
    expect(runs.length).toBeGreaterThan(0);
    expect(runs.length).toBeLessThan(5000);
    expect(existsSync(join(folder, 'out/report.html'))).toBe(true);
  });
});
