import { expect, test } from 'vitest';
import { displayWidth } from '../../src/core/printable.ts';
import { renderText } from '../../src/report/text.ts';
import { STORM, stormModel, stormRun } from './fixture.ts';

test('tells each run in words, numbers and lines over time', () => {
  const text = renderText(stormModel());
  expect(text).toContain('✗ as-it-happened: Did not recover (as the scenario declares)');
  expect(text).toContain('✓ retry-budget: Passed (as the scenario declares)');
  expect(text).toMatch(/ {2}goodput {6}██████▃▁+ at most \d+ rps/);
  expect(text).toMatch(/ {2}faults {7}······▒▒▒·+ slow/);
  expect(text).toContain('✗ recovery.metastable == false: true (0s to 8m)');
  expect(text.trimEnd().split('\n').at(-1)).toBe(
    'reproduce: meshquake run scenarios/retry-storm --variant all --seed 7f3a',
  );
});

test('keeps within 80 columns, whatever the input', () => {
  const run = stormRun({ ...STORM, variant: 'a-variant-with-a-rather-long-name'.repeat(4) });
  const text = renderText({ ...stormModel(), title: 'word '.repeat(60), runs: [run] });
  const lines = text.split('\n').filter((line) => !line.startsWith('reproduce: '));
  for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(80);
});

test('control characters of the input do not reach the terminal', () => {
  const text = renderText({
    ...stormModel(),
    title: '\u001b[31mred\u0007',
    reproduce: 'a\u001b[2Jb',
  });
  expect(text).not.toMatch(/(?!\n)\p{Cc}/u);
});
