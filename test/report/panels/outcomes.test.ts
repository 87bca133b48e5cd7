import { expect, test } from 'vitest';
import { outcomesPanel } from '../../../src/report/panels/outcomes.ts';
import { STORM, stormModel } from '../fixture.ts';
import { renderPanel } from '../render-panel.ts';

test('counts how requests ended and says what the flags mean', () => {
  const { text } = renderPanel(outcomesPanel, stormModel(STORM));
  expect(text).toContain('shoppers as-it-happened');
  expect(text).toMatch(/504 83\.\d % 200 15\.\d %/);
  expect(text).toMatch(/UT 83\.\d % upstream timeout/);
});
