/**
 * Requests at a caching service: the key of each, and who waits for whose fetch.
 *
 * Columns beside the work table, indexed by work row, that exist only where some service has a cache.
 * Waiting rows form a list per fetching row, in order of arrival; their `link` is the next one.
 */

import { grownInts } from '../columns.ts';
import type { Commons } from '../commons.ts';
import type { CacheUser } from './cache.ts';
import type { WorkTable } from './work-table.ts';

/** What a cache says to a request; these numbers stand in records. */
export const CacheAnswer = { miss: 0, hit: 1, wait: 2 } as const;
export type CacheAnswer = (typeof CacheAnswer)[keyof typeof CacheAnswer];

const NONE = -1;
const FIRST_CAPACITY = 64;

export class CacheRows {
  private readonly commons: Commons;
  private readonly work: WorkTable;
  private keys: Int32Array;
  private firstWaiters: Int32Array;

  constructor(commons: Commons) {
    this.commons = commons;
    this.work = commons.work;
    this.keys = new Int32Array(FIRST_CAPACITY);
    this.firstWaiters = new Int32Array(FIRST_CAPACITY);
  }

  /** The request of a row wants an answer; after `wait` it is in its fetch's list. */
  ask(row: number, user: CacheUser): CacheAnswer {
    while (row >= this.keys.length) {
      this.keys = grownInts(this.keys);
      this.firstWaiters = grownInts(this.firstWaiters);
    }
    const key = this.keyOf(row, user);
    this.keys[row] = key;
    this.firstWaiters[row] = NONE;
    if (user.cache.isFresh(key, this.commons.kernel.nowNs)) return CacheAnswer.hit;
    const leader = user.join(key, row);
    if (leader < 0) return CacheAnswer.miss;
    this.append(leader, row);
    return CacheAnswer.wait;
  }

  /** The calls of a row have ended. @returns whether there is an answer for it and its waiters */
  fetched(row: number, user: CacheUser, isGood: boolean): boolean {
    const { cache, spec } = user;
    const key = this.keys[row]!;
    user.fetched(key, row);
    if (isGood) cache.store(key, this.commons.kernel.nowNs);
    else if (spec.onError === 'delete') cache.delete(key);
    return isGood || (spec.onError === 'stale' && cache.has(key));
  }

  /** Dissolves a row's list. @returns its first row, -1 = none; `link` leads on */
  takeWaiters(row: number): number {
    const first = this.firstWaiters[row]!;
    this.firstWaiters[row] = NONE;
    return first;
  }

  /** A fetching row gives up. @returns the waiter that shall fetch in its place, -1 = none */
  giveUp(row: number, user: CacheUser): number {
    const key = this.keys[row]!;
    const next = this.takeWaiters(row);
    if (next < 0) user.fetched(key, row);
    else {
      this.firstWaiters[next] = this.work.linkOf(next);
      user.lead(key, next);
    }
    return next;
  }

  /** A waiting row gives up. */
  leave(row: number, user: CacheUser): void {
    const { work, firstWaiters } = this;
    const leader = user.join(this.keys[row]!, row);
    const after = work.linkOf(row);
    if (firstWaiters[leader] === row) {
      firstWaiters[leader] = after;
      return;
    }
    let at = firstWaiters[leader]!;
    while (work.linkOf(at) !== row) at = work.linkOf(at);
    work.setLink(at, after);
  }

  private keyOf(row: number, user: CacheUser): number {
    const { commons, work } = this;
    if (user.keys.isDrawn) return user.keys.draw(work.uidOf(row));
    const wire = work.originOf(row);
    // Nobody waits for the answer any more, and with the caller its head has gone: a key of its own.
    if (wire < 0) return user.keys.of(FORGOTTEN);
    return user.keys.of(commons.heads.headOf(commons.wires.shapeOf(wire)));
  }

  private append(leader: number, row: number): void {
    const { work, firstWaiters } = this;
    work.setLink(row, NONE);
    let at = firstWaiters[leader]!;
    if (at < 0) {
      firstWaiters[leader] = row;
      return;
    }
    while (work.linkOf(at) >= 0) at = work.linkOf(at);
    work.setLink(at, row);
  }
}

const FORGOTTEN = { path: '', get: () => undefined };
