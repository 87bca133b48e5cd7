/**
 * Caches in front of a service's calls: which answers are there, how long, and who waits for them.
 *
 * `service-model.ts` asks when an application has done its own computing: a fresh answer skips the
 * calls. A `Cache` belongs to one instance, or to all of a service; what is being fetched belongs to
 * the instance, because coalescing happens inside a process. An answer is fresh for `ttlNs` from when
 * it was stored; reading does not renew it. So for Poisson requests of rate r for one key, and calls
 * that take no time, the share of hits is r ttl / (1 + r ttl).
 */
import type { Draws, StreamKey } from '../../core/draws.ts';
import { childUid } from '../../core/draws.ts';
import type { CacheFlush } from '../../core/fault-target.ts';
import { pow } from '../../core/math.ts';
import type { Ns } from '../../core/time.ts';
import { NEVER } from '../../core/time.ts';

/** Where a request's key comes from. */
export type CacheKey =
  | { readonly kind: 'path' }
  /** Lower case; without the header: one key more. */
  | { readonly kind: 'header'; readonly name: string }
  /** Drawn, each of `of` keys as likely. */
  | { readonly kind: 'uniform'; readonly of: number }
  /** Drawn, key k (from 1) with a probability in proportion to k^-s. */
  | { readonly kind: 'zipf'; readonly of: number; readonly s: number };

export interface CacheSpec {
  readonly key: CacheKey;
  /** 0 = answers stay fresh for ever. */
  readonly ttlNs: Ns;
  readonly scope: 'instance' | 'shared';
  /** Requests for a key that is being fetched wait for that answer instead of calling, too. */
  readonly coalesce: boolean;
  /**
   * When the calls fail: keep = leave what is there and fail, delete = forget the key and fail,
   * stale = answer with what is there, however old.
   */
  readonly onError: 'keep' | 'delete' | 'stale';
  /** 0..1 of the keys are there at the start, with ages spread evenly over the ttl. */
  readonly warm: number;
}

const ABSENT: Ns = -1;
const NO_ROW = -1;
const FIRST_CAPACITY = 16;

/** The answers of one instance, or of all instances of a service. */
export class Cache {
  /** While above 0 nothing can be stored: what is fetched counts as invalid. */
  holds: number;
  private readonly spec: CacheSpec;
  private readonly draws: Draws;
  private readonly stream: StreamKey;
  private readonly id: number;
  /** Instant until which the answer is fresh, by key; `ABSENT`. */
  private freshUntil: Float64Array;
  private count: number;

  /** @param name the label of its draws, and a number among the caches of the world */
  constructor(
    spec: CacheSpec,
    draws: Draws,
    name: { readonly label: string; readonly id: number },
  ) {
    this.holds = 0;
    this.spec = spec;
    this.draws = draws;
    this.stream = draws.stream(name.label);
    this.id = name.id;
    this.freshUntil = new Float64Array(FIRST_CAPACITY);
    this.count = 0;
  }

  isFresh(key: number, nowNs: Ns): boolean {
    if (key >= this.count) this.learn(key);
    return this.freshUntil[key]! > nowNs;
  }

  /** Whether there is an answer at all, fresh or stale. */
  has(key: number): boolean {
    return key < this.count && this.freshUntil[key]! !== ABSENT;
  }

  store(key: number, nowNs: Ns): void {
    if (this.holds > 0) return;
    this.freshUntil[key] = this.spec.ttlNs === 0 ? NEVER : nowNs + this.spec.ttlNs;
  }

  delete(key: number): void {
    this.freshUntil[key] = ABSENT;
  }

  clear(): void {
    this.freshUntil.fill(ABSENT, 0, this.count);
  }

  /**
   * Removes a share of the keys, or makes them stale.
   *
   * @param occurrence keys the draws, with each key's number
   * @returns how many were there and fresh
   */
  flush(nowNs: Ns, how: CacheFlush, stream: StreamKey, occurrence: number): number {
    let struck = 0;
    for (let key = 0; key < this.count; key++) {
      if (!this.isFresh(key, nowNs)) continue;
      if (this.draws.unit(stream, key, childUid(occurrence, this.id)) >= how.share) continue;
      struck++;
      this.freshUntil[key] = how.keepsStale ? nowNs : ABSENT;
    }
    return struck;
  }

  /** Keys up to this one exist from now on; some have been there since the start. */
  learn(key: number): void {
    const { draws, stream, spec } = this;
    while (key >= this.freshUntil.length) {
      const grown = new Float64Array(2 * this.freshUntil.length);
      grown.set(this.freshUntil);
      this.freshUntil = grown;
    }
    for (; this.count <= key; this.count++) {
      const isWarm = spec.warm > 0 && draws.unit(stream, this.count, 0) < spec.warm;
      const leftNs = spec.ttlNs === 0 ? NEVER : draws.unit(stream, this.count, 1) * spec.ttlNs;
      this.freshUntil[this.count] = isWarm ? Math.floor(leftNs) : ABSENT;
    }
  }
}

/** What an instance of a caching service knows: its cache, and which keys it is fetching. */
export class CacheUser {
  readonly cache: Cache;
  readonly spec: CacheSpec;
  readonly keys: KeySource;
  /** The row that fetches, by key; only with `coalesce`. */
  private readonly fetching: Map<number, number>;

  constructor(cache: Cache, spec: CacheSpec, keys: KeySource) {
    this.cache = cache;
    this.spec = spec;
    this.keys = keys;
    this.fetching = new Map();
  }

  /** @returns the row that fetches the key already; -1 = this one shall */
  join(key: number, row: number): number {
    if (!this.spec.coalesce) return NO_ROW;
    const leader = this.fetching.get(key);
    if (leader !== undefined) return leader;
    this.fetching.set(key, row);
    return NO_ROW;
  }

  /** The fetch by this row is over, one way or another. */
  fetched(key: number, row: number): void {
    if (this.fetching.get(key) === row) this.fetching.delete(key);
  }

  /** Another row takes the fetch over. */
  lead(key: number, row: number): void {
    this.fetching.set(key, row);
  }

  /** The process has died: with it what it fetched, and its own cache, not one it shares. */
  restart(): void {
    this.fetching.clear();
    if (this.spec.scope === 'instance') this.cache.clear();
  }
}

/** Numbers the keys of a service's requests, the same for all of its instances. */
export class KeySource {
  /** How many there are before the first request; 0 = requests bring them. */
  readonly count: number;
  private readonly key: CacheKey;
  private readonly draws: Draws;
  private readonly stream: StreamKey;
  /** Zipf: the share of the keys up to each. */
  private readonly shares: Float64Array;
  private readonly numbers: Map<string, number>;

  constructor(key: CacheKey, draws: Draws, label: string) {
    this.key = key;
    this.draws = draws;
    this.stream = draws.stream(label);
    this.count = 'of' in key ? key.of : 0;
    this.shares = key.kind === 'zipf' ? zipfShares(key.of, key.s) : new Float64Array(0);
    this.numbers = new Map();
  }

  /** Whether the key is drawn, whatever the request says. */
  get isDrawn(): boolean {
    return this.count > 0;
  }

  /** A drawn key. @param uid of the attempt: a retry asks for a key of its own */
  draw(uid: number): number {
    if (this.key.kind !== 'zipf') return this.draws.below(this.stream, uid, 0, this.count);
    return firstAbove(this.shares, this.draws.unit(this.stream, uid, 0));
  }

  /** The key that a request's head says. */
  of(head: { readonly path: string; get(name: string): string | undefined }): number {
    const text = this.key.kind === 'header' ? (head.get(this.key.name) ?? '') : head.path;
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    this.numbers.set(text, this.numbers.size);
    return this.numbers.size - 1;
  }
}

function zipfShares(of: number, s: number): Float64Array {
  const shares = new Float64Array(of);
  let sum = 0;
  for (let key = 0; key < of; key++) shares[key] = sum += pow(key + 1, -s);
  for (let key = 0; key < of; key++) shares[key] = shares[key]! / sum;
  return shares;
}

function firstAbove(shares: Float64Array, value: number): number {
  let low = 0;
  let high = shares.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (shares[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
