import { expect, test } from 'vitest';
import { loadPanel } from '../../../src/report/panels/load.ts';
import { BUDGET, STORM, stormModel } from '../fixture.ts';
import { renderPanel } from '../render-panel.ts';

test('draws goodput of each run over the load that all were offered', () => {
  const { charts } = renderPanel(loadPanel, stormModel());
  const [chart] = charts.charts;
  expect(chart?.series.map(({ run, measure, isShared }) => [run, measure, isShared])).toEqual([
    [0, 1, true],
    [0, 0, false],
    [1, 0, false],
  ]);
});

test('different loads are drawn one a run', () => {
  const half = { ...BUDGET, variant: 'half', offeredRps: 180 };
  const { charts } = renderPanel(loadPanel, stormModel(STORM, half));
  expect(charts.charts[0]?.series.filter(({ measure }) => measure === 1)).toHaveLength(2);
});

test('says the numbers in words', () => {
  const { text } = renderPanel(loadPanel, stormModel(STORM));
  expect(text).toContain(
    'as-it-happened 361 rps offered; goodput 9.9 rps at worst, 10.8 rps at the end',
  );
});
