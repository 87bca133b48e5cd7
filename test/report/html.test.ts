import { describe, expect, test } from 'vitest';
import { renderHtml } from '../../src/report/html.ts';
import type { ReportModel } from '../../src/report/model.ts';
import { SCRIPT } from '../../src/report/page/script.ts';
import { PANELS } from '../../src/report/panels/index.ts';
import { STORM, stormModel, stormRun } from './fixture.ts';
import { fullModel } from './full-model.ts';

const ASSETS = { plotly: 'AAAA' };
const NASTY = '</script><script>alert(1)</script>"\'<!--';

describe('renderHtml', () => {
  const page = renderHtml(fullModel(), ASSETS);

  test('is one document without anything from elsewhere', () => {
    expect(page.startsWith('<!doctype html>')).toBe(true);
    expect(page).not.toMatch(/(src|href)="(?!#|data:|https:\/\/sigops)/);
    expect(page).toContain('default-src &#39;none&#39;');
  });

  test('the same model gives the same bytes', () => {
    expect(renderHtml(fullModel(), ASSETS)).toBe(page);
  });

  test('shows every panel under its heading', () => {
    for (const { id, title } of PANELS) {
      expect(page).toContain(`<h2 id="${id}-heading">${title}</h2>`);
    }
  });

  test('has one title, one main heading and no heading level left out', () => {
    expect(page.match(/<h1>/g)).toHaveLength(1);
    const levels = [...page.matchAll(/<h([1-6])/g)].map((match) => Number(match[1]));
    levels.forEach((level, index) => {
      expect(level - (levels[index - 1] ?? 0)).toBeLessThanOrEqual(1);
    });
  });

  test('every id is used once, and every reference has its target', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
    const references = page.matchAll(/(?:aria-labelledby|aria-describedby|href)="#?([\w-]+)"/g);
    for (const [, reference] of references) expect(ids).toContain(reference);
  });

  test('text from outside never becomes markup', () => {
    const run = stormRun({ ...STORM, variant: NASTY });
    const model: ReportModel = {
      ...stormModel(),
      title: NASTY,
      description: NASTY,
      source: `https://example.com/${NASTY.replace(/\s/g, '')}`,
      scenario: { name: NASTY, path: NASTY },
      reproduce: NASTY,
      version: NASTY,
      setting: [{ label: NASTY, value: NASTY }],
      runs: [
        { ...run, declared: NASTY, summary: { ...run.summary, seed: NASTY, limits: [NASTY] } },
      ],
    };
    const hostile = renderHtml(model, ASSETS);
    expect(hostile).not.toContain('<script>alert');
    expect(hostile.match(/<script/g)).toHaveLength(page.match(/<script/g)?.length ?? 0);
  });

  test('the warm-up is a band of its own', () => {
    const warm = renderHtml({ ...stormModel(), warmUpS: 10 }, ASSETS);
    expect(warm).toContain('{"label":"warm-up","startS":0,"endS":10}');
    expect(page).not.toContain('warm-up');
  });

  test('an asset that is not base64 is refused', () => {
    expect(() => renderHtml(stormModel(), { plotly: '</script>' })).toThrow(/base64/);
  });

  test('runs of one variant with several seeds are told apart', () => {
    const run = stormRun(STORM);
    const other = { ...run, summary: { ...run.summary, seed: '8' } };
    const seeds = renderHtml({ ...stormModel(), runs: [run, other] }, ASSETS);
    expect(seeds).toContain('as-it-happened, seed 8');
  });
});

test('the page script can stand in a script element', () => {
  expect(SCRIPT).not.toMatch(/<\/script|<!--/i);
  expect(() => new Function(SCRIPT)).not.toThrow();
});
