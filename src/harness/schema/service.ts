/**
 * Services and the calls they make, as the scenario file writes them. Source: scenario.md §2.2, 2.3.
 */
import { z } from 'zod';
import { block, choice } from './block.ts';
import { distribution } from './distribution.ts';
import {
  addIssue,
  count,
  DNS_LABEL,
  headers,
  name,
  positiveDuration,
  ratio,
  requireOne,
  size,
} from './scalars.ts';

const RETRIES_ARE_POLICY = ['retries', 'hedge'];

const CALL = block(
  {
    to: z.string().meta({ description: 'The service called' }),
    method: z.string().optional(),
    path: z.string().startsWith('/').optional(),
    headers: headers().optional(),
    bodySize: size().optional(),
    share: ratio().optional().meta({ description: 'Share of the requests that make this call' }),
    times: count(1, 1000).optional(),
    timeout: positiveDuration().optional().meta({ description: "The application's own limit" }),
    onError: choice(['fail', 'ignore'], ['fallback']).optional(),
  },
  ['forward', 'choose', 'async', 'depth', ...RETRIES_ARE_POLICY],
);

const PARALLEL = block(
  {
    parallel: z
      .array(z.union([z.string(), CALL], { error: 'must be the name of a service or a call' }))
      .min(1),
    wait: choice(['all', 'any']).optional(),
  },
  ['choose', 'async'],
);

/** A step of `calls`: a service name, one call, or several at once. */
export const CALL_STEP = z
  .union([z.string(), CALL, PARALLEL], {
    error: 'must be the name of a service, a call with "to", or a map with "parallel"',
  })
  .meta({ id: 'call-step' });

export type CallStepInput = z.output<typeof CALL_STEP>;
export type CallInput = z.output<typeof CALL>;

const KEY_COUNT = () => count(1, 1_000_000);

const CACHE = block(
  {
    key: z
      .union(
        [
          z.string(),
          block({
            uniform: KEY_COUNT().optional(),
            zipf: block({ s: z.number().min(0).max(10), of: KEY_COUNT() }).optional(),
          }).superRefine((key, context) => {
            const kinds = ['uniform', 'zipf'] as const;
            requireOne(
              context,
              kinds,
              kinds.filter((kind) => key[kind]),
            );
          }),
        ],
        { error: 'must be "path", the name of a header, or a map with "uniform" or "zipf"' },
      )
      .optional()
      .meta({ description: 'What tells answers apart; "path" by default' }),
    ttl: positiveDuration().optional().meta({ description: 'For ever by default' }),
    scope: choice(['instance', 'shared']).optional(),
    coalesce: z.boolean().optional().meta({ description: 'One fetch per key and instance' }),
    onError: choice(['keep', 'delete', 'stale']).optional(),
    warm: ratio().optional().meta({ description: 'Share of the drawn keys there at the start' }),
  },
  ['entries'],
);
export type CacheInput = z.output<typeof CACHE>;

/** What a version may override, and a service may say for all of them. */
const BEHAVIOUR = {
  labels: z.record(z.string(), z.string()).optional(),
  instances: count(0, 10_000).optional().meta({ description: 'Endpoints; 1 by default' }),
  zones: z
    .array(z.string())
    .min(1)
    .optional()
    .meta({ description: 'Where instances stand, in turn; all zones by default' }),
  workers: count(1, 1_000_000)
    .optional()
    .meta({ description: 'Requests in progress per instance; unlimited by default' }),
  queue: z
    .union(
      [
        count(0, 1_000_000_000),
        block(
          {
            limit: count(0, 1_000_000_000).optional(),
            discipline: choice(['fifo'], ['lifo', 'codel', 'priority']).optional(),
          },
          ['priority', 'maxWait', 'rejectTime', 'durable'],
        ),
      ],
      { error: 'must be a limit or a map with "limit"' },
    )
    .optional()
    .meta({ description: 'Requests waiting per instance; unlimited by default' }),
  serviceTime: distribution().optional(),
  errors: z
    .array(block({ status: count(200, 599), ratio: ratio() }, ['conflict']))
    .superRefine(checkErrorRatios)
    .optional(),
  responseSize: size().optional(),
  onAbandon: choice(['keep-working', 'skip-queued', 'cancel']).optional(),
  calls: z.array(CALL_STEP).optional(),
  cache: CACHE.optional(),
  connections: block({
    setupTime: positiveDuration().meta({
      description: 'What accepting a connection costs an instance, one after another',
    }),
    backlog: count(1, 1_000_000)
      .optional()
      .meta({ description: 'Connections waiting to be accepted; unlimited by default' }),
  }).optional(),
};

const NOT_BUILT = ['cores', 'handlers', 'memory', 'startup', 'readiness', 'drain', 'autoscaler'];

const VERSION = block(BEHAVIOUR, [...NOT_BUILT, 'namespace', 'ports', 'serviceAccount']);

export const SERVICE = block(
  {
    namespace: name().optional(),
    ports: z
      .record(
        z.string().regex(DNS_LABEL, { error: 'must be a port name such as "http"' }),
        count(1, 65_535),
      )
      .optional()
      .meta({ description: "Port names to numbers; the name's beginning gives the protocol" }),
    serviceAccount: name().optional(),
    ...BEHAVIOUR,
    versions: z.record(name(), VERSION).optional(),
  },
  NOT_BUILT,
);

export type ServiceInput = z.output<typeof SERVICE>;
export type VersionInput = z.output<typeof VERSION>;

function checkErrorRatios(
  errors: readonly { readonly ratio: number }[],
  context: z.core.$RefinementCtx,
): void {
  const sum = errors.reduce((total, error) => total + error.ratio, 0);
  if (sum <= 1 + 1e-9) return;
  addIssue(context, 'MQ-FIELD-005', `add up to ${sum}, more than all requests`);
}
