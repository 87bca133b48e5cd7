/** Experiments as processes: threads, the keyboard's interrupt, going on afterwards; their pages. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { loadPlotly } from '../../src/cli/report-assets.ts';
import { renderExperiment } from '../../src/report/experiment.ts';
import { QUICK } from '../cli/cli-under-test.ts';
import { experimentModel } from '../report/experiment-fixture.ts';
import { findChromium, launchChromium } from './chromium.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TSX = pathToFileURL(join(ROOT, 'node_modules/tsx/dist/loader.mjs')).href;
const SWEEP = ['sweep', 'quick.yaml', '--param', 'clients.shoppers.open.constant=10rps..40rps/4'];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshquake-experiments-'));
  writeFileSync(join(folder, 'quick.yaml'), QUICK);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** @param interruptWhen sends an interrupt as soon as this is so; looked at every 50 ms */
function start(argv: readonly string[], interruptWhen?: () => boolean) {
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    const child = spawn(process.execPath, ['--import', TSX, join(ROOT, 'src/cli.ts'), ...argv], {
      cwd: folder,
    });
    let [stdout, stderr] = ['', ''];
    const timer = setInterval(() => {
      if (interruptWhen?.() !== true) return;
      clearInterval(timer);
      child.kill('SIGINT');
    }, 50);
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.on('close', (code) => {
      clearInterval(timer);
      resolve({ code, stdout, stderr });
    });
  });
}

function linesOf(file: string): number {
  try {
    return readFileSync(join(folder, file), 'utf8').split('\n').length - 1;
  } catch {
    return 0;
  }
}

const FILES = ['summary.json', 'sweep.csv', 'runs.jsonl', 'summary.txt', 'report.html'];

describe('a sweep', () => {
  it('gives the same bytes with two threads as with one, and after an interrupt', async () => {
    const argv = [...SWEEP, '--seeds', '100', '--quiet'];
    const read = (out: string, file: string) =>
      readFileSync(join(folder, out, file), 'utf8').replace(`--out ${out}`, '');
    const one = await start([...argv, '--jobs', '1', '--out', 'one']);
    expect(one).toEqual({ code: 0, stdout: '', stderr: '' });

    // Written down as they finish: an interrupt after some of them leaves the others to do.
    const enough = () => linesOf('two/runs.jsonl') >= 5;
    const cut = await start([...argv, '--jobs', '2', '--out', 'two', '--csv'], enough);
    expect(cut.code).toBe(130);
    const made = linesOf('two/runs.jsonl');
    expect(made).toBeGreaterThanOrEqual(5);
    expect(made).toBeLessThan(400);
    const { unfinished, exitCode } = JSON.parse(
      readFileSync(join(folder, 'two/summary.json'), 'utf8'),
    );
    expect(exitCode).toBe(130);
    expect(unfinished).toBeGreaterThan(0);

    const rest = await start([...argv, '--jobs', '2', '--out', 'two', '--resume']);
    expect(rest.code).toBe(0);
    for (const file of FILES) expect(read('two', file) === read('one', file), file).toBe(true);
  });
});

const executable = findChromium();

describe.skipIf(executable === null)('the page of an experiment in Chromium', () => {
  test.each(['light', 'dark'] as const)('draws every kind of chart, in %s', async (colorScheme) => {
    const file = join(folder, 'page.html');
    writeFileSync(file, renderExperiment(experimentModel(), { plotly: loadPlotly() }));
    const browser = await launchChromium(executable ?? '');
    try {
      const page = await browser.newPage({ viewport: { width: 400, height: 900 }, colorScheme });
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('request', (request) => {
        if (!/^(file|data|blob):/.test(request.url())) complaints.push(request.url());
      });
      await page.goto(pathToFileURL(file).href);
      await page.waitForSelector('html[data-ready=true]', { timeout: 60_000 });
      expect(await page.$$eval('.plot .main-svg', (drawings) => drawings.length)).toBeGreaterThan(
        2,
      );
      expect(await page.$$eval('.hm image', (images) => images.length)).toBe(1);
      expect(await page.$$eval('.errorbar', (bars) => bars.length)).toBe(2);
      expect(await page.$$eval('.lines path', (paths) => paths.length)).toBeGreaterThan(0);
      const overflow = 'document.documentElement.scrollWidth - innerWidth';
      expect(await page.evaluate<number>(overflow)).toBeLessThanOrEqual(0);
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
