import { expect, test } from 'vitest';
import { graphPanel } from '../../../src/report/panels/graph.ts';
import { STORM, stormModel } from '../fixture.ts';
import { renderPanel } from '../render-panel.ts';

test('draws the same graph for each run, coloured by the health at its end', () => {
  const { markup } = renderPanel(graphPanel, stormModel());
  const [, storm = '', budget = ''] = (markup ?? '').split('<figure class="graph');
  expect(storm.match(/class="node poor"/g)).toHaveLength(4);
  expect(budget.match(/class="node good"/g)).toHaveLength(4);
  expect(budget.match(/class="edge good"/g)).toHaveLength(3);
});

test('health is said in words too', () => {
  const { text } = renderPanel(graphPanel, stormModel(STORM));
  expect(text).toContain('at least 99 % succeed');
  expect(text).toContain('during slow');
});

test('names of services are escaped', () => {
  const model = stormModel(STORM);
  const runs = model.runs.map((run) => {
    const edges = run.timeline.edges.map((edge) => ({ ...edge, to: `<b>${edge.to}` }));
    return { ...run, timeline: { ...run.timeline, edges } };
  });
  expect(renderPanel(graphPanel, { ...model, runs }).markup).not.toContain('<b>');
});

test('a graph too large to read is not drawn', () => {
  const model = stormModel(STORM);
  const runs = model.runs.map((run) => {
    const [edge] = run.timeline.edges;
    const edges = Array.from({ length: 100 }, (_, at) => ({ ...edge, from: 'hub', to: `s${at}` }));
    return { ...run, timeline: { ...run.timeline, edges } } as typeof run;
  });
  expect(renderPanel(graphPanel, { ...model, runs }).text).toContain('101 services are too many');
});
