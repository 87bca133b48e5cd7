import { expect, test } from 'vitest';
import { servicesPanel } from '../../../src/report/panels/services.ts';
import { stormModel } from '../fixture.ts';
import { renderPanel } from '../render-panel.ts';

test('draws services under strain and lists all of them', () => {
  const { charts, text } = renderPanel(servicesPanel, stormModel());
  expect(charts.charts[0]?.id).toBe('chart-queue-0');
  expect(text.indexOf('payments: requests waiting')).toBeGreaterThan(0);
  expect(text).toContain('payments as-it-happened 4 181,000 91 %');
});

test('versions of a service give way to its total', () => {
  const model = stormModel();
  const runs = model.runs.map((run) => {
    const services = run.timeline.services.flatMap((service) => [
      service,
      { ...service, version: 'v2' },
    ]);
    return { ...run, timeline: { ...run.timeline, services } };
  });
  const { text } = renderPanel(servicesPanel, { ...model, runs });
  expect(text).not.toContain('payments v2');
});
