/** The report of the bench: goals, tables and plots of a made-up run. */
import { describe, expect, it } from 'vitest';
import type { BenchDocument, RowResult } from '../../bench/document.ts';
import { htmlOf } from '../../bench/report/html.ts';
import { markdownOf } from '../../bench/report/markdown.ts';
import { svgOf } from '../../bench/report/plots.ts';
import { goalsOf, medianOf, sectionsOf, spreadPercent } from '../../bench/report/sections.ts';
import { ROWS } from '../../bench/rows.ts';
import { scenarioOf } from '../../bench/scale.ts';

function row(name: string, value: number, more: Partial<RowResult> = {}): RowResult {
  return { name, value, unit: 'requests per CPU second', samples: [value], ratioTo: {}, ...more };
}

function documentOf(...rows: readonly RowResult[]): BenchDocument {
  const machine = {
    cpu: 'A <fast> one',
    cores: 2,
    memoryGb: 8,
    system: 'Linux',
    loadBefore: 3,
    versions: { 'Node.js': 'v20', HAProxy: '' },
  };
  const missing = [{ name: 'proxy.http1.envoy', reason: 'envoy is not installed' }];
  return { format: 1, rows, missing, machine, date: '2026-01-02' };
}

describe('rows', () => {
  it('have names of their own, and quote rows that exist', () => {
    const names = ROWS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { ratioTo } of ROWS) for (const other of ratioTo) expect(names).toContain(other);
  });

  it('all have a place in the report', () => {
    const rows = ROWS.map(({ name }) => row(name, 1));
    const shown = sectionsOf(documentOf(...rows)).flatMap((section) => section.rows);
    expect(shown.map(({ name }) => name).sort()).toEqual(rows.map(({ name }) => name).sort());
  });

  it('of growth are scenarios of so many services and instances', () => {
    expect(scenarioOf('services', 10).services).toHaveLength(10);
    const [backend] = scenarioOf('endpoints', 100).services;
    expect(backend?.versions[0]?.instances).toBe(100);
  });
});

describe('goals', () => {
  it('are met, missed or not measured', () => {
    const document = documentOf(
      row('mesh.lean', 700_000, { ratioTo: { 'mesh.simpy': 59.9 } }),
      row('mesh.closures', 1),
    );
    expect(goalsOf(document).map(({ isMet }) => isMet)).toEqual([true, null, false]);
    expect(markdownOf(document)).toMatch(
      /60 × mesh\.simpy in the same run \| 59\.9 × \| \*\*no\*\*/,
    );
    expect(htmlOf(document)).toContain('not measured');
  });
});

describe('figures', () => {
  it('come with the spread of their repeats', () => {
    expect(medianOf([3, 1, 2])).toBe(2);
    expect(medianOf([4, 1, 2, 3])).toBe(2.5);
    expect(spreadPercent(row('a', 12, { samples: [8, 12, 10] }))).toBe(40);
    const found = row('kernel.hold.100', 12, { samples: [8, 12, 10] });
    expect(markdownOf(documentOf(found))).toContain('| `kernel.hold.100` | 12 |');
    expect(markdownOf(documentOf(found))).toContain('| 40 % |');
  });

  it('name what is not installed, and the machine', () => {
    for (const text of [markdownOf(documentOf()), htmlOf(documentOf())]) {
      expect(text).toContain('envoy is not installed');
      expect(text).toContain('not installed');
      expect(text).toContain('2026-01-02');
    }
    expect(markdownOf(documentOf())).toContain('Other programs used the machine');
    expect(htmlOf(documentOf())).toContain('A &#60;fast&#62; one');
  });
});

describe('plots', () => {
  it('draw bars as long as their values, with whiskers', () => {
    const svg = svgOf({
      kind: 'bars',
      title: 'a & b',
      bars: [
        { name: 'one', value: 50, samples: [40, 50] },
        { name: 'two', value: 100, samples: [100] },
      ],
    });
    const widths = [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map((match) =>
      Number(match[1]),
    );
    expect(widths[1]).toBe(2 * (widths[0] ?? 0));
    expect(svg).toContain('a &#38; b');
  });

  it('draw powers of ten at equal distances', () => {
    const points = [10, 100, 1000].map((x) => ({ x, y: x }));
    const svg = svgOf({ kind: 'lines', title: 't', lines: [{ name: 'l', points }] });
    const at = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [
      Number(x),
      Number(y),
    ]);
    expect(at).toHaveLength(3);
    const [a, b, c] = at as [number[], number[], number[]];
    expect(b[0]! - a[0]!).toBeCloseTo(c[0]! - b[0]!, 0);
    expect(a[1]! - b[1]!).toBeCloseTo(b[1]! - c[1]!, 0);
  });
});
