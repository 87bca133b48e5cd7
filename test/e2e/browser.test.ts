/**
 * The report in a real browser: everything draws, nothing is asked of the network, nothing complains.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadPlotly } from '../../src/cli/report-assets.ts';
import { renderHtml } from '../../src/report/html.ts';
import { stormModel } from '../report/fixture.ts';
import { findChromium, launchChromium } from './chromium.ts';

const executable = findChromium();
const isRequired = (process.env['CI'] ?? '') !== '';

/** What plotly leaves on the element it drew into. */
interface PlotElement {
  readonly data: readonly { readonly visible?: boolean }[];
  readonly layout: {
    readonly xaxis: { readonly range: readonly number[] };
    readonly shapes: readonly unknown[];
  };
}

if (executable === null && !isRequired) {
  console.warn('browser tests are skipped: no Chromium found; set CHROMIUM to its path');
}

test.runIf(isRequired)('a browser is there in continuous integration', () => {
  expect(executable, 'install Chromium or set CHROMIUM to its path').not.toBeNull();
});

describe.skipIf(executable === null)('the report in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'meshquake-report-'));
  const file = join(folder, 'report.html');
  const complaints: string[] = [];
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    writeFileSync(file, renderHtml(stormModel(), { plotly: loadPlotly() }));
    browser = await launchChromium(executable ?? '');
    page = await openReport(1280);
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function openReport(width: number, colorScheme: 'light' | 'dark' = 'light') {
    const opened = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    opened.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    opened.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
    opened.on('request', (request) => {
      if (!/^(file|data):/.test(request.url())) complaints.push(`request: ${request.url()}`);
    });
    await opened.goto(pathToFileURL(file).href);
    await opened.waitForSelector('html[data-ready=true]', { timeout: 60_000 });
    return opened;
  }

  /** One entry a chart: which of its lines are shown. */
  function shownLines(): Promise<boolean[][]> {
    return page.$$eval('.plot', (elements) =>
      elements.map((element) =>
        (element as unknown as PlotElement).data.map((line) => line.visible !== false),
      ),
    );
  }

  function ranges(): Promise<(readonly number[])[]> {
    return page.$$eval('.plot', (elements) =>
      elements.map((element) => (element as unknown as PlotElement).layout.xaxis.range),
    );
  }

  test('draws every chart, with the fault as a band', async () => {
    const lines = await shownLines();
    expect(lines.length).toBeGreaterThanOrEqual(8);
    for (const chart of lines) expect(chart.length).toBeGreaterThan(0);
    const bands = await page.$$eval('.plot', (elements) =>
      elements.map((element) => (element as unknown as PlotElement).layout.shapes.length),
    );
    expect(new Set(bands)).toEqual(new Set([1]));
    expect(await page.$$eval('.plot .scatterlayer path', (paths) => paths.length)).toBeGreaterThan(
      20,
    );
  });

  test('runs can be switched off and on in all charts and graphs', async () => {
    await page.uncheck('#runs input[value="1"]');
    const withoutSecond = await shownLines();
    expect(withoutSecond.every((chart) => chart.includes(false) && chart.includes(true))).toBe(
      true,
    );
    expect(
      await page.$$eval('.graph', (all) => all.map((one) => one.hasAttribute('hidden'))),
    ).toEqual([false, true]);
    await page.check('#runs input[value="1"]');
    expect((await shownLines()).flat().every((isShown) => isShown)).toBe(true);
  });

  test('a kind of line can be switched off in one chart', async () => {
    const button = page.locator('[data-for="chart-latency-0"] button').first();
    await button.click();
    expect(await button.getAttribute('aria-pressed')).toBe('false');
    expect((await shownLines())[1]).toEqual([false, true, true, false, true, true]);
    await button.click();
  });

  test('all charts keep the same times when one is zoomed', async () => {
    const box = await page.locator('#chart-load .nsewdrag').first().boundingBox();
    if (box === null) throw new Error('the chart has no area');
    await page.mouse.move(box.x + box.width / 4, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2, box.y + 45, { steps: 5 });
    await page.mouse.up();
    await page.waitForFunction(
      "document.querySelector('#chart-queue-0').layout.xaxis.range[0] !== 0",
    );
    const zoomed = await ranges();
    expect(new Set(zoomed.map((range) => range.map(Math.round).join())).size).toBe(1);
    expect(zoomed[0]?.[0]).toBeGreaterThan(60);
    await page.click('#whole');
    expect((await ranges()).every(([from, to]) => from === 0 && to === 480)).toBe(true);
  });

  test('the service graph goes through time with the keyboard', async () => {
    const health = () =>
      page.$$eval('.graph:first-child .node', (nodes) => nodes.map((node) => node.classList[1]));
    expect(await health()).toEqual(['poor', 'poor', 'poor', 'poor']);
    await page.focus('#graph-moment');
    await page.keyboard.press('Home');
    expect(await health()).toEqual(['good', 'good', 'good', 'good']);
    expect(await page.textContent('#graph-words')).toBe('0s to 5s');
  });

  test.each([400, 1280])('nothing is wider than a page of %i pixels', async (width) => {
    const opened = await openReport(width, 'dark');
    const overflow = await opened.evaluate<number>(
      'document.documentElement.scrollWidth - innerWidth',
    );
    expect(overflow).toBeLessThanOrEqual(0);
    await opened.close();
  });

  test('text has enough contrast in both themes', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      const ratios = await contrastRatios(page);
      for (const { name, ratio } of ratios) {
        expect(ratio, `${name} in ${scheme}`).toBeGreaterThanOrEqual(
          name.startsWith('run') ? 3 : 4.5,
        );
      }
    }
    await page.emulateMedia({ colorScheme: 'light' });
  });

  test('the page goes dark and light on demand', async () => {
    const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const before = await background();
    await page.click('#theme');
    expect(await background()).not.toBe(before);
    await page.click('#theme');
    expect(await background()).toBe(before);
  });

  test('no message on the console, no error, no request', () => {
    expect(complaints).toEqual([]);
  });
});

/** Pairs of custom properties that stand on each other somewhere in the page. */
const PAIRS: readonly (readonly [front: string, back: string])[] = [
  ['text', 'page'],
  ['text', 'panel'],
  ['muted', 'page'],
  ['muted', 'panel'],
  ['link', 'page'],
  ['good', 'good-soft'],
  ['fair', 'fair-soft'],
  ['bad', 'bad-soft'],
  ['bad', 'panel'],
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((run) => [`run-${run}`, 'page'] as const),
];

async function contrastRatios(page: Page): Promise<{ name: string; ratio: number }[]> {
  const names = JSON.stringify(PAIRS.flat());
  const colors = await page.evaluate<Record<string, string>>(
    `Object.fromEntries(${names}.map((name) => [name, getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim()]))`,
  );
  return PAIRS.map(([front, back]) => {
    const levels = [front, back].map((name) => luminance(colors[name] ?? ''));
    const [low = 0, high = 0] = levels.sort((a, b) => a - b);
    return { name: `${front} on ${back}`, ratio: (high + 0.05) / (low + 0.05) };
  });
}

/** Source: WCAG 2.2, relative luminance. */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const level = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return level <= 0.03928 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
