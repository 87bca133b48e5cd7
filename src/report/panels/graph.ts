/**
 * The call graph of each run, coloured by health, at a moment that the reader picks.
 *
 * Drawn as it is at the end of the run; the slider steps through the frames of `graph-frames.ts`.
 * Health is said by colour, by the line's pattern and in words.
 */
import { type Html, html, scriptJson } from '../escape.ts';
import { formatSeconds } from '../format.ts';
import {
  frameCount,
  framesOf,
  frameWords,
  type GraphFrame,
  type GraphState,
  greatestRate,
  HEALTH_WORDS,
  type Health,
} from '../graph-frames.ts';
import {
  layoutGraph,
  NODE_HEIGHT,
  NODE_WIDTH,
  type PlacedEdge,
  type PlacedGraph,
  type PlacedNode,
} from '../graph-layout.ts';
import { faultsAcross, type ReportView, type RunView, runClass } from '../view.ts';
import type { Panel } from './panel.ts';

const MAX_NODES = 60;
/** Wider drawings stand one below the other. */
const SIDE_BY_SIDE = 540;
/** Smaller than this share of its size the text of a drawing is not legible; it scrolls instead. */
const SMALLEST = 0.7;
const HEALTHS: readonly Health[] = ['good', 'fair', 'poor', 'idle'];

export const graphPanel: Panel = {
  id: 'graph',
  title: 'Service graph',
  render(view) {
    const { names, edges } = callGraph(view.drawn);
    if (edges.length === 0) return null;
    if (names.length > MAX_NODES) {
      return html`<p class="note">${names.length} services are too many to draw as one picture; the edges stand in summary.json.</p>`;
    }
    const placed = layoutGraph(names, edges);
    const count = frameCount(names.length + edges.length, view.drawn.length);
    const greatest = greatestRate(view.drawn.map((run) => run.timeline));
    const frames = view.drawn.map((run) =>
      framesOf(run.timeline, names, placed.edges, count, greatest),
    );
    return html`<p class="lead">Rates are attempts per second, with attempts per request below.</p>
${controls(view, frames[0] ?? [])}
<ul class="key">${HEALTHS.map((health) => html`<li class="${health}"><svg width="26" height="10" aria-hidden="true"><path class="arrow" d="M1 5H25"/></svg>${HEALTH_WORDS[health]}</li>`)}</ul>
<div class="graphs ${placed.width > SIDE_BY_SIDE ? 'wide' : ''}">${view.drawn.map((run, index) => drawing(run, placed, frames[index]?.at(-1)))}</div>
<script type="application/json" id="graph-data">${scriptJson(frames.map(packed))}</script>`;
  },
};

interface CallGraph {
  readonly names: readonly string[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

function callGraph(runs: readonly RunView[]): CallGraph {
  const edges = new Map<string, { from: string; to: string }>();
  for (const { from, to } of runs.flatMap((run) => run.timeline.edges)) {
    edges.set(JSON.stringify([from, to]), { from, to });
  }
  const names = new Set([...edges.values()].flatMap(({ from, to }) => [from, to]));
  return { names: [...names], edges: [...edges.values()] };
}

/** A slider over the frames, and buttons for the moments that matter. */
function controls(view: ReportView, frames: readonly GraphFrame[]): Html {
  const last = frames.length - 1;
  const words = frames[last] === undefined ? '' : frameWords(frames[last]);
  return html`<div class="moment"><label for="graph-moment">Moment</label>
<input type="range" id="graph-moment" min="0" max="${last}" value="${last}" step="1" aria-valuetext="${words}">
<output id="graph-words" for="graph-moment">${words}</output>
<span class="moments">${moments(view, frames).map(({ name, index }) => html`<button type="button" data-frame="${index}">${name}</button>`)}</span></div>`;
}

function moments(view: ReportView, frames: readonly GraphFrame[]) {
  const named = [{ name: 'start', index: 0 }];
  const [first] = faultsAcross(view.drawn);
  if (first !== undefined && Number.isFinite(first.endS)) {
    const middle = (first.startS + first.endS) / 2;
    named.push({ name: `during ${first.id}`, index: frameAt(frames, middle) });
    const after = first.endS + (first.endS - first.startS) / 2;
    named.push({
      name: `${formatSeconds(after - first.endS)} after it`,
      index: frameAt(frames, after),
    });
  }
  return [...named, { name: 'end', index: frames.length - 1 }];
}

function frameAt(frames: readonly GraphFrame[], second: number): number {
  const found = frames.findIndex((frame) => second < frame.toS);
  return found < 0 ? frames.length - 1 : found;
}

/** For the page: per frame its words, then per element health, level and lines. */
function packed(frames: readonly GraphFrame[]) {
  const state = ({ health, level, lines }: GraphState) => [
    health,
    Number(level.toFixed(2)),
    ...lines,
  ];
  return frames.map((frame) => ({
    words: frameWords(frame),
    nodes: frame.nodes.map(state),
    edges: frame.edges.map(state),
  }));
}

function drawing(run: RunView, placed: PlacedGraph, frame: GraphFrame | undefined): Html {
  const { width, height } = placed;
  return html`<figure class="graph ${runClass(run.index)}" data-run="${run.index}">
<figcaption><span class="chip" aria-hidden="true"></span>${run.label}</figcaption>
<div class="scroll" role="region" aria-label="Service graph of ${run.label}" tabindex="0">
<svg viewBox="0 0 ${width} ${height}" style="min-width:${Math.round(width * SMALLEST)}px;max-width:${width}px" role="img" aria-label="Calls between the services of ${run.label}, coloured by health">
<defs><marker id="head-${run.index}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="context-stroke"/></marker></defs>
${placed.edges.map((edge, index) => arrow(edge, frame?.edges[index], run.index))}
${placed.nodes.map((node, index) => box(node, frame?.nodes[index]))}
</svg></div></figure>`;
}

function arrow(edge: PlacedEdge, state: GraphState | undefined, run: number): Html {
  const [rate = '', factor = ''] = state?.lines ?? [];
  const width = (1.5 + 4 * (state?.level ?? 0)).toFixed(1);
  return html`<g class="edge ${state?.health ?? 'idle'}"><path class="arrow" d="${pathThrough(edge.points)}" stroke-width="${width}" marker-end="url(#head-${run})"/>
<text x="${round(edge.x)}" y="${round(edge.y - 8)}">${rate}</text><text class="second" x="${round(edge.x)}" y="${round(edge.y + 16)}">${factor}</text></g>`;
}

function box(node: PlacedNode, state: GraphState | undefined): Html {
  const left = round(node.x - NODE_WIDTH / 2);
  const top = round(node.y - NODE_HEIGHT / 2);
  const [first = '', second = ''] = state?.lines ?? [];
  const gaugeLeft = round(node.x - NODE_WIDTH / 2 + 12);
  const gaugeTop = round(node.y + 24);
  const filled = round((NODE_WIDTH - 24) * (state?.level ?? 0));
  return html`<g class="node ${state?.health ?? 'idle'}"><rect class="box" x="${left}" y="${top}" width="${NODE_WIDTH}" height="${NODE_HEIGHT}" rx="8"/>
<text x="${round(node.x)}" y="${round(node.y - 15)}">${clipped(node.name)}<title>${node.name}</title></text><text class="second" x="${round(node.x)}" y="${round(node.y + 2)}">${first}</text><text class="second" x="${round(node.x)}" y="${round(node.y + 17)}">${second}</text>
<rect class="gauge" x="${gaugeLeft}" y="${gaugeTop}" width="${NODE_WIDTH - 24}" height="4" rx="2"/><rect class="filled" x="${gaugeLeft}" y="${gaugeTop}" width="${filled}" height="4" rx="2"/></g>`;
}

/** A smooth line: straight to the first middle, then curves whose corners are the points. */
function pathThrough(points: readonly { readonly x: number; readonly y: number }[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  let path = `M${round(first.x)} ${round(first.y)}`;
  for (const [index, point] of rest.entries()) {
    const next = rest[index + 1];
    if (next === undefined) path += `L${round(point.x)} ${round(point.y)}`;
    else
      path += `Q${round(point.x)} ${round(point.y)} ${between(point.x, next.x)} ${between(point.y, next.y)}`;
  }
  return path;
}

function between(a: number, b: number): number {
  return round((a + b) / 2);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function clipped(name: string): string {
  return name.length <= 18 ? name : `${name.slice(0, 17)}…`;
}
