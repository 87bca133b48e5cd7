import { expect, test } from 'vitest';
import type { Timeline } from '../../src/core/timeline.ts';
import { ChartBook, type ChartSpec } from '../../src/report/chart.ts';

const COLUMN = [1, 2, 3];

function timeline(buckets: number): Timeline {
  const edgesS = Array.from({ length: buckets + 1 }, (_, index) => index);
  return { edgesS, clients: [], edges: [], services: [] };
}

function chart(overrides: Partial<ChartSpec>): ChartSpec {
  return {
    id: 'chart',
    title: 'Chart',
    notes: [],
    unit: 'rps',
    scale: 'linear',
    measures: [{ name: 'rate', stroke: 'solid', thinBy: 'mean' }],
    series: [{ run: 0, measure: 0, values: COLUMN }],
    ...overrides,
  };
}

test('a column that two charts use stands in the page once', () => {
  const book = new ChartBook([timeline(3)]);
  book.add(chart({ id: 'one' }));
  book.add(chart({ id: 'two' }));
  expect(book.columns).toEqual([COLUMN]);
  expect(book.charts.map((item) => item.series[0]?.column)).toEqual([0, 0]);
});

test('points stand in the middle of their buckets', () => {
  expect(new ChartBook([timeline(3)]).timesS()).toEqual([[0.5, 1.5, 2.5]]);
});

test('long runs are thinned by mean or maximum, and gaps stay gaps', () => {
  const book = new ChartBook([timeline(3000)]);
  const values = Array.from({ length: 3000 }, (_, index) =>
    index < 2 ? null : index % 2 === 0 ? 10 : 30,
  );
  for (const thinBy of ['mean', 'max'] as const) {
    book.add(
      chart({
        measures: [{ name: 'rate', stroke: 'solid', thinBy }],
        series: [{ run: 0, measure: 0, values }],
      }),
    );
  }
  expect(book.thinning(0)).toBe(2);
  expect(book.timesS()[0]?.length).toBe(1500);
  expect(book.columns[0]?.slice(0, 3)).toEqual([null, 20, 20]);
  expect(book.columns[1]?.slice(0, 3)).toEqual([null, 30, 30]);
});

test('the drawing is described in words for those who do not see it', () => {
  const book = new ChartBook([timeline(3)]);
  const note = { run: { index: 0, label: '<storm>' }, text: '360 rps offered' };
  const markup = book.add(chart({ notes: [note] })).toString();
  expect(markup).toContain('role="img"');
  expect(markup).toContain('aria-describedby="chart-alt"');
  expect(markup).toContain('<b>&lt;storm&gt;</b> 360 rps offered');
});
