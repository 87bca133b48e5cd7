/** Clients and their load, as the scenario file writes them. Source: scenario.md §2.4. */
import { z } from 'zod';
import { block } from './block.ts';
import { distribution } from './distribution.ts';
import { count, duration, headers, name, positiveDuration, rate, requireOne } from './scalars.ts';

const OPEN = block(
  {
    poisson: rate().optional(),
    constant: rate().optional(),
    bursts: block({ every: positiveDuration(), size: count(1, 1_000_000) }).optional(),
    stages: z
      .array(block({ at: duration(), rate: rate(), over: duration().optional() }))
      .optional(),
  },
  ['trace', 'repeat'],
).superRefine((open, context) => {
  const keys = ['poisson', 'constant', 'bursts'] as const;
  requireOne(
    context,
    keys,
    keys.filter((key) => open[key]),
  );
});

const CLOSED = block({
  users: count(0, 1_000_000),
  thinkTime: distribution().optional(),
  iterations: count(1, 1_000_000_000).optional(),
  stages: z
    .array(block({ at: duration(), users: count(0, 1_000_000), over: duration().optional() }))
    .optional(),
});

export const CLIENT = block(
  {
    to: z.string().meta({ description: 'The service called' }),
    method: z.string().optional(),
    path: z.string().startsWith('/').optional(),
    headers: headers().optional(),
    instances: count(1, 10_000)
      .optional()
      .meta({ description: 'Callers, each with its own proxy; the load is that of all together' }),
    open: OPEN.optional(),
    closed: CLOSED.optional(),
    source: block(
      {
        zone: z.string().optional().meta({ description: 'Where its callers stand' }),
        serviceAccount: name().optional().meta({ description: 'Who its callers are' }),
      },
      ['outside'],
    ).optional(),
    deadline: positiveDuration().optional(),
  },
  ['host', 'success', 'retries', 'sessions', 'mix'],
).superRefine((client, context) => {
  const keys = ['open', 'closed'] as const;
  requireOne(
    context,
    keys,
    keys.filter((key) => client[key]),
  );
});

export type ClientInput = z.output<typeof CLIENT>;
export type OpenInput = z.output<typeof OPEN>;
export type ClosedInput = z.output<typeof CLOSED>;
