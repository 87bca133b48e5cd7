/**
 * The ejections of a run, and those that were wanted but refused, in order.
 */
import { EJECTION_TYPE_NAMES, EjectionRefusal } from '../core/records.ts';
import type { EjectionSummary } from '../core/summary.ts';
import { type Ns, SECOND } from '../core/time.ts';
import type { MetricsPlan } from './metrics-plan.ts';

interface Entry {
  readonly atNs: Ns;
  readonly proxy: number;
  readonly cluster: number;
  readonly endpoint: number;
  readonly type: number;
  readonly refusal: number;
  untilNs: Ns | null;
}

const NOT_REFUSED = -1;

export class EjectionLedger {
  private readonly plan: MetricsPlan;
  private readonly entries: Entry[] = [];
  /** Open ejections by proxy, cluster and endpoint. */
  private readonly open = new Map<string, Entry>();

  constructor(plan: MetricsPlan) {
    this.plan = plan;
  }

  ejected(atNs: Ns, proxy: number, endpoint: number, cluster: number, type: number): void {
    const entry = { atNs, proxy, cluster, endpoint, type, refusal: NOT_REFUSED, untilNs: null };
    this.entries.push(entry);
    this.open.set(`${proxy}/${cluster}/${endpoint}`, entry);
  }

  /** @param typeAndRefusal EjectionType * 16 + EjectionRefusal */
  refused(
    atNs: Ns,
    proxy: number,
    endpoint: number,
    cluster: number,
    typeAndRefusal: number,
  ): void {
    const type = typeAndRefusal >> 4;
    const refusal = typeAndRefusal & 15;
    this.entries.push({ atNs, proxy, cluster, endpoint, type, refusal, untilNs: atNs });
  }

  unejected(atNs: Ns, proxy: number, endpoint: number, cluster: number): void {
    const key = `${proxy}/${cluster}/${endpoint}`;
    const entry = this.open.get(key);
    if (entry !== undefined) entry.untilNs = atNs;
    this.open.delete(key);
  }

  /** Those that began in [fromNs, toNs). */
  list(fromNs: Ns, toNs: Ns): EjectionSummary[] {
    return this.entries
      .filter((entry) => entry.atNs >= fromNs && entry.atNs < toNs)
      .map((entry) => this.summarise(entry));
  }

  private summarise(entry: Entry): EjectionSummary {
    return {
      atS: entry.atNs / SECOND,
      proxy: this.plan.proxies[entry.proxy]?.name ?? `proxy ${entry.proxy}`,
      cluster: this.plan.clusterNames[entry.cluster] ?? `cluster ${entry.cluster}`,
      endpoint: this.plan.endpoints[entry.endpoint]?.name ?? `endpoint ${entry.endpoint}`,
      detector: EJECTION_TYPE_NAMES[entry.type] ?? 'unknown',
      untilS:
        entry.refusal === NOT_REFUSED && entry.untilNs !== null ? entry.untilNs / SECOND : null,
      refusedBy: refusalName(entry.refusal),
    };
  }
}

function refusalName(refusal: number): EjectionSummary['refusedBy'] {
  if (refusal === EjectionRefusal.maxEjectionPercent) return 'max-ejection-percent';
  return refusal === EjectionRefusal.enforcing ? 'enforcing' : null;
}
