/**
 * The shape of a scenario file, in zod: which keys there are, and of what type.
 *
 * What types cannot say (names that must exist, cycles, times that fit) is checked afterwards by
 * `checks/`. `scripts/write-schema.ts` exports it as JSON Schema for editors.
 * Source: scenario.md §2. Keys of the format that are not built yet are refused by name.
 */
import { z } from 'zod';
import { FAULT_KINDS } from '../faults/index.ts';
import { block } from './schema/block.ts';
import { CLIENT } from './schema/client.ts';
import { EXPECTATION, MESH_FILES, RECOVERY, VARIANTS } from './schema/expectation.ts';
import { faultSchema } from './schema/fault.ts';
import { IDENTITY } from './schema/identity.ts';
import { duration, locality, name, positiveDuration } from './schema/scalars.ts';
import { SERVICE } from './schema/service.ts';
import { DATA_PLANE, MESH_DEFAULTS, NETWORK } from './schema/world.ts';

const NOT_BUILT = [
  'nodes',
  'gateways',
  'external',
  'dns',
  'controlPlane',
  'operations',
  'script',
  'invariants',
];

export const SCENARIO = block(
  {
    meshquake: z.literal(1).meta({ description: 'Version of the format' }),
    title: z.string().optional(),
    description: z.string().optional(),
    source: z.string().optional().meta({ description: 'URL or document of the incident' }),
    duration: positiveDuration().meta({ description: 'Virtual time in all' }),
    warmUp: duration().optional().meta({ description: 'Not measured; 0s by default' }),
    epoch: z.string().optional().meta({ description: 'Wall clock at time 0' }),
    mesh: MESH_FILES.optional(),
    meshDefaults: MESH_DEFAULTS.optional(),
    dataPlane: DATA_PLANE.optional(),
    zones: z
      .array(locality())
      .optional()
      .meta({ description: 'Localities region/zone; services are spread over them in turn' }),
    services: z.record(name(), SERVICE),
    clients: z.record(name(), CLIENT),
    network: NETWORK.optional(),
    identity: IDENTITY.optional().meta({ description: 'Certificates of workloads; {} = mTLS' }),
    faults: z.array(faultSchema(FAULT_KINDS)).optional(),
    recovery: RECOVERY.optional(),
    expect: z.array(EXPECTATION).optional(),
    variants: VARIANTS.optional(),
  },
  NOT_BUILT,
);

/** A scenario file as read: units gone, names not yet checked. */
export type ScenarioInput = z.output<typeof SCENARIO>;
