/** All data planes that are built. */
import type { DataPlane } from './data-plane.ts';
import { linkerd } from './linkerd.ts';
import { none } from './none.ts';
import { sidecar } from './sidecar.ts';

export const DATA_PLANES: readonly DataPlane[] = [none, sidecar, linkerd];

/** @returns undefined when there is none of that kind */
export function findDataPlane(kind: string): DataPlane | undefined {
  return DATA_PLANES.find((plane) => plane.kind === kind);
}
