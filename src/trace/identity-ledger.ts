/**
 * What became of certificates and access in a run: renewals, handshakes that failed, requests refused.
 *
 * Counted per bucket, and per edge and reason with the first and last instant; the recorder feeds it.
 * A run in which nothing of the kind happens keeps nothing.
 */
import { ConnectFailure, HANDSHAKE_FAILURES } from '../core/engine.ts';
import type { HandshakeFailureSummary, IdentitySummary } from '../core/summary.ts';
import { type Ns, SECOND } from '../core/time.ts';
import type { MetricsPlan } from './metrics-plan.ts';

/** Kinds of counts. */
export const IdentityCount = { issued: 0, renewalsFailed: 1, failed: 2, denied: 3 } as const;
const COUNTS = 4;

interface FailureRow {
  readonly from: string;
  readonly to: string;
  readonly seenBy: 'caller' | 'server';
  readonly reason: string;
  count: number;
  readonly firstNs: Ns;
  lastNs: Ns;
}

interface IdentityBucket {
  readonly counts: Float64Array;
  readonly rows: ReadonlyMap<string, FailureRow>;
}

const CONNECT_REASONS: ReadonlyMap<number, string> = new Map([
  [ConnectFailure.tls, 'plain-text-peer'],
  [ConnectFailure.certificateExpired, 'expired'],
  [ConnectFailure.certificateNotYetValid, 'not-yet-valid'],
  [ConnectFailure.certificateUntrusted, 'untrusted'],
  [ConnectFailure.certificateName, 'wrong-san'],
]);
const REFUSAL_REASONS = ['plain-text-client', 'foreign-trust-domain'];

export class IdentityLedger {
  readonly buckets: IdentityBucket[] = [];
  /** Whether anything happened at all. */
  isUsed = false;
  private readonly plan: MetricsPlan;
  private counts = new Float64Array(COUNTS);
  private rows = new Map<string, FailureRow>();

  constructor(plan: MetricsPlan) {
    this.plan = plan;
  }

  count(kind: number): void {
    this.isUsed = true;
    this.counts[kind]!++;
  }

  /** A dialling proxy gave up. Failures that have nothing to do with TLS are not counted. */
  connectFailed(nowNs: Ns, proxy: number, cluster: number, failure: number): void {
    const reason = CONNECT_REASONS.get(failure);
    if (reason === undefined) return;
    const edge = this.plan.edges[this.plan.proxies[proxy]?.edgeOfCluster[cluster] ?? -1];
    const from = edge?.from ?? this.serviceOf(proxy);
    const to = edge?.to ?? this.plan.clusterNames[cluster] ?? '';
    this.note(nowNs, { from, to, seenBy: 'caller', reason });
  }

  /** A server's proxy refused the caller's certificate; who that was it does not know. */
  handshakeRefused(nowNs: Ns, proxy: number, failure: number): void {
    const reason = HANDSHAKE_FAILURES[failure];
    // The caller refused, and is counted there.
    if (reason === undefined || reason === 'protocol') return;
    this.note(nowNs, { from: '', to: this.serviceOf(proxy), seenBy: 'server', reason });
  }

  connectionRefused(nowNs: Ns, proxy: number, refusal: number): void {
    const reason = REFUSAL_REASONS[refusal] ?? '';
    this.note(nowNs, { from: '', to: this.serviceOf(proxy), seenBy: 'server', reason });
  }

  rotate(): void {
    this.buckets.push({ counts: this.counts, rows: this.rows });
    this.counts = new Float64Array(COUNTS);
    this.rows = new Map();
  }

  /** Of the buckets [first, last). */
  summary(first: number, last: number): IdentitySummary {
    const counts = new Float64Array(COUNTS);
    const rows = new Map<string, FailureRow>();
    for (const bucket of this.buckets.slice(first, last)) {
      for (let i = 0; i < COUNTS; i++) counts[i]! += bucket.counts[i]!;
      for (const [key, row] of bucket.rows) {
        const known = rows.get(key);
        if (known === undefined) rows.set(key, { ...row });
        else {
          known.count += row.count;
          known.lastNs = row.lastNs;
        }
      }
    }
    return {
      certificatesIssued: counts[IdentityCount.issued]!,
      renewalsFailed: counts[IdentityCount.renewalsFailed]!,
      handshakesFailed: counts[IdentityCount.failed]!,
      requestsDenied: counts[IdentityCount.denied]!,
      failures: [...rows.values()].sort((a, b) => b.count - a.count).map(summaryOf),
    };
  }

  private note(nowNs: Ns, what: Pick<FailureRow, 'from' | 'to' | 'seenBy' | 'reason'>): void {
    this.count(IdentityCount.failed);
    const key = JSON.stringify(what);
    const known = this.rows.get(key);
    if (known === undefined)
      this.rows.set(key, { ...what, count: 1, firstNs: nowNs, lastNs: nowNs });
    else {
      known.count++;
      known.lastNs = nowNs;
    }
  }

  private serviceOf(proxy: number): string {
    return this.plan.proxies[proxy]?.service ?? '';
  }
}

function summaryOf(row: FailureRow): HandshakeFailureSummary {
  const { from, to, seenBy, reason, count, firstNs, lastNs } = row;
  return { from, to, seenBy, reason, count, firstS: firstNs / SECOND, lastS: lastNs / SECOND };
}
