/**
 * The page's own script: draws the charts, keeps their x axes together, switches runs and themes,
 * moves the service graph through time.
 *
 * Plain JavaScript for browsers, kept as text because it is neither compiled nor bundled; it must
 * not hold a backtick, a dollar sign before a brace, or the end tag of a script. It reads only what
 * `html.ts` put into the page and asks the network for nothing.
 */
export const SCRIPT = `
(() => {
'use strict';
const byId = (id) => document.getElementById(id);
const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
const page = JSON.parse(byId('report-data').textContent);
const root = document.documentElement;
const hiddenRuns = new Set();
const drawn = [];
let Plotly = null;
let isFollowing = false;
let shownRange = page.rangeS.slice();

const color = (name) => getComputedStyle(root).getPropertyValue('--' + name).trim();
const plain = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

/* Times as in scenario files: 250ms, 30s, 1m30s, 2h. */
function timeWords(seconds) {
  if (seconds < 0) return '-' + timeWords(-seconds);
  if (seconds === 0) return '0s';
  if (seconds < 1) return Number((seconds * 1000).toPrecision(3)) + 'ms';
  const parts = [[86400, 'd'], [3600, 'h'], [60, 'm']];
  let rest = Number(seconds.toFixed(3));
  let words = '';
  for (const [size, unit] of parts) {
    const count = Math.floor(rest / size);
    if (count > 0) words += count + unit;
    rest = Number((rest - count * size).toFixed(3));
  }
  return rest > 0 ? words + rest + 's' : words;
}

const STEPS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120,
  300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 432000, 864000, 2592000, 7776000];

function ticks(range, width) {
  const most = Math.max(2, Math.floor(width / 70));
  const span = range[1] - range[0];
  const step = STEPS.find((size) => span / size <= most) || span / most;
  const values = [];
  for (let n = Math.ceil(range[0] / step); n * step <= range[1] + step * 1e-6; n += 1) {
    values.push(Number((n * step).toFixed(6)));
  }
  return { tickvals: values, ticktext: values.map(timeWords) };
}

function valueTemplate(chart) {
  if (chart.scale === 'ratio') return '%{y:.1%}';
  if (chart.unit === '×') return '%{y:.2f}×';
  return '%{y:.4~r}' + (chart.unit === '' ? '' : ' ' + chart.unit);
}

function traces(chart) {
  return chart.series.map((series) => {
    const run = page.runs[series.run];
    const measure = chart.measures[series.measure];
    const name = (page.runs.length > 1 && !series.isShared ? run.label + ' · ' : '') + measure.name;
    return {
      type: 'scatter', mode: 'lines', name: plain(name), showlegend: false,
      x: page.timesS[series.run], y: page.columns[series.column], connectgaps: false,
      line: { width: measure.stroke === 'solid' ? 2 : 1.4, dash: measure.stroke, color: color(series.isShared ? 'muted' : 'run-' + run.color) },
      hovertemplate: valueTemplate(chart),
    };
  });
}

function bands(isLabelled) {
  const shapes = [];
  const annotations = [];
  for (const band of page.bands) {
    shapes.push({ type: 'rect', xref: 'x', yref: 'paper', x0: band.startS, x1: band.endS, y0: 0, y1: 1,
      fillcolor: color('band'), line: { width: 0 }, layer: 'below' });
    if (!isLabelled) continue;
    annotations.push({ x: band.startS, y: 1, xref: 'x', yref: 'paper', xanchor: 'left', yanchor: 'bottom',
      text: plain(band.label), showarrow: false, font: { size: 11, color: color('muted') } });
  }
  return { shapes, annotations };
}

function valueAxis(chart) {
  const axis = { fixedrange: true, gridcolor: color('grid'), zeroline: false, ticks: '', automargin: false,
    linecolor: color('line'), rangemode: 'tozero', nticks: 6 };
  if (chart.scale === 'ratio') return Object.assign(axis, { tickformat: '.0%', range: [0, 1.04] });
  if (chart.scale !== 'log') {
    const greatest = chart.series.reduce((most, series) =>
      page.columns[series.column].reduce((top, value) => Math.max(top, value || 0), most), 0);
    return Object.assign(axis, { tickformat: greatest >= 1000 ? '~s' : '~g', ticksuffix: chart.unit === '×' ? '×' : '',
      range: [0, Math.max(1, greatest) * 1.06] });
  }
  const values = [0.001, 0.01, 0.1, 1, 10, 100, 1000, 10000, 100000, 1000000];
  return Object.assign(axis, { type: 'log', rangemode: 'normal', tickvals: values,
    ticktext: values.map((ms) => (ms < 1000 ? ms + ' ms' : ms / 1000 + ' s')) });
}

function layout(chart, element) {
  const muted = color('muted');
  return Object.assign({
    autosize: true, height: element.clientHeight, margin: { l: 58, r: 14, t: page.bands.length > 0 ? 18 : 6, b: 26 },
    paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)', font: { size: 12, color: muted, family: 'system-ui, sans-serif' },
    hovermode: 'x unified', dragmode: matchMedia('(pointer: coarse)').matches ? false : 'zoom',
    hoverlabel: { bgcolor: color('panel'), bordercolor: color('line'), font: { color: color('text'), size: 12 } },
    xaxis: Object.assign({ range: shownRange.slice(), gridcolor: color('grid'), zeroline: false, tickmode: 'array',
      showspikes: true, spikemode: 'across', spikethickness: 1, spikedash: 'solid', spikecolor: muted,
      hoverformat: '.1~f', unifiedhovertitle: { text: '%{x} s' } }, ticks(shownRange, element.clientWidth)),
    yaxis: valueAxis(chart),
  }, bands(page.bands.length <= 6));
}

function isShown(series, element) {
  return (series.isShared || !hiddenRuns.has(series.run)) && !element.hiddenMeasures.has(series.measure);
}

async function draw(chart) {
  const element = byId(chart.id);
  element.hiddenMeasures = element.hiddenMeasures || new Set();
  const isFirst = !drawn.some((entry) => entry.chart === chart);
  await Plotly.react(element, traces(chart), layout(chart, element), { displayModeBar: false, responsive: true, doubleClick: false });
  if (isFirst) {
    drawn.push({ chart, element });
    element.on('plotly_relayout', (change) => followZoom(change));
    element.on('plotly_doubleclick', () => showRange(page.rangeS));
    for (const button of all('[data-for="' + chart.id + '"] button')) {
      button.addEventListener('click', () => toggleMeasure(chart, element, button));
    }
  }
  refreshVisibility({ chart, element });
}

function refreshVisibility({ chart, element }) {
  if (chart.series.length === 0) return;
  Plotly.restyle(element, { visible: chart.series.map((series) => isShown(series, element)) });
}

function toggleMeasure(chart, element, button) {
  const measure = Number(button.dataset.measure);
  const isOn = button.getAttribute('aria-pressed') === 'true';
  button.setAttribute('aria-pressed', String(!isOn));
  if (isOn) element.hiddenMeasures.add(measure);
  else element.hiddenMeasures.delete(measure);
  refreshVisibility({ chart, element });
}

function followZoom(change) {
  if (isFollowing) return;
  const from = change['xaxis.range[0]'];
  const to = change['xaxis.range[1]'];
  if (from !== undefined && to !== undefined) showRange([from, to]);
}

async function showRange(range) {
  shownRange = range.slice();
  isFollowing = true;
  await Promise.all(drawn.map(({ element }) => Plotly.relayout(element, Object.fromEntries(
    Object.entries(ticks(range, element.clientWidth)).map(([key, value]) => ['xaxis.' + key, value])
      .concat([['xaxis.range', range.slice()]])))));
  isFollowing = false;
}

async function redrawAll() {
  for (const { chart } of drawn.slice()) await draw(chart);
}

async function inflated(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).text();
}

async function loadPlotly() {
  const script = document.createElement('script');
  script.textContent = await inflated(byId('plotly').textContent);
  document.head.append(script);
  return window.Plotly;
}

function showProblem(error) {
  for (const element of all('.plot')) {
    element.style.height = 'auto';
    element.textContent = 'This browser cannot draw the chart (' + error.message + '). The figures stand in the tables.';
  }
}

function setUpBar() {
  byId('bar').hidden = false;
  for (const box of all('#runs input')) {
    box.addEventListener('change', () => {
      const run = Number(box.value);
      if (box.checked) hiddenRuns.delete(run);
      else hiddenRuns.add(run);
      if (Plotly) drawn.forEach(refreshVisibility);
      for (const figure of all('.graph')) figure.hidden = hiddenRuns.has(Number(figure.dataset.run));
    });
  }
  byId('whole').addEventListener('click', () => showRange(page.rangeS));
  if (byId('around')) byId('around').addEventListener('click', () => showRange(page.aroundS));
  byId('theme').addEventListener('click', () => {
    const isDark = getComputedStyle(root).colorScheme === 'dark';
    root.dataset.theme = isDark ? 'light' : 'dark';
    redrawAll();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redrawAll);
}

function setUpPrinting() {
  let before = null;
  addEventListener('beforeprint', () => {
    before = root.dataset.theme || '';
    root.dataset.theme = 'light';
    root.classList.add('printing');
    redrawAll();
  });
  addEventListener('afterprint', () => {
    if (before === '') delete root.dataset.theme;
    else root.dataset.theme = before;
    root.classList.remove('printing');
    redrawAll();
  });
}

function setUpGraph() {
  const slider = byId('graph-moment');
  if (!slider) return;
  const frames = JSON.parse(byId('graph-data').textContent);
  const show = (index) => {
    const words = frames[0][index].words;
    slider.value = String(index);
    slider.setAttribute('aria-valuetext', words);
    byId('graph-words').textContent = words;
    for (const figure of all('.graph')) {
      const frame = frames[Number(figure.dataset.run)][index];
      all('.edge', figure).forEach((group, at) => showState(group, 'edge', frame.edges[at]));
      all('.node', figure).forEach((group, at) => showState(group, 'node', frame.nodes[at]));
    }
  };
  slider.addEventListener('input', () => show(Number(slider.value)));
  for (const button of all('.moments button')) {
    button.addEventListener('click', () => show(Number(button.dataset.frame)));
  }
}

function showState(group, kind, state) {
  const [health, level, first = '', second = ''] = state;
  group.setAttribute('class', kind + ' ' + health);
  const texts = all('text', group);
  if (kind === 'edge') {
    texts[0].textContent = first;
    texts[1].textContent = second;
    all('path', group)[0].setAttribute('stroke-width', (1.5 + 4 * level).toFixed(1));
  } else {
    texts[1].textContent = first;
    texts[2].textContent = second;
    const full = Number(all('.gauge', group)[0].getAttribute('width'));
    all('.filled', group)[0].setAttribute('width', (full * level).toFixed(1));
  }
}

async function start() {
  setUpBar();
  setUpGraph();
  setUpPrinting();
  try {
    Plotly = await loadPlotly();
    for (const chart of page.charts) await draw(chart);
  } catch (error) {
    showProblem(error);
  }
  root.dataset.ready = 'true';
}
start();
})();
`;
