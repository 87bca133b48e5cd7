import { expect, test } from 'vitest';
import { expectationsPanel } from '../../../src/report/panels/expectations.ts';
import { stormModel } from '../fixture.ts';
import { renderPanel, withSummaries } from '../render-panel.ts';

test('one row an expectation, one column a run', () => {
  const { text } = renderPanel(expectationsPanel, stormModel());
  expect(text).toContain('Expectation Window as-it-happened retry-budget');
  expect(text).toContain('recovery.metastable == false 0s to 8m ✗ no true ✓ yes false');
});

test('is left out without expectations', () => {
  const model = withSummaries(stormModel(), { expect: [] });
  expect(renderPanel(expectationsPanel, model).markup).toBeNull();
});

test('too few samples are neither yes nor no', () => {
  const [run] = stormModel().runs;
  const unsure = (run?.summary.expect ?? []).map((item) => ({ ...item, ok: null }));
  const { text } = renderPanel(expectationsPanel, withSummaries(stormModel(), { expect: unsure }));
  expect(text).toContain('? too few samples');
});
