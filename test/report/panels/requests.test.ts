import { expect, test } from 'vitest';
import { requestsPanel } from '../../../src/report/panels/requests.ts';
import { stormModel } from '../fixture.ts';
import { renderPanel } from '../render-panel.ts';
import { tracedModel } from '../traced-model.ts';

const { markup, text } = renderPanel(requestsPanel, tracedModel());

test('counts the ways to fail and shows each request with where its time went', () => {
  expect(text).toMatch(/\d+ requests of shoppers failed with 502/);
  expect(text).toMatch(/shoppers-[0-9a-f]{8} .* at \d\.\d{3} s/);
  expect(text).toMatch(/[\d.]+ % in the queue of payments-\d/);
});

test('says what failed first and how the request ended', () => {
  expect(text).toMatch(
    /First to fail: payments-\d try 1: per-try timeout; it waited .* in the queue/,
  );
  expect(text).toMatch(/orders-\d answered 502, because its call failed/);
  expect(text).toMatch(/shoppers got 502 after/);
});

test('draws a row for each try, and what the server did for nobody', () => {
  expect(text).toMatch(/try 1: payments-\d per-try timeout try 2: payments-\d/);
  expect(markup).toContain('class="slice queue"');
  expect(markup).toContain('class="slice wasted"');
});

test('bars stay within the request, in their order', () => {
  const bars = [...(markup ?? '').matchAll(/left:([\d.]+)%;width:([\d.]+)%/g)];
  expect(bars.length).toBeGreaterThan(100);
  for (const [, left, width] of bars) {
    expect(Number(left) + Number(width)).toBeLessThanOrEqual(100.02);
  }
});

test('opens the first run and its first failure only', () => {
  expect((markup ?? '').match(/<details class="run[^>]* open>/g)).toHaveLength(1);
});

test('is left out where no request was followed', () => {
  expect(renderPanel(requestsPanel, stormModel()).markup).toBeNull();
});
