/** The rows of the bench, in the order of the report. */
import { KERNEL_ROWS } from './kernel.ts';
import { MESH_ROWS } from './mesh.ts';
import { PROXY_ROWS } from './proxy.ts';
import type { Row } from './row.ts';
import { SCALE_ROWS } from './scale.ts';
import { SWEEP_ROWS } from './sweep.ts';

export const ROWS: readonly Row[] = [
  ...KERNEL_ROWS,
  ...MESH_ROWS,
  ...SCALE_ROWS,
  ...SWEEP_ROWS,
  ...PROXY_ROWS,
];
