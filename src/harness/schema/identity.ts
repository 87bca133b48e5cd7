/** The virtual PKI of a scenario. Source: scenario.md §2.5 (`identity`). */
import { z } from 'zod';
import { parseDurationNs } from '../../core/units.ts';
import { block } from './block.ts';
import { distribution } from './distribution.ts';
import { addIssue, duration, positiveDuration, ratio } from './scalars.ts';

const AUTHORITY = block(
  {
    lifetime: positiveDuration().optional(),
    age: duration().optional().meta({ description: 'At time 0' }),
  },
  ['renewAt', 'jitter', 'backdate'],
);

/** A duration that may begin with a minus. */
function offset() {
  return z
    .string()
    .transform((text, context): number => {
      const isBehind = text.startsWith('-');
      const parsed = parseDurationNs(isBehind ? text.slice(1) : text);
      if (parsed.ok) return isBehind ? -parsed.value : parsed.value;
      addIssue(context, 'MQ-FIELD-006', parsed.problem);
      return z.NEVER;
    })
    .meta({ type: 'string', description: 'Ahead; with "-" behind' });
}

export const IDENTITY = block({
  root: AUTHORITY.optional(),
  intermediate: AUTHORITY.optional().meta({ description: 'Signs workloads; none by default' }),
  leaf: block({
    lifetime: positiveDuration().optional().meta({ description: '24h by default' }),
    age: distribution()
      .optional()
      .meta({ description: 'At time 0; by default any until the first renewal' }),
    renewAt: ratio().optional().meta({ description: 'Share of the lifetime; 50% by default' }),
    jitter: ratio().optional().meta({ description: 'Of the lifetime, either way; 1% by default' }),
    backdate: duration().optional().meta({ description: '2m by default' }),
  }).optional(),
  clockOffset: z
    .record(z.string(), offset())
    .optional()
    .meta({ description: 'By service or client; "issuer" for whoever issues' }),
});

export type IdentityInput = z.output<typeof IDENTITY>;
