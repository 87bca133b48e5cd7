/**
 * A finished run without a run: one client and one edge whose figures per second are given as
 * functions of time. Stands in for `trace/measure.ts` where only the judging is tested.
 */
import type { FaultWindow, Measurements, WindowDocument } from '../../src/core/measurements.ts';
import type { LatencyMs } from '../../src/core/summary.ts';
import { type Ns, SECOND } from '../../src/core/time.ts';

export interface FakeRun {
  readonly durationS: number;
  readonly warmUpS?: number;
  /** Successes in the second that begins at `s`. */
  readonly succeeded: (s: number) => number;
  readonly failed?: (s: number) => number;
  readonly latencyMsP99?: (s: number) => number;
  readonly faults?: readonly FakeFault[];
}

export interface FakeFault {
  readonly id: string;
  readonly startS: number;
  readonly endS: number;
  readonly strikes?: number;
}

export const CLIENT_NAME = 'shoppers';

export function fakeMeasurements(run: FakeRun): Measurements {
  const toNs = run.durationS * SECOND;
  const faultWindows = (run.faults ?? []).map(
    (fault): FaultWindow => ({
      id: fault.id,
      kind: 'proc.slow',
      startNs: fault.startS * SECOND,
      endNs: fault.endS * SECOND,
      strikes: fault.strikes ?? 1,
      minStrikes: 1,
      optional: false,
    }),
  );
  return {
    window: (fromNs, untilNs) => windowOf(run, fromNs, untilNs, faultWindows),
    goodputRps: (fromNs, untilNs) =>
      (sum(run.succeeded, fromNs, untilNs) * SECOND) / (untilNs - fromNs),
    faultWindows,
    timeline: { edgesS: [0, run.durationS], clients: [], edges: [], services: [] },
    bucketNs: SECOND,
    fromNs: (run.warmUpS ?? 0) * SECOND,
    toNs,
  };
}

function sum(perSecond: (s: number) => number, fromNs: Ns, toNs: Ns): number {
  let total = 0;
  for (let s = Math.ceil(fromNs / SECOND); (s + 1) * SECOND <= toNs; s += 1) total += perSecond(s);
  return total;
}

function windowOf(
  run: FakeRun,
  fromNs: Ns,
  toNs: Ns,
  faults: readonly FaultWindow[],
): WindowDocument {
  const succeeded = sum(run.succeeded, fromNs, toNs);
  const failed = sum(run.failed ?? (() => 0), fromNs, toNs);
  const all = succeeded + failed;
  const latencyMs = latency(run.latencyMsP99?.(fromNs / SECOND) ?? 10);
  return {
    clients: [
      {
        name: CLIENT_NAME,
        offered: all,
        succeeded,
        failed,
        goodputRps: (succeeded * SECOND) / (toNs - fromNs),
        successRatio: all === 0 ? 0 : succeeded / all,
        latencyMs,
        byCode: failed > 0 ? { '200': succeeded, '503': failed } : { '200': succeeded },
        byFlag: {},
      },
    ],
    edges: [
      {
        from: 'orders',
        to: 'payments',
        requests: all,
        attempts: all + failed,
        amplification: all === 0 ? 0 : (all + failed) / all,
        successRatio: all === 0 ? 0 : succeeded / all,
        firstTrySuccessRatio: all === 0 ? 0 : succeeded / all,
        retries: failed,
        retriesRefused: { budget: 0, breaker: 0, max: 0 },
        latencyMs,
        byFlag: {},
      },
    ],
    services: [],
    proxies: { addedLatencyMs: { p50: 0, p99: 0 }, cpuCores: 0, memoryMiB: 0 },
    ejections: [],
    faults: faults.map(({ id, kind, startNs, endNs, strikes }) => ({
      id,
      kind,
      startS: startNs / SECOND,
      endS: endNs / SECOND,
      strikes,
    })),
    samples: all,
  };
}

function latency(p99: number): LatencyMs {
  return { mean: p99 / 4, p50: p99 / 5, p90: p99 / 2, p95: p99 / 1.5, p99, p999: p99, max: p99 };
}
