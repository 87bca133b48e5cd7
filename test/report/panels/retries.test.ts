import { expect, test } from 'vitest';
import { retriesPanel } from '../../../src/report/panels/retries.ts';
import { BUDGET, stormModel } from '../fixture.ts';
import { renderPanel } from '../render-panel.ts';

test('draws the edges with retries, the most amplified first, and lists all', () => {
  const { charts, text } = renderPanel(retriesPanel, stormModel());
  expect(charts.charts.map(({ id }) => id)).toEqual([
    'chart-amplification-0',
    'chart-retries-0',
    'chart-amplification-1',
    'chart-retries-1',
  ]);
  expect(text.indexOf('orders → payments')).toBeLessThan(text.indexOf('front → orders'));
  expect(text).toContain('shoppers → front as-it-happened');
  expect(text).toContain('30,411 by the budget, 12 at the limit');
});

test('says so when the mesh retried nothing', () => {
  const { charts, text } = renderPanel(retriesPanel, stormModel({ ...BUDGET, factor: 1 }));
  expect(charts.charts).toHaveLength(0);
  expect(text).toContain('No request was retried by the mesh.');
});
