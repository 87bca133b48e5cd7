import { expect, test } from 'vitest';
import { verdictPanel } from '../../../src/report/panels/verdict.ts';
import { STORM, stormModel } from '../fixture.ts';
import { renderPanel } from '../render-panel.ts';

test('each run has a card with its verdict in words and the numbers behind it', () => {
  const { text } = renderPanel(verdictPanel, stormModel());
  expect(text).toContain('as-it-happened ✗ Did not recover as the scenario declares');
  expect(text).toContain('retry-budget ✓ Passed as the scenario declares');
  expect(text).toContain('Goodput at the end 10.8 rps of 359 rps before');
  expect(text).toContain('Attempts per request 13.34× shoppers → front → orders → payments');
  expect(text).toContain('seed 7f3a · digest a1b2c3d4e5f60718293a4b5c6d7e8f90');
});

test('expectations that broke stand in the card, a few of them', () => {
  const { text } = renderPanel(verdictPanel, stormModel(STORM));
  expect(text).toContain('recovery.metastable == false : true');
});

test('a verdict that was not declared is marked', () => {
  const { markup } = renderPanel(verdictPanel, stormModel({ ...STORM, declared: 'pass' }));
  expect(markup).toContain('class="declared surprise"');
});

test('many runs become a table', () => {
  const many = Array.from({ length: 12 }, (_, index) => ({ ...STORM, variant: `v${index}` }));
  const { markup, text } = renderPanel(verdictPanel, stormModel(...many));
  expect(markup).not.toContain('<article');
  expect(text).toContain('v11 ✗ Did not recover');
});
