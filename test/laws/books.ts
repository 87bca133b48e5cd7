/**
 * Bookkeeping that laws share: reading attempts, connections and streams out of a list of records.
 */
import { childUid } from '../../src/core/draws.ts';
import { RecordKind as K } from '../../src/core/records.ts';
import { clustersOf } from '../helpers/insides.ts';
import { Boundary as B, type ObservedRun, type RunRecord } from '../helpers/scenarios.ts';

/** Counts by key, up and down. */
export class Counts {
  private readonly counts = new Map<number, number>();

  add(key: number, change = 1): number {
    const count = (this.counts.get(key) ?? 0) + change;
    this.counts.set(key, count);
    return count;
  }

  of(key: number): number {
    return this.counts.get(key) ?? 0;
  }

  keys(): IterableIterator<number> {
    return this.counts.keys();
  }

  /** Those that are not 0, as `what 3/1234: count`. */
  unbalanced(what: string): string[] {
    return [...this.counts]
      .filter(([, count]) => count !== 0)
      .map(([key, count]) => `${what} ${nameOfKey(key)}: ${count}`);
  }
}

const UID_RANGE = 0x100000000;

/** One number for a proxy, host or client and a uid or small id. */
export function keyOf(owner: number, id: number): number {
  return owner * UID_RANGE + (id >>> 0);
}

/** One number for a proxy's pool. */
export function poolKey(proxy: number, cluster: number, endpoint: number): number {
  return keyOf(proxy, (cluster << 16) ^ endpoint);
}

function nameOfKey(key: number): string {
  return `${Math.floor(key / UID_RANGE)}/${(key % UID_RANGE) | 0}`;
}

/** One attempt of a request at an upstream. */
export interface Attempt {
  readonly proxy: number;
  readonly cluster: number;
  /** Of the attempt itself: what the upstream's records carry. */
  readonly uid: number;
  readonly number: number;
  endpoint: number;
  state: 'waits' | 'open';
}

/** What is going on at the upstream side of every engine, record by record. */
export class UpstreamBooks {
  /** Attempts per cluster that wait for a connection; keys of proxy and cluster. */
  readonly waiting = new Counts();
  /** Streams per cluster. */
  readonly active = new Counts();
  /** Connections per cluster that are open or dialling. */
  readonly connections = new Counts();
  /** Likewise per pool. */
  readonly poolConnections = new Counts();
  /** By proxy and request uid. */
  private readonly attempts = new Map<number, Attempt>();
  /** By proxy and attempt uid. */
  private readonly byAttemptUid = new Map<number, Attempt>();
  /** By stream slot: its cluster. */
  private readonly streams = new Map<number, number>();
  /** By connection slot: its pool. */
  private readonly pools = new Map<number, { cluster: number; pool: number }>();

  /** The attempt of a request that goes on, if any. */
  attemptOf(proxy: number, uid: number): Attempt | undefined {
    return this.attempts.get(keyOf(proxy, uid));
  }

  /** The attempt to which an opened stream belongs. */
  openedBy(proxy: number, attemptUid: number): Attempt | undefined {
    return this.byAttemptUid.get(keyOf(proxy, attemptUid));
  }

  apply(record: RunRecord): void {
    const { kind, owner, a, b, c } = record;
    switch (kind) {
      case K.attemptStarted:
        this.start(owner, a, b, c);
        break;
      case K.attemptHost: {
        const attempt = this.attemptOf(owner, a);
        if (attempt !== undefined) attempt.endpoint = b;
        break;
      }
      case K.attemptEnded:
        this.end(owner, a);
        break;
      case B.openStream:
        this.open(owner, a, b, c);
        break;
      case B.streamOver: {
        const cluster = this.streams.get(a);
        this.streams.delete(a);
        if (cluster !== undefined) this.active.add(cluster, -1);
        break;
      }
      case B.dial: {
        const pool = { cluster: keyOf(owner, c), pool: poolKey(owner, c, b) };
        this.pools.set(a, pool);
        this.connections.add(pool.cluster);
        this.poolConnections.add(pool.pool);
        break;
      }
      case B.connectionOver:
        this.disconnect(a);
        break;
      default:
    }
  }

  private start(proxy: number, uid: number, cluster: number, number: number): void {
    const attempt: Attempt = {
      proxy,
      cluster,
      uid: childUid(uid, number),
      number,
      endpoint: -1,
      state: 'waits',
    };
    this.attempts.set(keyOf(proxy, uid), attempt);
    this.byAttemptUid.set(keyOf(proxy, attempt.uid), attempt);
    this.waiting.add(keyOf(proxy, cluster));
  }

  private open(proxy: number, stream: number, connection: number, attemptUid: number): void {
    const attempt = this.openedBy(proxy, attemptUid);
    const cluster = this.pools.get(connection)?.cluster ?? -1;
    this.streams.set(stream, cluster);
    this.active.add(cluster);
    if (attempt === undefined) return;
    attempt.state = 'open';
    this.waiting.add(cluster, -1);
  }

  private end(proxy: number, uid: number): void {
    const attempt = this.attempts.get(keyOf(proxy, uid));
    if (attempt === undefined) return;
    if (attempt.state === 'waits') this.waiting.add(keyOf(proxy, attempt.cluster), -1);
    this.attempts.delete(keyOf(proxy, uid));
    this.byAttemptUid.delete(keyOf(proxy, attempt.uid));
  }

  private disconnect(connection: number): void {
    const known = this.pools.get(connection);
    if (known === undefined) return;
    this.pools.delete(connection);
    this.connections.add(known.cluster, -1);
    this.poolConnections.add(known.pool, -1);
  }
}

/** Settings of a cluster as one proxy was told them: facts, not state. */
export function clusterConfig(run: ObservedRun, proxy: number, cluster: number) {
  const engine = run.engines[proxy];
  const found = engine && clustersOf(engine).find(({ id }) => id === cluster);
  if (found === undefined) throw new Error(`proxy ${proxy} has no cluster ${cluster}`);
  return found.config;
}

/** Violations as sentences with the time and the proxy in front. */
export function at(run: ObservedRun, record: RunRecord, text: string): string {
  const name = run.built.recorder.plan.proxies[record.owner]?.name ?? String(record.owner);
  return `${(record.atNs / 1e6).toFixed(3)} ms, ${name}: ${text}`;
}
