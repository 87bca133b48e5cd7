/** An experiment's page with one chart of each kind, and text that tries to be markup. */
import type { ExperimentModel } from '../../src/report/experiment.ts';

export function experimentModel(): ExperimentModel {
  return {
    kind: 'sweep',
    title: 'A title </script><b>',
    findings: ['3 of 3 points', 'A second sentence.'],
    tone: 'good',
    charts: [
      {
        kind: 'lines',
        title: 'p99 & <more>',
        words: 'From 1 to 3.',
        xTitle: 'load (rps)',
        xs: [10, 20, 30],
        lines: [{ name: 'p99', values: [1, null, 3], low: [0.5, null, 2], high: [1.5, null, 4] }],
      },
      {
        kind: 'heat-map',
        title: 'p50',
        words: 'From 1 to 4.',
        xTitle: 'load',
        yTitle: 'workers',
        xs: ['10rps', '20rps'],
        ys: ['1', '2'],
        values: [
          [1, 2],
          [3, null],
        ],
      },
      {
        kind: 'intervals',
        title: 'B − A',
        words: 'One better, one the same.',
        xTitle: 'difference',
        rows: [
          { name: 'p99', centre: -20, low: -25, high: -15, margin: 1, tone: 'good' },
          { name: 'ok', centre: 0, low: -0.1, high: 0.1, margin: 1, tone: 'muted' },
        ],
      },
    ],
    tables: [{ caption: 'All', headings: ['key', 'value'], rows: [['<i>', '1']] }],
    notes: ['A note.'],
    reproduce: 'meshquake sweep x --param "a=<1>"',
    version: '0.0.0',
  };
}
