/**
 * Outlier detection of one cluster: passive health from the results of requests.
 *
 * The engine reports results as they happen. A detector that fires only posts; the engine calls
 * `drain` before its input returns, so an ejection never takes effect inside the result that caused
 * it. Un-ejection happens in `sweep`, every interval of the cluster. This file holds the consecutive
 * detectors; one that judges whole intervals joins as a file that `sweep` asks after un-ejecting and
 * before the decay, and that names its outliers to the same `Ejector`.
 * Source: policy-engine.md §4; Envoy, outlier detection.
 */
import { EjectionType } from '../../core/records.ts';
import type { Ns } from '../../core/time.ts';
import type { OutlierConfig, OutlierStatistics } from '../config/config.ts';
import { type EjectionMoment, type EjectionSink, type EjectionStats, Ejector } from './ejection.ts';
import type { Host } from './host.ts';
import { judgeInterval, ResultCounts } from './outlier-statistics.ts';

/** The detector of one cluster; its memory of a host lies in the `Host`. */
export class OutlierDetector {
  private readonly config: OutlierConfig;
  private readonly ejector: Ejector;
  /** Fired, not yet drained; the two lists run in parallel. null = the host has gone. */
  private readonly postedHosts: (Host | null)[] = [];
  private readonly postedTypes: EjectionType[] = [];
  private readonly postedDegraded: Host[] = [];
  private readonly moment: EjectionMoment = { nowNs: 0, hostCount: 0 };

  /** null = hosts are not compared over intervals. */
  private readonly statistics: OutlierStatistics | null;

  constructor(config: OutlierConfig) {
    this.config = config;
    this.statistics = config.statistics ?? null;
    this.ejector = new Ejector(config);
  }

  get stats(): EjectionStats {
    return this.ejector.stats;
  }

  /** Whether `drain` has something to do. */
  get hasPosted(): boolean {
    return this.postedHosts.length > 0 || this.postedDegraded.length > 0;
  }

  /**
   * A response head arrived from the host.
   *
   * @param status of a gRPC response: its grpc-status mapped to HTTP
   */
  onResponse(host: Host, status: number): void {
    if (this.statistics !== null) countResult(host, false, status < 500);
    if (status < 500 || status > 599) {
      host.consecutive5xx = 0;
      host.consecutiveGatewayFailure = 0;
      return;
    }
    this.countGatewayFailure(host, status);
    host.consecutive5xx += 1;
    if (host.consecutive5xx === this.config.consecutive5xx) {
      this.post(host, EjectionType.consecutive5xx);
    }
  }

  /**
   * An attempt failed without a response: reset, connect failure, timeout. Not for overflows.
   *
   * @param status what it counts as when local failures are not told apart: 503 for resets and
   *   connect failures, 504 for timeouts (204, a success, with the alternative timeout response)
   */
  onLocalFailure(host: Host, status: number): void {
    if (!this.config.splitExternalLocalOriginErrors) {
      this.onResponse(host, status);
      return;
    }
    if (this.statistics !== null) countResult(host, true, false);
    host.consecutiveLocalOriginFailure += 1;
    if (host.consecutiveLocalOriginFailure === this.config.consecutiveLocalOriginFailure) {
      this.post(host, EjectionType.consecutiveLocalOriginFailure);
    }
  }

  /** Whether `onDegraded` is to be told of answers that say `x-envoy-degraded`. */
  get detectsDegraded(): boolean {
    return this.config.detectsDegraded === true;
  }

  /** The host answered well, and says that it is degraded. */
  onDegraded(host: Host): void {
    this.postedDegraded.push(host);
  }

  /** An attempt got a connection, new or reused. */
  onConnectSuccess(host: Host): void {
    if (!this.config.splitExternalLocalOriginErrors) return;
    if (this.statistics !== null) countResult(host, true, true);
    host.consecutiveLocalOriginFailure = 0;
  }

  /** The host left the cluster. */
  onHostRemoved(host: Host): void {
    for (let i = 0; i < this.postedHosts.length; i++) {
      if (this.postedHosts[i] === host) this.postedHosts[i] = null;
    }
    this.ejector.forget(host);
  }

  /**
   * Applies what was posted, in order.
   *
   * @param hostCount hosts of the cluster in all priorities, whatever their health
   */
  drain(nowNs: Ns, hostCount: number, sink: EjectionSink): void {
    this.moment.nowNs = nowNs;
    this.moment.hostCount = hostCount;
    for (let i = 0; i < this.postedHosts.length; i++) {
      const host = this.postedHosts[i];
      const type = this.postedTypes[i];
      if (host && type !== undefined) this.apply(host, type, sink);
    }
    for (const host of this.postedDegraded) this.ejector.degrade(host, nowNs, sink);
    this.postedHosts.length = 0;
    this.postedTypes.length = 0;
    this.postedDegraded.length = 0;
  }

  /**
   * To be called every interval, first one interval after the cluster came up.
   *
   * @param hosts all hosts of the cluster
   */
  sweep(nowNs: Ns, hosts: readonly Host[], sink: EjectionSink): void {
    for (const host of hosts) {
      if (host.isEjected && this.ejector.isDue(host, nowNs)) {
        this.ejector.uneject(host, nowNs, sink);
      }
      this.ejector.restoreIfDue(host, nowNs, sink);
    }
    if (this.statistics !== null) this.judge(this.statistics, nowNs, hosts, sink);
    for (const host of hosts) this.ejector.decay(host, nowNs);
  }

  /** A host passed an active health check. */
  onCheckPassed(host: Host, nowNs: Ns, sink: EjectionSink): void {
    if (this.config.unejectsOnHealthCheck === false || !host.isEjected) return;
    this.ejector.uneject(host, nowNs, sink);
  }

  /** Whether sweeps matter even when nobody was ever ejected. */
  get judgesIntervals(): boolean {
    return this.statistics !== null;
  }

  private judge(
    statistics: OutlierStatistics,
    nowNs: Ns,
    hosts: readonly Host[],
    sink: EjectionSink,
  ): void {
    for (const { externalResults, localResults } of hosts) {
      externalResults?.rotate();
      localResults?.rotate();
    }
    this.moment.nowNs = nowNs;
    this.moment.hostCount = hosts.length;
    judgeInterval(statistics, hosts, (host, type, percent) => {
      this.ejector.detect(host, type, percent, this.moment, sink);
    });
  }

  private countGatewayFailure(host: Host, status: number): void {
    if (status < 502 || status > 504) {
      host.consecutiveGatewayFailure = 0;
      return;
    }
    host.consecutiveGatewayFailure += 1;
    if (host.consecutiveGatewayFailure === this.config.consecutiveGatewayFailure) {
      this.post(host, EjectionType.consecutiveGatewayFailure);
    }
  }

  private post(host: Host, type: EjectionType): void {
    this.postedHosts.push(host);
    this.postedTypes.push(type);
  }

  /** The counter starts again whether or not the host was ejected; of an ejected host it stays. */
  private apply(host: Host, type: EjectionType, sink: EjectionSink): void {
    if (host.isEjected) return;
    this.ejector.detect(host, type, this.enforcingPercent(type), this.moment, sink);
    switch (type) {
      case EjectionType.consecutive5xx:
        host.consecutive5xx = 0;
        break;
      case EjectionType.consecutiveGatewayFailure:
        host.consecutiveGatewayFailure = 0;
        break;
      default:
        host.consecutiveLocalOriginFailure = 0;
    }
  }

  private enforcingPercent(type: EjectionType): number {
    switch (type) {
      case EjectionType.consecutive5xx:
        return this.config.enforcingConsecutive5xxPercent;
      case EjectionType.consecutiveGatewayFailure:
        return this.config.enforcingConsecutiveGatewayFailurePercent;
      default:
        return this.config.enforcingConsecutiveLocalOriginFailurePercent;
    }
  }
}

function countResult(host: Host, isLocal: boolean, isSuccess: boolean): void {
  if (isLocal) {
    host.localResults ??= new ResultCounts();
    host.localResults.count(isSuccess);
  } else {
    host.externalResults ??= new ResultCounts();
    host.externalResults.count(isSuccess);
  }
}
