/**
 * How retries multiply along a call path: two tiers of four tries each are sixteen at the bottom.
 *
 * Nobody in a chain sees the product; this finds the path on which it is greatest.
 */
import type { EdgeSummary } from '../core/summary.ts';

export interface AmplifiedPath {
  /** Callers first. */
  readonly names: readonly string[];
  /** Attempts at the end of the path per request at its start. */
  readonly factor: number;
}

/** The path with the greatest product of amplifications; null without edges. Cycles count once. */
export function mostAmplifiedPath(edges: readonly EdgeSummary[]): AmplifiedPath | null {
  let worst: AmplifiedPath | null = null;
  const known = new Map<string, AmplifiedPath>();
  for (const { from } of edges) {
    const path = pathFrom(from, edges, known, new Set());
    if (path.names.length > 1 && (worst === null || path.factor > worst.factor)) worst = path;
  }
  return worst;
}

function pathFrom(
  name: string,
  edges: readonly EdgeSummary[],
  known: Map<string, AmplifiedPath>,
  callers: ReadonlySet<string>,
): AmplifiedPath {
  const found = known.get(name);
  if (found !== undefined) return found;
  let best: AmplifiedPath = { names: [name], factor: 1 };
  for (const edge of edges) {
    if (edge.from !== name || edge.to === name || callers.has(edge.to)) continue;
    const rest = pathFrom(edge.to, edges, known, new Set([...callers, name]));
    const factor = edge.amplification * rest.factor;
    if (factor > best.factor) best = { names: [name, ...rest.names], factor };
  }
  known.set(name, best);
  return best;
}
