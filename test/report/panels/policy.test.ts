import { expect, test } from 'vitest';
import { policyPanel } from '../../../src/report/panels/policy.ts';
import { stormModel } from '../fixture.ts';
import { renderPanel } from '../render-panel.ts';
import { tracedModel } from '../traced-model.ts';

test('says for each edge what is set, where, and keeps defaults apart', () => {
  const { text } = renderPanel(policyPanel, tracedModel());
  expect(text).toMatch(/orders → payments 2 proxies/);
  expect(text).toMatch(/per-try timeout 100ms retries\.yaml:9/);
  expect(text).toMatch(/shoppers → orders one proxy Nothing is set for this edge/);
  expect(text).toMatch(/load balancer least-request default of istio/);
});

test('shows equal policies once', () => {
  const { text } = renderPanel(policyPanel, tracedModel());
  expect(text).toContain('In all runs');
  expect(text.match(/100ms/g)).toHaveLength(1);
});

test('shows different policies side by side', () => {
  const model = tracedModel();
  const [first, second] = model.runs;
  const policy = second!.policy?.map((edge) => ({
    ...edge,
    settings: edge.settings.map((item) =>
      item.value === '100ms' ? { ...item, value: '1s' } : item,
    ),
  }));
  const { text } = renderPanel(policyPanel, { ...model, runs: [first!, { ...second!, policy }] });
  expect(text).toMatch(/per-try timeout 100ms retries\.yaml:9 1s retries\.yaml:9/);
});

test('is left out where no policy is known', () => {
  expect(renderPanel(policyPanel, stormModel()).markup).toBeNull();
});
