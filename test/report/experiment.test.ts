import { describe, expect, it } from 'vitest';
import { renderExperiment } from '../../src/report/experiment.ts';
import { experimentModel } from './experiment-fixture.ts';

const ASSETS = { plotly: 'QUJD' };

describe('the page of an experiment', () => {
  it('is the same every time, and shows what it is given as text', () => {
    const page = renderExperiment(experimentModel(), ASSETS);
    expect(renderExperiment(experimentModel(), ASSETS)).toBe(page);
    expect(page).not.toContain('</script><b>');
    expect(page).not.toContain('<i>');
    expect(page).toContain('<h1>A title &lt;/script&gt;&lt;b&gt;</h1>');
    expect(page.match(/<figure class="chart">/g)).toHaveLength(3);
    expect(page).toContain('From 1 to 3.');
    expect(page).toContain('default-src &#39;none&#39;');
  });

  it('carries the charting library only where there are charts', () => {
    const model = { ...experimentModel(), charts: [] };
    expect(renderExperiment(model, ASSETS)).not.toContain('QUJD');
    expect(renderExperiment(experimentModel(), ASSETS)).toContain('QUJD');
  });

  it('takes nothing but base64 for the library', () => {
    expect(() => renderExperiment(experimentModel(), { plotly: '</script>' })).toThrow('base64');
  });
});
