/**
 * Statistical outliers: hosts whose success rate in a whole interval is far below the others', or
 * below a fixed bound.
 *
 * The detector counts results into the hosts and asks this file at each sweep. External results and
 * failures on our side are judged apart; without split mode the second kind stays empty.
 * Source: policy-engine.md §4.6; Envoy, outlier detection (success rate, failure percentage).
 */
import { EjectionType } from '../../core/records.ts';
import type { OutlierStatistics } from '../config/config.ts';
import type { Host } from './host.ts';

/** Results of one host in the present and in the last interval. */
export class ResultCounts {
  successes = 0;
  total = 0;
  lastSuccesses = 0;
  lastTotal = 0;

  count(isSuccess: boolean): void {
    this.total += 1;
    if (isSuccess) this.successes += 1;
  }

  /** The present interval is over. */
  rotate(): void {
    this.lastSuccesses = this.successes;
    this.lastTotal = this.total;
    this.successes = 0;
    this.total = 0;
  }
}

/** Told each outlier. */
export type OutlierSink = (host: Host, type: EjectionType, enforcingPercent: number) => void;

interface Judged {
  readonly host: Host;
  readonly volume: number;
  /** Percent, real. */
  readonly successRate: number;
}

const STDEV_UNIT = 1_000;

/** Judges the interval that has just ended, hosts that are ejected left out. */
export function judgeInterval(
  config: OutlierStatistics,
  hosts: readonly Host[],
  found: OutlierSink,
): void {
  const fewest = Math.min(config.successRateMinimumHosts, config.failurePercentageMinimumHosts);
  if (hosts.length < fewest) return;
  const isIn = hosts.map((host) => !host.isEjected);
  for (const isLocal of [false, true]) {
    const judged = hosts.flatMap((host, i) => (isIn[i] ? judge(host, isLocal) : []));
    judgeSuccessRates(config, judged, isLocal, found);
    judgeFailures(config, judged, isLocal, found);
  }
}

function judge(host: Host, isLocal: boolean): Judged[] {
  const counts = isLocal ? host.localResults : host.externalResults;
  if (counts === null || counts.lastTotal === 0) return [];
  const successRate = (100 * counts.lastSuccesses) / counts.lastTotal;
  return [{ host, volume: counts.lastTotal, successRate }];
}

function judgeSuccessRates(
  config: OutlierStatistics,
  judged: readonly Judged[],
  isLocal: boolean,
  found: OutlierSink,
): void {
  const able = judged.filter(({ volume }) => volume >= config.successRateRequestVolume);
  if (able.length === 0 || able.length < config.successRateMinimumHosts) return;
  const mean = able.reduce((sum, { successRate }) => sum + successRate, 0) / able.length;
  const squares = able.reduce((sum, { successRate }) => {
    return sum + (successRate - mean) * (successRate - mean);
  }, 0);
  const deviation = Math.sqrt(squares / able.length);
  const threshold = mean - (config.successRateStdevFactor / STDEV_UNIT) * deviation;
  const type = isLocal ? EjectionType.localOriginSuccessRate : EjectionType.successRate;
  const percent = isLocal
    ? config.enforcingLocalOriginSuccessRatePercent
    : config.enforcingSuccessRatePercent;
  for (const { host, successRate } of able) if (successRate < threshold) found(host, type, percent);
}

function judgeFailures(
  config: OutlierStatistics,
  judged: readonly Judged[],
  isLocal: boolean,
  found: OutlierSink,
): void {
  const able = judged.filter(({ volume }) => volume >= config.failurePercentageRequestVolume);
  if (able.length === 0 || able.length < config.failurePercentageMinimumHosts) return;
  const type = isLocal ? EjectionType.localOriginFailurePercentage : EjectionType.failurePercentage;
  const percent = isLocal
    ? config.enforcingLocalOriginFailurePercentagePercent
    : config.enforcingFailurePercentagePercent;
  for (const { host, successRate } of able) {
    if (100 - successRate >= config.failurePercentageThreshold) found(host, type, percent);
  }
}
