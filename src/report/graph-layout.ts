/**
 * Places the boxes and arrows of a call graph, callers on the left. Positions only, no drawing.
 *
 * Deterministic: the same nodes and edges in the same order give the same picture, so the graphs of
 * all runs in a report can be compared place by place.
 */
import { Graph, layout } from '@dagrejs/dagre';

export interface PlacedNode {
  readonly name: string;
  /** Centre. */
  readonly x: number;
  readonly y: number;
}

export interface PlacedEdge {
  readonly from: string;
  readonly to: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** Where the label's centre is. */
  readonly x: number;
  readonly y: number;
}

export interface PlacedGraph {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
}

export const NODE_WIDTH = 150;
export const NODE_HEIGHT = 72;
const LABEL_WIDTH = 84;
const LABEL_HEIGHT = 36;

/**
 * A service that calls itself gets no arrow: a loop says nothing that its box does not.
 *
 * @param edges between names of the list
 */
export function layoutGraph(
  names: readonly string[],
  edges: readonly { readonly from: string; readonly to: string }[],
): PlacedGraph {
  const graph = new Graph({ directed: true });
  graph.setGraph({ rankdir: 'LR', nodesep: 22, ranksep: 34, marginx: 6, marginy: 6 });
  // The library keeps its nodes in plain objects, where a service named `__proto__` would be lost.
  const keys = new Map(names.map((name, index) => [name, `n${index}`]));
  const keyOf = (name: string): string => keys.get(name) ?? '';
  for (const key of keys.values()) {
    graph.setNode(key, { width: NODE_WIDTH, height: NODE_HEIGHT });
  }
  const drawn = edges.filter((edge) => edge.from !== edge.to);
  for (const { from, to } of drawn) {
    graph.setEdge(keyOf(from), keyOf(to), {
      width: LABEL_WIDTH,
      height: LABEL_HEIGHT,
      labelpos: 'c',
    });
  }
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width: Math.ceil(width),
    height: Math.ceil(height),
    nodes: names.map((name) => ({ name, ...centreOf(graph.node(keyOf(name))) })),
    edges: drawn.map(({ from, to }) => {
      const placed = graph.edge(keyOf(from), keyOf(to));
      return { from, to, points: placed.points ?? [], ...centreOf(placed) };
    }),
  };
}

function centreOf(placed: { readonly x?: number; readonly y?: number }): { x: number; y: number } {
  return { x: placed.x ?? 0, y: placed.y ?? 0 };
}
