import { expect, test } from 'vitest';
import { faultsPanel } from '../../../src/report/panels/faults.ts';
import { stormModel } from '../fixture.ts';
import { renderPanel, withSummaries } from '../render-panel.ts';

test('lists faults with their strikes', () => {
  const { text } = renderPanel(faultsPanel, stormModel());
  expect(text).toContain('slow as-it-happened proc.slow 1m 1m30s 4');
});

test('operations stand among them in the order of time', () => {
  const operation = { id: 'restart', action: 'restart payments', startS: 30, endS: 40 };
  const { text } = renderPanel(
    faultsPanel,
    withSummaries(stormModel(), { operations: [operation] }),
  );
  expect(text.indexOf('restart payments')).toBeLessThan(text.indexOf('proc.slow'));
});

test('says so when nothing was done', () => {
  const { text } = renderPanel(faultsPanel, withSummaries(stormModel(), { faults: [] }));
  expect(text).toContain('Nothing was done to the mesh.');
});
