/**
 * Outlier detection of one cluster at work: when its detector sweeps, what it draws, who hears of it.
 *
 * `Cluster` owns one if its configuration has a detector, and tells it of hosts that left. Records
 * of ejections are written here and nowhere else. Source: policy-engine.md §4.2–4.5.
 */
import type { TimerId } from '../../core/engine.ts';
import { NO_TIMER, TimerKind } from '../../core/engine.ts';
import type { EjectionRefusal, EjectionType } from '../../core/records.ts';
import { RecordKind } from '../../core/records.ts';
import { MILLISECOND, type Ns } from '../../core/time.ts';
import type { ClusterConfig, OutlierConfig } from '../config/config.ts';
import type { ClusterSurroundings } from './cluster-surroundings.ts';
import type { EjectionSink } from './ejection.ts';
import type { Host } from './host.ts';
import { OutlierDetector } from './outlier-detection.ts';

const HUNDRED_PERCENT = 100;

/** The cluster whose hosts are judged. */
export interface EjectedHosts {
  readonly allHosts: readonly Host[];
  /** A host left rotation or came back. */
  healthChanged(): void;
  /** Its connections take no new streams. */
  drainHost(host: Host): void;
}

export class ClusterEjections implements EjectionSink {
  readonly detector: OutlierDetector;
  private readonly config: ClusterConfig;
  private readonly intervalNs: Ns;
  private readonly surroundings: ClusterSurroundings;
  private readonly cluster: EjectedHosts;
  private sweepTimer: TimerId;
  private isStopped: boolean;

  constructor(
    config: ClusterConfig,
    outlier: OutlierConfig,
    surroundings: ClusterSurroundings,
    cluster: EjectedHosts,
  ) {
    this.detector = new OutlierDetector(outlier);
    this.config = config;
    this.intervalNs = outlier.intervalMs * MILLISECOND;
    this.surroundings = surroundings;
    this.cluster = cluster;
    this.sweepTimer = NO_TIMER;
    this.isStopped = false;
    if (this.detector.judgesIntervals) this.armSweep();
  }

  /** Applies the detections of the present input. */
  drainPosted(): void {
    const { nowNs } = this.surroundings.ports.clock;
    this.detector.drain(nowNs, this.cluster.allHosts.length, this);
    if (this.wantsSweep) this.armSweep();
  }

  onSweep(): void {
    this.sweepTimer = NO_TIMER;
    this.detector.sweep(this.surroundings.ports.clock.nowNs, this.cluster.allHosts, this);
    if (this.wantsSweep) this.armSweep();
  }

  onCheckPassed(host: Host): void {
    this.detector.onCheckPassed(host, this.surroundings.ports.clock.nowNs, this);
  }

  onHostRemoved(host: Host): void {
    // Its ejection ends here for whoever keeps the ledger.
    if (host.isEjected) this.recordUnejected(host);
    this.detector.onHostRemoved(host);
  }

  /** The cluster is gone. */
  stop(): void {
    this.isStopped = true;
    if (this.sweepTimer !== NO_TIMER) this.surroundings.ports.disarm(this.sweepTimer);
    this.sweepTimer = NO_TIMER;
  }

  // What the detector says

  ejected(host: Host, type: EjectionType): void {
    this.surroundings.ports.record(RecordKind.ejected, host.id, this.config.id, type);
    this.cluster.healthChanged();
    this.cluster.drainHost(host);
  }

  degradedChanged(_host: Host): void {
    this.cluster.healthChanged();
  }

  ejectionRefused(host: Host, type: EjectionType, why: EjectionRefusal): void {
    const what = type * 16 + why;
    this.surroundings.ports.record(RecordKind.ejectionRefused, host.id, this.config.id, what);
  }

  unejected(host: Host): void {
    this.recordUnejected(host);
    this.cluster.healthChanged();
  }

  enforceDraw(host: Host, type: EjectionType): number {
    return this.draw(host, 2 * type, HUNDRED_PERCENT);
  }

  jitterDraw(host: Host, n: number): number {
    return this.draw(host, 1, n);
  }

  /** Keyed by the endpoint and the number of its detection: a refused draw does not come again. */
  private draw(host: Host, decision: number, n: number): number {
    const { draws } = this.surroundings.ports;
    const label = `proxy/${this.surroundings.proxyName}/cluster/${this.config.name}/ejection`;
    const index = host.detectionCount * 16 + decision;
    return draws.below(draws.stream(label), host.id, index, n);
  }

  private recordUnejected(host: Host): void {
    this.surroundings.ports.record(RecordKind.unejected, host.id, this.config.id, 0);
  }

  /** Sweeps do nothing for a cluster that never ejected, so they are only armed for others. */
  private get wantsSweep(): boolean {
    return this.detector.judgesIntervals || this.cluster.allHosts.some((host) => host.needsSweep);
  }

  private armSweep(): void {
    if (this.sweepTimer !== NO_TIMER || this.isStopped) return;
    const { ports, sweepOriginNs } = this.surroundings;
    const { intervalNs } = this;
    const sinceNs = ports.clock.nowNs - sweepOriginNs;
    const dueNs = sweepOriginNs + (Math.floor(sinceNs / intervalNs) + 1) * intervalNs;
    this.sweepTimer = ports.arm(dueNs, TimerKind.outlierSweep, this.config.id);
  }
}
