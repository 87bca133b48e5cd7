/**
 * How long a retry waits: a draw below a bound that doubles from retry to retry.
 *
 * Source: policy-engine.md §2.4, 14; Envoy, jittered exponential back-off.
 */

/**
 * Exclusive upper bound of the wait before the next retry; the wait is an integer draw below it.
 *
 * The bound doubles while it is below half of the longest one, and is the longest one from then on:
 * 25, 50, 100, 200, 250, 250 … for 25 and 250. The step from 200 to 250 is not a doubling cut off
 * at 250 by chance: a bound of 125 or more jumps to the longest one directly.
 *
 * @param baseMs 1 or more
 * @param maxMs not below `baseMs`
 * @param retriesUsed retries already made for this request, from 0
 * @returns integer milliseconds, 1 or more. O(log(maxMs / baseMs))
 */
export function backoffCeilingMs(baseMs: number, maxMs: number, retriesUsed: number): number {
  const half = Math.floor(maxMs / 2);
  let ceiling = baseMs;
  for (let i = 0; i < retriesUsed; i++) {
    if (ceiling >= half) return maxMs;
    ceiling *= 2;
  }
  return ceiling;
}

/**
 * Linkerd's wait: at least a base that doubles, and up to `jitterRatio` of it longer.
 *
 * @param retriesUsed from 0
 * @param draw in [0, 1)
 * @returns integer milliseconds, at most `maxMs`. Source: config-other-meshes.md §1.4, 1.6
 */
export function jitteredBackoffMs(
  baseMs: number,
  maxMs: number,
  jitterRatio: number,
  retriesUsed: number,
  draw: number,
): number {
  // Thirty doublings of a millisecond are twelve days.
  const grownMs = Math.min(baseMs * (1 << Math.min(retriesUsed, 30)), maxMs);
  return Math.round(Math.min(grownMs + draw * jitterRatio * grownMs, maxMs));
}
