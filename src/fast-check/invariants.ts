/** The invariants that come with meshquake; an own one is a name and its expressions. */
import { UsageError } from '../core/errors.ts';
import type { Invariant, RecoveryDefinition } from './invariant.ts';

/** By when, and to what, a run must be back. Default: 90 % for a tenth of the run, in three tenths. */
export type RecoveryOptions = Partial<RecoveryDefinition>;

/**
 * After the last fault has ended, goodput comes back to what it was before the first.
 *
 * Trivially true without faults, and of faults that last to the end.
 *
 * @throws UsageError when the ratio is not within 0..1
 */
export function eventuallyRecovers(options: RecoveryOptions = {}): Invariant {
  const ratio = ratioFrom('ratio', options.ratio ?? 0.9);
  return {
    name: `goodput recovers to ${ratio * 100} % after the last fault`,
    expressions: () => ['recovery.triggerEndS == null || recovery.recoveredAtS != null'],
    recovery: ({ durationS }) => ({
      ratio,
      for: options.for ?? `${Math.round(durationS * 100)}ms`,
      within: options.within ?? `${Math.round(durationS * 300)}ms`,
    }),
  };
}

/**
 * On no edge of the call graph are there so many attempts per request.
 *
 * @param factor attempts per request, above 1: 1 = no retries at all
 * @throws UsageError when it is not above 1
 */
export function amplificationBelow(factor: number): Invariant {
  if (!(factor > 1)) throw new UsageError(`amplificationBelow: ${factor} is not above 1`);
  return {
    name: `amplification stays below ${factor}`,
    expressions: ({ edges }) =>
      edges.map((edge) => {
        const row = `edges[${JSON.stringify(edge)}]`;
        return `${row}.requests == 0 || ${row}.amplification < ${decimal(factor)}`;
      }),
  };
}

/**
 * Every request that a client makes is answered, well or badly: none is still waiting two minutes
 * after the end of the run.
 */
export function noRequestLost(): Invariant {
  return {
    name: 'no request is lost',
    expressions: ({ clients }) =>
      clients.map((client) => {
        const row = clientRow(client);
        return `${row}.succeeded + ${row}.failed == ${row}.offered`;
      }),
  };
}

/**
 * At no moment does a proxy hold more than this share of a service's endpoints ejected.
 *
 * Counted for each proxy and cluster (a subset is a cluster of its own) against all endpoints of the
 * service. Envoy always lets the first endpoint be ejected, whatever `maxEjectionPercent` says.
 *
 * @param ratio 0..1
 * @throws UsageError when it is not within 0..1
 */
export function neverEjectsMoreThan(ratio: number): Invariant {
  const share = ratioFrom('neverEjectsMoreThan', ratio);
  return {
    name: `never more than ${share * 100} % of a service's endpoints are ejected`,
    expressions: ({ services }) =>
      services.map(({ name, namespace, instances }) => {
        const most = Math.floor(share * instances + 1e-9);
        const suffix = JSON.stringify(`|${name}.${namespace}.svc.cluster.local`);
        const isOpen =
          'b.refusedBy == null && b.atS <= a.atS && (b.untilS == null || b.untilS > a.atS)';
        const isSame = 'b.proxy == a.proxy && b.cluster == a.cluster';
        const open = `ejections.filter(b, ${isSame} && ${isOpen})`;
        return `ejections.all(a, !a.cluster.endsWith(${suffix}) || size(${open}) <= ${most})`;
      }),
  };
}

/** Of whom an invariant speaks. */
export interface SuccessOptions {
  /** A client's name; all of them by default. */
  readonly client?: string;
}

/**
 * At least this share of a client's requests succeeds, over the whole run, faults included.
 *
 * @param ratio 0..1
 * @throws UsageError when it is not within 0..1
 */
export function successAtLeast(ratio: number, options: SuccessOptions = {}): Invariant {
  const least = ratioFrom('successAtLeast', ratio);
  const whose = options.client === undefined ? '' : ` of ${options.client}`;
  return {
    name: `at least ${least * 100} % of the requests${whose} succeed`,
    expressions: ({ clients }) =>
      (options.client === undefined ? clients : [options.client]).map(
        (client) => `${clientRow(client)}.successRatio >= ${decimal(least)}`,
      ),
  };
}

/**
 * Any expression over the summary of a run, as under `expect` in a scenario file.
 *
 * @param expression CEL, e.g. `clients.users.latencyMs.p99 < 250`
 */
export function holds(expression: string): Invariant {
  return { name: expression, expressions: () => [expression] };
}

function clientRow(client: string): string {
  return `clients[${JSON.stringify(client)}]`;
}

/** CEL tells `2` from `2.0`. */
function decimal(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

function ratioFrom(what: string, ratio: number): number {
  if (ratio >= 0 && ratio <= 1) return ratio;
  throw new UsageError(`${what}: ${ratio} is not a ratio from 0 to 1`);
}
