import { expect, test } from 'vitest';
import { latencyPanel } from '../../../src/report/panels/latency.ts';
import { stormModel } from '../fixture.ts';
import { renderPanel } from '../render-panel.ts';

test('draws three percentiles of each client and run', () => {
  const { charts } = renderPanel(latencyPanel, stormModel());
  expect(charts.charts).toHaveLength(1);
  expect(charts.charts[0]?.scale).toBe('log');
  expect(charts.charts[0]?.series).toHaveLength(6);
});

test('is left out where no client is measured', () => {
  const model = stormModel();
  const runs = model.runs.map((run) => ({ ...run, timeline: { ...run.timeline, clients: [] } }));
  expect(renderPanel(latencyPanel, { ...model, runs }).markup).toBeNull();
});
