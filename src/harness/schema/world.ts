/** The network, the data plane and the mesh's defaults. Source: scenario.md §2.1, §2.5. */
import { z } from 'zod';
import { block, choice } from './block.ts';
import { distribution } from './distribution.ts';
import { name, ratio } from './scalars.ts';

const LINK = { latency: distribution().optional(), loss: ratio().optional() };
const NOT_BUILT = ['bandwidth', 'connections', 'queue', 'shared'];

export const NETWORK = block({
  default: block(LINK, NOT_BUILT).optional(),
  links: z
    .array(
      block(
        {
          from: z.string().meta({ description: 'A service, client, zone, region or "*"' }),
          to: z.string().meta({ description: 'A service, client, zone, region or "*"' }),
          ...LINK,
        },
        NOT_BUILT,
      ),
    )
    .optional(),
});
export type NetworkInput = z.output<typeof NETWORK>;

const KINDS = ['none', 'sidecar', 'linkerd'] as const;
const KINDS_NOT_BUILT = ['ambient', 'consul', 'app-mesh', 'cilium'];

export const DATA_PLANE = z.union(
  [
    choice(KINDS, KINDS_NOT_BUILT),
    block({
      kind: choice(KINDS, KINDS_NOT_BUILT),
      overhead: z
        .string()
        .optional()
        .meta({ description: 'Profile of what proxies cost; "none" = free' }),
    }),
  ],
  { error: 'must be the name of a data plane or a map with "kind"' },
);
export type DataPlaneInput = z.output<typeof DATA_PLANE>;

export const MESH_DEFAULTS = block(
  {
    product: choice(['istio-1.28']).optional(),
    rootNamespace: name().optional(),
    trustDomain: z.string().optional(),
  },
  ['outboundTrafficPolicy'],
);
export type MeshDefaultsInput = z.output<typeof MESH_DEFAULTS>;
