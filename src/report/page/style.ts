/**
 * The page's style sheet. Colours are custom properties in two themes; print is always light.
 *
 * Run colours are told apart with the common forms of colour blindness and have at least three to
 * one contrast with the background in either theme; health is also said in words and patterns.
 */

interface Theme {
  readonly [property: string]: string;
}

const LIGHT: Theme = {
  page: '#ffffff',
  panel: '#f6f7f9',
  line: '#d5d9e0',
  text: '#1b2129',
  muted: '#5a6472',
  link: '#0b5cad',
  grid: '#e3e6eb',
  band: 'rgba(120, 130, 150, 0.17)',
  good: '#00734f',
  'good-soft': '#d9f2e8',
  fair: '#8a5a00',
  'fair-soft': '#fdeecb',
  bad: '#b3261e',
  'bad-soft': '#fbe2df',
  'run-0': '#c2410c',
  'run-1': '#0068b3',
  'run-2': '#00805c',
  'run-3': '#a8378b',
  'run-4': '#8a6d00',
  'run-5': '#4b5563',
  'run-6': '#6d4bd0',
  'run-7': '#0e8496',
};

const DARK: Theme = {
  page: '#12161c',
  panel: '#1a2028',
  line: '#343d49',
  text: '#e6eaf0',
  muted: '#a3aebc',
  link: '#7cc0ff',
  grid: '#29313b',
  band: 'rgba(160, 175, 200, 0.17)',
  good: '#5fd6a8',
  'good-soft': '#11382b',
  fair: '#f2c14e',
  'fair-soft': '#3b2f0f',
  bad: '#ff9187',
  'bad-soft': '#451b19',
  'run-0': '#ff8a4c',
  'run-1': '#5cb3ff',
  'run-2': '#35c796',
  'run-3': '#e986cb',
  'run-4': '#e3c13f',
  'run-5': '#b3bdca',
  'run-6': '#b09bff',
  'run-7': '#4fd0e0',
};

function properties(theme: Theme): string {
  return Object.entries(theme)
    .map(([name, value]) => `--${name}:${value};`)
    .join('');
}

const RUNS = [0, 1, 2, 3, 4, 5, 6, 7]
  .map((run) => `.run-${run}{--run:var(--run-${run})}`)
  .join('\n');

export const STYLE = `
:root{color-scheme:light;${properties(LIGHT)}}
@media (prefers-color-scheme:dark){:root:not([data-theme=light]){color-scheme:dark;${properties(DARK)}}}
:root[data-theme=dark]{color-scheme:dark;${properties(DARK)}}
${RUNS}
.run-none{--run:var(--line)}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
code{font:0.92em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
a{color:var(--link)}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-9999px}
.skip:focus{left:8px;top:8px;z-index:9;background:var(--page);padding:8px}
header,main,footer{max-width:1200px;margin:0 auto;padding:0 24px}
header{padding-top:32px}
.eyebrow{margin:0;color:var(--muted);font-size:13px}
h1{margin:2px 0 6px;font-size:30px;line-height:1.2;letter-spacing:-0.015em}
h2{margin:0 0 4px;font-size:20px;letter-spacing:-0.01em}
h3{margin:0;font-size:16px;display:flex;align-items:center;gap:8px;overflow-wrap:anywhere}
.description{margin:0 0 4px;max-width:72ch}
.source{margin:0;color:var(--muted);font-size:13px;overflow-wrap:anywhere}
.command{display:flex;gap:10px;align-items:baseline;margin:14px 0 0;font-size:13px;color:var(--muted)}
.command code{flex:1;background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:5px 10px;color:var(--text);user-select:all}
.bar{position:sticky;top:0;z-index:5;background:var(--page);border-bottom:1px solid var(--line)}
.bar>div{max-width:1200px;margin:0 auto;padding:8px 24px;display:flex;flex-wrap:wrap;gap:6px 18px;align-items:center;justify-content:space-between;font-size:13px}
nav{display:flex;flex-wrap:wrap;gap:2px 16px;margin:14px 0 6px;font-size:13px}
nav a{text-transform:capitalize}
.bar fieldset{border:0;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:4px 14px}
.bar legend{float:left;padding:0;margin-right:10px;color:var(--muted)}
.bar label{display:inline-flex;align-items:center;gap:6px;cursor:pointer}
.bar label input{accent-color:var(--run);margin:0}
button{font:inherit;font-size:13px;color:var(--text);background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:2px 10px;cursor:pointer}
button:hover{border-color:var(--muted)}
.chip{display:inline-block;flex:none;width:12px;height:12px;border-radius:3px;background:var(--run)}
section{margin:0;padding:30px 0 0;scroll-margin-top:40px}
section+section{margin-top:4px}
.lead{margin:0 0 10px;color:var(--muted)}
.note{margin:8px 0;color:var(--muted);font-size:13px}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:16px}
.card{background:var(--panel);border:1px solid var(--line);border-left:5px solid var(--run);border-radius:10px;padding:16px 18px;display:flex;flex-direction:column;gap:8px}
.card p{margin:0}
.badge{display:inline-flex;align-items:center;gap:6px;font-weight:650;border-radius:6px;white-space:nowrap}
.badge.large{font-size:20px;padding:2px 12px 2px 10px}
.badge.small{font-size:13px;padding:0 8px}
.badge.good{color:var(--good);background:var(--good-soft)}
.badge.bad{color:var(--bad);background:var(--bad-soft)}
.badge.unsure{color:var(--fair);background:var(--fair-soft)}
.declared{color:var(--muted);font-size:13px;margin-left:6px}
.declared.surprise{color:var(--bad);font-weight:600}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(118px,1fr));gap:10px 16px;margin:6px 0 0}
.figures dt{font-size:12px;color:var(--muted)}
.figures dd{margin:0;font-size:19px;font-weight:600;font-variant-numeric:tabular-nums;line-height:1.3}
.figures dd small{display:block;font-size:12px;font-weight:400;color:var(--muted)}
.card ul{margin:0;padding-left:20px;font-size:13px}
.identity{font-size:12px;color:var(--muted);margin-top:auto!important;padding-top:6px}
.charts{display:grid;gap:22px 28px;grid-template-columns:minmax(0,1fr)}
.chart,.graph{margin:0;min-width:0}
.chart figcaption{display:flex;flex-wrap:wrap;justify-content:space-between;gap:4px 16px;align-items:center;margin-bottom:2px}
.chart-title{font-weight:600;font-size:14px}
.legend{display:inline-flex;flex-wrap:wrap;gap:4px}
.legend button{display:inline-flex;align-items:center;gap:6px;background:none;border-color:transparent;padding:0 6px;color:var(--muted)}
.legend button[aria-pressed=false]{text-decoration:line-through;opacity:.75}
.plot{height:230px;min-width:0}
.many .plot{height:200px}
.alt{margin:4px 0 0;padding:0 0 0 6px;list-style:none;font-size:13px;color:var(--muted);display:grid;gap:1px 18px;grid-template-columns:repeat(auto-fit,minmax(min(100%,380px),1fr))}
.alt li{display:flex;gap:7px;align-items:baseline}
.alt b{font-weight:600;color:var(--text);margin-right:3px}
.alt .chip{width:9px;height:9px}
.quantiles{margin:14px 0 0}
.quantiles figcaption{font-weight:600;font-size:14px}
.quantiles svg{width:100%;max-width:760px;height:auto;font-size:12px}
.quantiles text{fill:var(--muted)}
.tick{stroke:var(--line)}
.curve{fill:none;stroke:var(--run);stroke-width:2}
.scroll{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;font-size:13px;width:100%;font-variant-numeric:tabular-nums;margin-top:10px}
caption{text-align:left;color:var(--muted);padding:4px 0;font-size:13px}
th,td{text-align:left;vertical-align:top;padding:5px 14px 5px 0;border-bottom:1px solid var(--line)}
td code{display:inline-block;min-width:17ch}
th{font-weight:600;white-space:nowrap}
tbody tr:last-child td{border-bottom:0}
.run-name{display:inline-flex;align-items:center;gap:6px;white-space:nowrap}
.count{display:inline-block;margin-right:10px}
.count small{color:var(--muted)}
.limits{margin:0;padding-left:20px}
.facts{margin:10px 0 0;font-size:13px;display:grid;gap:2px}
.facts div{display:flex;gap:10px}
.facts dt{flex:none;min-width:110px;color:var(--muted)}
.facts dt::first-letter{text-transform:uppercase}
.facts dd{margin:0}
.moment{display:flex;flex-wrap:wrap;gap:6px 12px;align-items:center;font-size:13px;margin-bottom:6px}
.moment input{flex:1;min-width:140px;max-width:420px;accent-color:var(--link)}
.moment output{min-width:14ch;font-variant-numeric:tabular-nums}
.moments{display:inline-flex;flex-wrap:wrap;gap:4px}
.key{display:flex;flex-wrap:wrap;gap:2px 18px;list-style:none;margin:0 0 8px;padding:0;font-size:13px;color:var(--muted)}
.key li{display:inline-flex;gap:6px;align-items:center}
.graphs{display:grid;gap:16px;grid-template-columns:repeat(auto-fit,minmax(min(100%,560px),1fr))}
.graph{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:10px 12px}
.graph figcaption{display:flex;gap:8px;align-items:center;font-weight:600;font-size:14px;margin-bottom:6px}
.graph svg{display:block;width:100%;height:auto}
.graphs.wide{grid-template-columns:minmax(0,1fr)}
.graph text{fill:var(--text);font-size:13px;text-anchor:middle;font-variant-numeric:tabular-nums}
.graph .node text{font-weight:600}
.graph .node .second,.graph .second{font-weight:400;font-size:12px;fill:var(--muted)}
.arrow{fill:none;stroke:var(--tone)}
.key .arrow{stroke-width:3}
.box{fill:var(--soft);stroke:var(--tone);stroke-width:2}
.gauge{fill:var(--line)}
.filled{fill:var(--tone)}
.good{--tone:var(--good);--soft:var(--good-soft)}
.fair{--tone:var(--fair);--soft:var(--fair-soft)}
.poor{--tone:var(--bad);--soft:var(--bad-soft)}
.idle{--tone:var(--muted);--soft:var(--page)}
.fair .arrow{stroke-dasharray:10 4}
.poor .arrow{stroke-dasharray:4 3}
.idle .arrow{stroke-dasharray:1 5}
.poor .box{stroke-width:3}
details{margin:6px 0}
summary{cursor:pointer}
details.run>summary{font-weight:600;padding:4px 0}
details.request{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:6px 12px}
.request .why{color:var(--muted);font-size:13px;margin-left:10px}
.waterfall{font-size:12px;margin:6px 0;display:grid;gap:1px}
.try{display:grid;grid-template-columns:minmax(110px,200px) minmax(0,1fr) minmax(70px,130px);gap:8px;align-items:center}
.try .name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.try .track{position:relative;height:14px;background:var(--page);border:1px solid var(--line);border-radius:3px;overflow:hidden}
.try .end{color:var(--muted)}
.try .end.failed{color:var(--bad)}
.track .slice{position:absolute;top:0;bottom:0;min-width:1px}
.slices .slice{display:inline-block;width:22px;height:12px;border-radius:2px}
.slice{background:var(--slice)}
.slice.backoff{--slice:var(--run-4)}
.slice.injected-delay{--slice:var(--run-3)}
.slice.connection{--slice:var(--run-5)}
.slice.proxy{--slice:var(--run-6)}
.slice.network{--slice:var(--run-1)}
.slice.queue{--slice:var(--run-0)}
.slice.service{--slice:var(--run-2)}
.slice.other{background:repeating-linear-gradient(90deg,var(--line) 0 3px,transparent 3px 6px)}
.slice.wasted{background:repeating-linear-gradient(135deg,var(--bad) 0 2px,transparent 2px 6px)}
.causes{margin:6px 0;font-size:13px}
.in-all{font-weight:600}
.origin{color:var(--muted);font-size:12px;overflow-wrap:anywhere}
footer{margin-top:36px;padding-top:14px;padding-bottom:40px;color:var(--muted);font-size:13px}
.plotly-notifier{display:none}
[hidden]{display:none!important}
@media (min-width:1000px){.many{grid-template-columns:repeat(2,minmax(0,1fr))}}
@media (max-width:640px){header,main,footer,.bar>div{padding-left:14px;padding-right:14px}
h1{font-size:24px}.bar{position:static}nav{gap:2px 12px}.command{flex-direction:column;gap:4px}.command code{width:100%}}
.printing body{width:700px}
.printing .many{grid-template-columns:minmax(0,1fr)}
@media print{:root,:root[data-theme=dark]{color-scheme:light;${properties(LIGHT)}}
body{font-size:12px}.bar,nav,.moments,.moment input,.skip{display:none}
header,main,footer{max-width:none;padding-left:0;padding-right:0}
.card,.chart,.graph,tr{break-inside:avoid}h2{break-after:avoid}.scroll{overflow:visible}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`;
