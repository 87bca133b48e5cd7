import { expect, test } from 'vitest';
import { distributionPanel } from '../../../src/report/panels/distribution.ts';
import { STORM, stormModel } from '../fixture.ts';
import { renderPanel } from '../render-panel.ts';

test('stands runs side by side, each against the first', () => {
  const { markup, text } = renderPanel(distributionPanel, stormModel());
  expect(text).toContain('Run Mean p50 p90 p95 p99 p99.9 Longest');
  expect(text).toMatch(/as-it-happened [\d.,]+ m?s [\d.,]+ m?s/);
  expect(text).toMatch(/retry-budget [\d.,]+ m?s \([−+][\d.,]+ m?s\)/);
  expect(markup?.match(/class="run-\d curve"/g)).toHaveLength(2);
});

test('says nothing where there is one run', () => {
  expect(renderPanel(distributionPanel, stormModel(STORM)).markup).toBeNull();
});

test('draws nothing that is not a number', () => {
  const model = stormModel();
  const runs = model.runs.map((run) => ({
    ...run,
    summary: {
      ...run.summary,
      clients: run.summary.clients.map((client) => ({ ...client, succeeded: 0, failed: 0 })),
    },
  }));
  expect(renderPanel(distributionPanel, { ...model, runs }).markup).toBeNull();
  expect(renderPanel(distributionPanel, model).markup).not.toContain('NaN');
});
