/**
 * The heads that a request's attempts send: one head, and what each attempt tells of itself.
 *
 * `request-plan.ts` makes one per plan. Attempts that tell the same share a head.
 * Source: policy-engine.md §1.2, 2.7.
 */
import type { Head } from '../../core/engine.ts';
import type { ForwardAction, RouterOptions, VirtualHostConfig } from '../config/config.ts';
import { EXPECTED_TIMEOUT_HEADER } from '../policy/control-headers.ts';
import { type EffectiveTimeouts, expectedTimeoutMs, grpcTimeoutText } from '../policy/timeout.ts';

/** Which headers attempts carry beside those of the request. */
export interface AttemptTelling {
  readonly expectedTimeout: boolean;
  readonly grpcTimeout: boolean;
  /** The number of the attempt. */
  readonly count: boolean;
  /** Whether the attempt before ran into its per-try timeout. */
  readonly timeoutRetry: boolean;
}

export class AttemptHeads {
  private readonly plain: Head;
  private readonly timeouts: EffectiveTimeouts;
  private readonly hedges: boolean;
  private readonly tells: AttemptTelling;
  private readonly known: Map<number, Head>;

  /** @param plain what all attempts send */
  constructor(plain: Head, timeouts: EffectiveTimeouts, hedges: boolean, tells: AttemptTelling) {
    this.plain = plain;
    this.timeouts = timeouts;
    this.hedges = hedges;
    this.tells = tells;
    this.known = new Map();
  }

  /**
   * @param attempt from 1
   * @param elapsedMs since the request was fully received; 0 before that and for attempt 1
   * @param afterTimeout whether the attempt before it ran into its per-try timeout
   */
  of(attempt: number, elapsedMs: number, afterTimeout: boolean): Head {
    const { expectedTimeout, grpcTimeout, count, timeoutRetry } = this.tells;
    const expectedMs =
      expectedTimeout || grpcTimeout ? expectedTimeoutMs(this.timeouts, elapsedMs, this.hedges) : 0;
    const tellsRetry = timeoutRetry && attempt > 1;
    if (expectedMs === 0 && !count && !tellsRetry) return this.plain;
    const attemptKey = count ? attempt : 0;
    const toldKey = tellsRetry ? (afterTimeout ? 2 : 1) : 0;
    const key = (expectedMs * 3 + toldKey) * 65_536 + attemptKey;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const set: [string, string][] = [];
    if (expectedMs > 0) {
      if (expectedTimeout) set.push([EXPECTED_TIMEOUT_HEADER, String(expectedMs)]);
      if (grpcTimeout) set.push(['grpc-timeout', grpcTimeoutText(expectedMs)]);
    }
    if (count) set.push(['x-envoy-attempt-count', String(attempt)]);
    if (tellsRetry) set.push(['x-envoy-is-timeout-retry', String(afterTimeout)]);
    const made = this.plain.with({ set });
    this.known.set(key, made);
    return made;
  }
}

/** @param forward null = the route does not forward, so nothing is told of timeouts */
export function whatAttemptsTell(
  forward: ForwardAction | null,
  host: VirtualHostConfig | undefined,
  isGrpc: boolean,
  router: RouterOptions,
): AttemptTelling {
  return {
    expectedTimeout: forward !== null && !router.suppressesEnvoyHeaders,
    grpcTimeout: isGrpc && forward?.maxGrpcTimeoutMs !== undefined,
    count: host?.includeRequestAttemptCount === true,
    timeoutRetry: host?.includeIsTimeoutRetryHeader === true,
  };
}
