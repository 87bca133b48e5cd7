/**
 * The `x-request-id` of a request: a UUID that follows from the seed and the request's uid.
 *
 * The proxy's drivers and the engine make the same one.
 */
import type { Draws, StreamKey } from './draws.ts';

/** The label of the stream that ids are drawn from. */
export const REQUEST_IDS = 'proxy/request-id';

/** @returns a UUID of version 4 */
export function requestIdOf(draws: Draws, ids: StreamKey, uid: number): string {
  const words = [0, 1, 2, 3].map((index) => draws.int32(ids, uid, index) >>> 0);
  const hex = words.map((word) => word.toString(16).padStart(8, '0')).join('');
  const variant = ((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20),
  ].join('-');
}
