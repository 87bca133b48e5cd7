/**
 * Limits are never exceeded, at any moment: circuit breakers, retries, ejections, workers, queues.
 *
 * What goes on is counted from the records and from what crosses the engine's boundary, not from the
 * engine's own gauges. Source: validation.md §1, I9; policy-engine.md §2.6, 3.1, 3.4, 4.4.
 */
import { RecordKind as K } from '../../src/core/records.ts';
import { MILLISECOND } from '../../src/core/time.ts';
import type { Thresholds } from '../../src/mesh/config/config.ts';
import { hostSpecs } from '../helpers/insides.ts';
import { Boundary as B, type ObservedRun, type RunRecord } from '../helpers/scenarios.ts';
import { at, Counts, clusterConfig, keyOf, poolKey, UpstreamBooks } from './books.ts';
import type { Law } from './law.ts';

export const breakersLaw: Law = {
  name: 'connections, waiting requests and active requests stay within their circuit breakers',
  check(run) {
    const books = new UpstreamBooks();
    const violations: string[] = [];
    /** Clusters of attempts that may wait, looked at when the input ends. */
    const touched = new Map<number, RunRecord>();
    for (const record of run.records) {
      const { kind, owner, b, c } = record;
      const isDial = kind === B.dial;
      const hadConnection = isDial && books.poolConnections.of(poolKey(owner, c, b)) > 0;
      books.apply(record);
      if (isDial) {
        const count = books.connections.of(keyOf(owner, c));
        const { maxConnections } = thresholdsOf(run, owner, c);
        // An endpoint without any connection gets one, whatever the limit.
        if (count > maxConnections && hadConnection) {
          violations.push(at(run, record, `${count} connections of ${maxConnections}`));
        }
      } else if (kind === B.openStream) {
        const cluster = books.openedBy(owner, c)?.cluster ?? -1;
        const count = books.active.of(keyOf(owner, cluster));
        const { maxRequests } = thresholdsOf(run, owner, cluster);
        if (count > maxRequests) {
          violations.push(at(run, record, `${count} requests of ${maxRequests}`));
        }
      } else if (kind === K.attemptStarted) touched.set(keyOf(owner, b), record);
      else if (kind === B.inputEnds) {
        for (const [cluster, started] of touched) {
          const count = books.waiting.of(cluster);
          const { maxPendingRequests: most } = thresholdsOf(run, started.owner, started.b);
          if (count > most) violations.push(at(run, started, `${count} waiting of ${most}`));
        }
        touched.clear();
      }
    }
    return violations;
  },
};

function thresholdsOf(run: ObservedRun, proxy: number, cluster: number): Thresholds {
  return clusterConfig(run, proxy, cluster).circuitBreakers.default;
}

/** Requests of a cluster between the decision to retry them and the end of that retry. */
class RetryBooks {
  readonly outstanding = new Counts();
  /** By proxy and request uid: the attempt whose end gives the retry back. */
  private readonly awaited = new Map<number, { cluster: number; attempt: number }>();

  scheduled(proxy: number, uid: number, cluster: number, attempt: number): number {
    this.release(proxy, uid);
    this.awaited.set(keyOf(proxy, uid), { cluster: keyOf(proxy, cluster), attempt });
    return this.outstanding.add(keyOf(proxy, cluster));
  }

  ended(proxy: number, uid: number, attempt: number): void {
    const awaited = this.awaited.get(keyOf(proxy, uid));
    if (awaited !== undefined && awaited.attempt <= attempt) this.release(proxy, uid);
  }

  release(proxy: number, uid: number): void {
    const awaited = this.awaited.get(keyOf(proxy, uid));
    if (awaited === undefined) return;
    this.outstanding.add(awaited.cluster, -1);
    this.awaited.delete(keyOf(proxy, uid));
  }
}

export const retriesLaw: Law = {
  name: 'retries stay within max_retries, or within the retry budget when one is set',
  check(run) {
    const books = new UpstreamBooks();
    const retries = new RetryBooks();
    const opened = new Map<number, number[]>();
    const lastAttempt = new Map<number, number>();
    const violations: string[] = [];
    for (const record of run.records) {
      const { kind, owner, a, b, c, atNs } = record;
      const request = keyOf(owner, a);
      if (kind === K.attemptStarted) lastAttempt.set(request, c);
      if (kind === K.attemptEnded) retries.ended(owner, a, lastAttempt.get(request) ?? 0);
      if (kind === K.requestDone) retries.release(owner, a);
      if (kind === B.openStream) {
        const cluster = keyOf(owner, books.openedBy(owner, c)?.cluster ?? -1);
        const times = opened.get(cluster) ?? [];
        opened.set(cluster, times);
        times.push(atNs);
      }
      if (kind === K.retryScheduled) {
        const next = (lastAttempt.get(request) ?? 0) + 1;
        const count = retries.scheduled(owner, a, b, next);
        const cluster = keyOf(owner, b);
        // The attempt that has just ended still counts where the limit follows the load.
        const load = books.active.of(cluster) + books.waiting.of(cluster) + 1;
        const most = retryLimitOf(thresholdsOf(run, owner, b), load, opened.get(cluster), atNs);
        if (count > most) violations.push(at(run, record, `${count} retries of ${most}`));
      }
      books.apply(record);
    }
    return violations;
  },
};

function retryLimitOf(
  thresholds: Thresholds,
  load: number,
  opened: readonly number[] = [],
  nowNs: number,
): number {
  const { retryBudget, maxRetries } = thresholds;
  if (retryBudget === null) return maxRetries;
  const { percent, minConcurrency, intervalMs } = retryBudget;
  const sinceNs = nowNs - intervalMs * MILLISECOND;
  const base = intervalMs > 0 ? opened.filter((atNs) => atNs >= sinceNs).length : load;
  return Math.max(Math.trunc((percent / 100) * base), minConcurrency);
}

export const ejectionsLaw: Law = {
  name: 'no more endpoints are ejected than max_ejection_percent allows, and the first always may',
  check(run) {
    const ejected = new Map<number, Set<number>>();
    const violations: string[] = [];
    for (const record of run.records) {
      const { kind, owner, a, b } = record;
      if (kind !== K.ejected && kind !== K.unejected) continue;
      const active = ejected.get(keyOf(owner, b)) ?? new Set<number>();
      ejected.set(keyOf(owner, b), active);
      if (kind === K.unejected) {
        if (!active.delete(a)) violations.push(at(run, record, `${a} was not ejected`));
        continue;
      }
      if (active.has(a)) violations.push(at(run, record, `${a} is ejected already`));
      active.add(a);
      const { outlier, endpoints } = clusterConfig(run, owner, b);
      const percent = (100 * active.size) / endpoints.members.length;
      const isFirst = active.size === 1 && outlier?.alwaysEjectOneHost === true;
      if (!isFirst && percent > (outlier?.maxEjectionPercent ?? 0)) {
        violations.push(at(run, record, `${percent} % are ejected`));
      }
    }
    return violations;
  },
};

export const hostsLaw: Law = {
  name: 'no instance has more requests in progress than workers, nor a longer queue than its limit',
  check(run) {
    const violations: string[] = [];
    const specs = hostSpecs(run.built.world);
    const busy = new Counts();
    for (const { kind, owner, a, b, atNs } of run.records) {
      const spec = specs[owner];
      if (kind === K.workStarted) busy.add(owner);
      else if (kind === K.workDone) busy.add(owner, -1);
      else if (kind === K.hostDown) busy.add(a, -busy.of(a));
      else if (kind === B.hostLoad && spec !== undefined) {
        const { workers, queueLimit, name } = spec;
        const working = Math.max(b, busy.of(owner));
        if (workers > 0 && working > workers) {
          violations.push(`${atNs} ns, ${name}: ${working} of ${workers} workers`);
        }
        if (queueLimit !== null && a > queueLimit) {
          violations.push(`${atNs} ns, ${name}: ${a} of ${queueLimit} in the queue`);
        }
        // A free worker never leaves anybody waiting.
        if (a > 0 && (workers === 0 || b < workers)) {
          violations.push(`${atNs} ns, ${name}: ${a} wait, ${b} of ${workers} work`);
        }
      }
    }
    return violations;
  },
};
