import { expect, test } from 'vitest';
import { limitsPanel } from '../../../src/report/panels/limits.ts';
import { STORM, stormModel } from '../fixture.ts';
import { renderPanel, withSummaries } from '../render-panel.ts';

test('lists each approximation once, the setting, and what repeats the run', () => {
  const { text } = renderPanel(limitsPanel, stormModel());
  expect(text.match(/not limited in bandwidth/g)).toHaveLength(1);
  expect(text).toContain('Overhead profile istio-1.24');
  expect(text).toContain(
    'retry-budget 7f3a 0d9c6a5b1e2f48877766554433221100 b3c41d907ee2 8m 4,120,331',
  );
});

test('says that runs beyond the eighth are not drawn', () => {
  const many = Array.from({ length: 10 }, (_, index) => ({ ...STORM, variant: `v${index}` }));
  expect(renderPanel(limitsPanel, stormModel(...many)).text).toContain('2 more runs than the 8');
});

test('says so when nothing is approximated', () => {
  const { text } = renderPanel(limitsPanel, withSummaries(stormModel(), { limits: [] }));
  expect(text).toContain('Nothing that was asked for is only approximated.');
});
