import { expect, test } from 'vitest';
import { ejectionsPanel } from '../../../src/report/panels/ejections.ts';
import { BUDGET, stormModel } from '../fixture.ts';
import { renderPanel } from '../render-panel.ts';

test('lists who ejected whom, and refusals with their reason', () => {
  const { charts, text } = renderPanel(ejectionsPanel, stormModel());
  expect(charts.charts).toHaveLength(1);
  expect(text).toContain('1m3s as-it-happened orders-1 payments 10.0.2.3:80 consecutive-5xx 1m33s');
  expect(text).toContain('as-it-happened 10.0.2.4:80 consecutive-5xx max-ejection-percent 1 1m4s');
});

test('says so when nothing was ejected', () => {
  const { charts, text } = renderPanel(ejectionsPanel, stormModel(BUDGET));
  expect(charts.charts).toHaveLength(0);
  expect(text).toContain('No proxy ejected an endpoint');
});
