/**
 * The script of an experiment's page: draws its charts and switches the theme.
 *
 * Plain JavaScript for browsers, kept as text like `script.ts` and under the same rules: no backtick,
 * no dollar sign before a brace, no end tag of a script; it asks the network for nothing.
 */
export const EXPERIMENT_SCRIPT = `
(() => {
'use strict';
const byId = (id) => document.getElementById(id);
const charts = JSON.parse(byId('report-data').textContent);
const root = document.documentElement;
const color = (name) => getComputedStyle(root).getPropertyValue('--' + name).trim();
const plain = (text) => String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
let Plotly = null;

function axis(title, more) {
  return Object.assign({ title: { text: plain(title), standoff: 8 }, gridcolor: color('grid'), zeroline: false,
    linecolor: color('line'), automargin: true, fixedrange: true }, more);
}

function layout(chart, more) {
  return Object.assign({ autosize: true, margin: { l: 20, r: 20, t: 8, b: 20 }, paper_bgcolor: 'rgba(0,0,0,0)',
    plot_bgcolor: 'rgba(0,0,0,0)', font: { size: 12, color: color('muted'), family: 'system-ui, sans-serif' },
    showlegend: false, hoverlabel: { bgcolor: color('panel'), bordercolor: color('line'), font: { color: color('text') } } }, more);
}

function lines(chart) {
  const isNumeric = chart.xs.every((x) => typeof x === 'number');
  const xs = isNumeric ? chart.xs : chart.xs.map(plain);
  const traces = [];
  chart.lines.forEach((line, index) => {
    const tone = color('run-' + (index % 8));
    if (line.low.length > 0) {
      const edge = { x: xs, type: 'scatter', mode: 'lines', line: { width: 0 }, hoverinfo: 'skip' };
      traces.push(Object.assign({ y: line.low }, edge));
      traces.push(Object.assign({ y: line.high, fill: 'tonexty', fillcolor: color('band') }, edge));
    }
    traces.push({ x: xs, y: line.values, type: 'scatter', mode: 'lines+markers', name: plain(line.name),
      line: { color: tone, width: 2 }, marker: { color: tone, size: 7 }, hovertemplate: '%{x}: %{y:.4~g}<extra>' + plain(line.name) + '</extra>' });
  });
  const isNamed = chart.lines.length > 1;
  return { traces, layout: layout(chart, { xaxis: axis(chart.xTitle, isNumeric ? {} : { type: 'category' }),
    yaxis: axis('', {}), showlegend: isNamed, legend: { orientation: 'h', y: 1.12 } }) };
}

function heatMap(chart) {
  const isSmall = chart.xs.length * chart.ys.length <= 150;
  const trace = { type: 'heatmap', x: chart.xs.map(plain), y: chart.ys.map(plain), z: chart.values, colorscale: 'Viridis', hoverongaps: false,
    texttemplate: isSmall ? '%{z:.3~g}' : '', colorbar: { thickness: 12, outlinewidth: 0 },
    hovertemplate: plain(chart.xTitle) + ' %{x}<br>' + plain(chart.yTitle) + ' %{y}<br>%{z:.4~g}<extra></extra>' };
  return { traces: [trace], layout: layout(chart, { xaxis: axis(chart.xTitle, { type: 'category' }), yaxis: axis(chart.yTitle, { type: 'category' }) }) };
}

function intervals(chart) {
  const rows = chart.rows.slice().reverse();
  const names = rows.map((row) => plain(row.name));
  const trace = { type: 'scatter', mode: 'markers', x: rows.map((row) => row.centre), y: names,
    marker: { size: 10, color: rows.map((row) => color(row.tone)) },
    error_x: { type: 'data', symmetric: false, array: rows.map((row) => row.high - row.centre), arrayminus: rows.map((row) => row.centre - row.low), color: color('text'), thickness: 1.6, width: 5 },
    customdata: rows.map((row) => [row.low, row.high]), hovertemplate: '%{y}: %{x:.3~g} % (%{customdata[0]:.3~g} to %{customdata[1]:.3~g} %)<extra></extra>' };
  const shapes = rows.map((row, index) => ({ type: 'rect', xref: 'x', yref: 'y', x0: -row.margin, x1: row.margin, y0: index - 0.4, y1: index + 0.4,
    fillcolor: color('band'), line: { width: 0 }, layer: 'below' }));
  shapes.push({ type: 'line', xref: 'x', yref: 'paper', x0: 0, x1: 0, y0: 0, y1: 1, line: { color: color('muted'), width: 1 } });
  return { traces: [trace], layout: layout(chart, { xaxis: axis(chart.xTitle, { ticksuffix: ' %' }), yaxis: axis('', { type: 'category' }), shapes }) };
}

const DRAW = { lines, 'heat-map': heatMap, intervals };

async function drawAll() {
  for (const [index, chart] of charts.entries()) {
    const drawing = DRAW[chart.kind](chart);
    await Plotly.react(byId('chart-' + index), drawing.traces, drawing.layout, { displayModeBar: false, responsive: true });
  }
}

async function loadPlotly() {
  const bytes = Uint8Array.from(atob(byId('plotly').textContent), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  const script = document.createElement('script');
  script.textContent = await new Response(stream).text();
  document.head.append(script);
  return window.Plotly;
}

async function start() {
  const button = byId('theme');
  button.hidden = false;
  button.addEventListener('click', () => {
    root.dataset.theme = getComputedStyle(root).colorScheme === 'dark' ? 'light' : 'dark';
    if (Plotly) drawAll();
  });
  try {
    if (charts.length > 0) Plotly = await loadPlotly();
    if (charts.length > 0) await drawAll();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
  } catch (error) {
    for (const element of document.querySelectorAll('.plot')) {
      element.style.height = 'auto';
      element.textContent = 'This browser cannot draw the chart (' + error.message + '). The figures stand in the tables.';
    }
  }
  root.dataset.ready = 'true';
}
start();
})();
`;
