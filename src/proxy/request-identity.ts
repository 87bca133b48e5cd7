/**
 * Who a request is: its uid, which keys every draw made for it, and its `x-request-id`.
 *
 * Both are functions of the seed and of the number of the request (0, 1, 2 …), so the n-th request
 * of a proxy and of a simulated client with the same seed meet the same draws.
 */
import type { Draws, StreamKey } from '../core/draws.ts';
import { REQUEST_IDS, requestIdOf } from '../core/request-id.ts';

/** Names requests in the order in which they come. */
export class RequestIdentity {
  private readonly draws: Draws;
  private readonly uids: StreamKey;
  private readonly ids: StreamKey;
  private count = 0;

  constructor(draws: Draws) {
    this.draws = draws;
    this.uids = draws.stream('proxy/request');
    this.ids = draws.stream(REQUEST_IDS);
  }

  /** @returns int32 of the next request */
  nextUid(): number {
    return this.draws.int32(this.uids, this.count++ | 0, 0);
  }

  /** @returns a UUID of version 4 for the request with this uid */
  requestId(uid: number): string {
    return requestIdOf(this.draws, this.ids, uid);
  }
}
