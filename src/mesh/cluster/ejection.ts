/**
 * Ejection arithmetic: whether a host that some detector named leaves rotation, and for how long.
 *
 * All detectors of a cluster share one `Ejector`, because the limit on ejected hosts is shared. It
 * writes the ejection fields of `Host` and nothing else does.
 * Source: policy-engine.md §4.4, 4.5, 12.3; Envoy, outlier detection.
 */
import { EJECTION_TYPE_NAMES, EjectionRefusal, EjectionType } from '../../core/records.ts';
import { MILLISECOND, type Ns } from '../../core/time.ts';
import type { OutlierConfig } from '../config/config.ts';
import type { Host } from './host.ts';

/**
 * What the engine hears of ejections, and the draws it makes for them.
 *
 * Draws are to be keyed by the endpoint and `Host.detectionCount`, which grows with each detection:
 * a draw that was refused must not come again at the next one.
 */
export interface EjectionSink {
  /** The host is out from now on: drain its connections, tell the host set. */
  ejected(host: Host, type: EjectionType): void;
  ejectionRefused(host: Host, type: EjectionType, why: EjectionRefusal): void;
  /** The host is degraded by its answers from now on, or no more: tell the host set. */
  degradedChanged(host: Host): void;
  /** The host is back: tell the host set. */
  unejected(host: Host): void;
  /** @returns integer 0..99. Asked only when the percentage is neither 0 nor 100 */
  enforceDraw(host: Host, type: EjectionType): number;
  /** @returns integer in [0, n). Asked only when jitter is configured */
  jitterDraw(host: Host, n: number): number;
}

/** Envoy has no counters for the last type, which is Linkerd's. */
const ENVOY_TYPE_NAMES = EJECTION_TYPE_NAMES.slice(0, EjectionType.failureAccrual);

/** Counters under `cluster.<name>.outlier_detection.`. */
export class EjectionStats {
  /** Hosts ejected now. */
  active = 0;
  enforcedTotal = 0;
  /** Refused by the limit on ejected hosts. */
  overflow = 0;
  detectedDegradation = 0;
  /** Deprecated by Envoy: attempts to eject for 5xx or success rate, enforced or not. */
  total = 0;
  /** Both: length = ejection types, indexed by `EjectionType`. */
  readonly detected: number[] = ENVOY_TYPE_NAMES.map(() => 0);
  readonly enforced: number[] = ENVOY_TYPE_NAMES.map(() => 0);

  countDetected(type: EjectionType): void {
    this.detected[type] = (this.detected[type] ?? 0) + 1;
  }

  countEnforced(type: EjectionType): void {
    this.active += 1;
    this.enforcedTotal += 1;
    this.enforced[type] = (this.enforced[type] ?? 0) + 1;
  }

  /** Envoy's names, deprecated ones included. */
  visit(visit: (name: string, kind: 'counter' | 'gauge', value: number) => void): void {
    visit('ejections_active', 'gauge', this.active);
    visit('ejections_enforced_total', 'counter', this.enforcedTotal);
    visit('ejections_overflow', 'counter', this.overflow);
    ENVOY_TYPE_NAMES.forEach((name, type) => {
      visit(`ejections_detected_${name}`, 'counter', this.detected[type] ?? 0);
      visit(`ejections_enforced_${name}`, 'counter', this.enforced[type] ?? 0);
    });
    visit('ejections_detected_degradation', 'counter', this.detectedDegradation);
    visit('ejections_total', 'counter', this.total);
    const { consecutive5xx, successRate, localOriginSuccessRate } = EjectionType;
    const rates = (this.detected[successRate] ?? 0) + (this.detected[localOriginSuccessRate] ?? 0);
    visit('ejections_consecutive_5xx', 'counter', this.detected[consecutive5xx] ?? 0);
    visit('ejections_success_rate', 'counter', rates);
  }
}

/** The moment and surroundings of ejections. A reused object. */
export interface EjectionMoment {
  nowNs: Ns;
  /** Hosts of the cluster in all priorities, whatever their health. */
  hostCount: number;
}

/** Judges, marks and frees the hosts of one cluster. */
export class Ejector {
  readonly stats = new EjectionStats();
  private readonly config: OutlierConfig;

  constructor(config: OutlierConfig) {
    this.config = config;
  }

  /**
   * A detector's criterion was met: ejects the host unless the limit or the enforcing draw says no.
   *
   * @param enforcingPercent 0..100 for this type
   */
  detect(
    host: Host,
    type: EjectionType,
    enforcingPercent: number,
    moment: EjectionMoment,
    sink: EjectionSink,
  ): void {
    this.stats.countDetected(type);
    host.detectionCount += 1;
    if (!this.hasRoom(moment.hostCount)) {
      this.stats.overflow += 1;
      sink.ejectionRefused(host, type, EjectionRefusal.maxEjectionPercent);
      return;
    }
    if (type === EjectionType.consecutive5xx || type === EjectionType.successRate) {
      this.stats.total += 1;
    }
    if (!isEnforced(enforcingPercent, host, type, sink)) {
      sink.ejectionRefused(host, type, EjectionRefusal.enforcing);
      return;
    }
    this.stats.countEnforced(type);
    this.markEjected(host, moment.nowNs, sink);
    sink.ejected(host, type);
  }

  /** A host said that it is degraded: it serves less for as long as an ejection would last. */
  degrade(host: Host, nowNs: Ns, sink: EjectionSink): void {
    if (host.isDegradedByAnswers) return;
    const { baseEjectionTimeMs, maxEjectionTimeMs, maxEjectionTimeJitterMs } = this.config;
    this.stats.detectedDegradation += 1;
    host.isDegradedByAnswers = true;
    host.lastDegradedNs = nowNs;
    host.degradedJitterMs =
      maxEjectionTimeJitterMs === 0 ? 0 : sink.jitterDraw(host, maxEjectionTimeJitterMs + 1);
    const isBelowMax =
      host.degradedBackoff * baseEjectionTimeMs < maxEjectionTimeMs + baseEjectionTimeMs;
    if (isBelowMax) host.degradedBackoff += 1;
    sink.degradedChanged(host);
  }

  /** Asked at sweeps. */
  restoreIfDue(host: Host, nowNs: Ns, sink: EjectionSink): void {
    if (!host.isDegradedByAnswers) return;
    const { baseEjectionTimeMs, maxEjectionTimeMs } = this.config;
    const ms = Math.min(baseEjectionTimeMs * host.degradedBackoff, maxEjectionTimeMs);
    if ((ms + host.degradedJitterMs) * MILLISECOND > nowNs - host.lastDegradedNs) return;
    host.isDegradedByAnswers = false;
    sink.degradedChanged(host);
  }

  /** Whether an ejected host has served its time; asked at sweeps only. */
  isDue(host: Host, nowNs: Ns): boolean {
    const { baseEjectionTimeMs, maxEjectionTimeMs } = this.config;
    const ms = Math.min(baseEjectionTimeMs * host.ejectionBackoff, maxEjectionTimeMs);
    return (ms + host.ejectionJitterMs) * MILLISECOND <= nowNs - host.lastEjectionNs;
  }

  uneject(host: Host, nowNs: Ns, sink: EjectionSink): void {
    this.stats.active -= 1;
    host.isEjected = false;
    host.consecutive5xx = 0;
    host.consecutiveGatewayFailure = 0;
    host.consecutiveLocalOriginFailure = 0;
    host.lastUnejectionNs = nowNs;
    sink.unejected(host);
  }

  /** The longer a host stays in rotation after an ejection, the shorter its next one. */
  decay(host: Host, nowNs: Ns): void {
    if (host.isEjected || host.ejectionBackoff === 0 || host.lastUnejectionNs < 0) return;
    const sinceNs = nowNs - host.lastUnejectionNs;
    if (sinceNs >= this.config.intervalMs * MILLISECOND) host.ejectionBackoff -= 1;
  }

  /** The host left the cluster: it frees its place, and starts clean if it ever returns. */
  forget(host: Host): void {
    if (host.isEjected) this.stats.active -= 1;
    host.isEjected = false;
    host.ejectionBackoff = 0;
    host.lastUnejectionNs = -1;
  }

  /** The percentage counts this host too, so ten hosts at 10 % have room for one, nine for none. */
  private hasRoom(hostCount: number): boolean {
    const { active } = this.stats;
    if (this.config.alwaysEjectOneHost && active === 0) return true;
    return (100 * (active + 1)) / hostCount <= Math.min(100, this.config.maxEjectionPercent);
  }

  private markEjected(host: Host, nowNs: Ns, sink: EjectionSink): void {
    const { baseEjectionTimeMs, maxEjectionTimeMs, maxEjectionTimeJitterMs } = this.config;
    host.isEjected = true;
    host.ejectionCount += 1;
    host.lastEjectionNs = nowNs;
    host.ejectionJitterMs =
      maxEjectionTimeJitterMs === 0 ? 0 : sink.jitterDraw(host, maxEjectionTimeJitterMs + 1);
    const isBelowMax =
      host.ejectionBackoff * baseEjectionTimeMs < maxEjectionTimeMs + baseEjectionTimeMs;
    if (isBelowMax) host.ejectionBackoff += 1;
  }
}

/** No draw at 0 and 100 percent. */
function isEnforced(percent: number, host: Host, type: EjectionType, sink: EjectionSink): boolean {
  if (percent <= 0) return false;
  return percent >= 100 || sink.enforceDraw(host, type) < percent;
}
