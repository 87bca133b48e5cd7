/**
 * An experiment: one scenario, some replications, and figures for which theory has a value.
 *
 * The whole product takes part: the scenario file is read, the mesh files imported and resolved, the
 * world built and run, and the figures are those of the summary. `validation.test.ts` judges
 * experiments, `scripts/write-validation.ts` writes them down.
 */
import type { WindowDocument } from '../../src/core/measurements.ts';
import { runScenario } from '../../src/harness/run.ts';
import { readSketch } from '../helpers/scenarios.ts';
import type { JsonMap } from '../helpers/sketch.ts';
import { bandOf, type Estimate, estimate } from './statistics.ts';

/** Mean service time of every queue here; figures are in units of it. */
export const SERVICE_MS = 10;

export interface Figure {
  readonly name: string;
  readonly theory: number;
  /** Largest relative half-width of the 95 % interval: what a run must be long enough for. */
  readonly precision: number;
  /** Relative error that the way of measuring may add: buckets of histograms. */
  readonly bias?: number;
  of(window: WindowDocument): number;
}

export interface Experiment {
  readonly name: string;
  /** Model and formula, for the table. */
  readonly theory: string;
  readonly scenario: JsonMap;
  readonly mesh?: readonly JsonMap[];
  readonly replications: number;
  readonly figures: readonly Figure[];
}

export interface Judgement {
  readonly experiment: Experiment;
  readonly figure: Figure;
  readonly estimate: Estimate;
  /** Half-width of the band around theory in which the mean must lie. */
  readonly band: number;
}

export function perform(experiment: Experiment): Judgement[] {
  const mesh = experiment.mesh ?? [];
  const scenario = readSketch({ seed: '', scenario: experiment.scenario, mesh });
  const values = experiment.figures.map((): number[] => []);
  for (let run = 1; run <= experiment.replications; run++) {
    const { measurements } = runScenario(scenario, { seed: `${run}`, cutPoints: [] });
    const window = measurements.window(measurements.fromNs, measurements.toNs);
    experiment.figures.forEach((figure, at) => {
      values[at]?.push(figure.of(window));
    });
  }
  return experiment.figures.map((figure, at): Judgement => {
    const measured = estimate(values[at] ?? []);
    const band = bandOf(measured) + (figure.bias ?? 0) * figure.theory;
    return { experiment, figure, estimate: measured, band };
  });
}

/** What is wrong with a judgement, in words; null = nothing. */
export function problemOf({ figure, estimate: measured, band }: Judgement): string | null {
  const { name, theory, precision } = figure;
  const off = measured.mean - theory;
  if (Math.abs(off) > band) {
    return `${name}: measured ${measured.mean}, theory ${theory}, off by ${off}, band ${band}`;
  }
  const relative = measured.halfWidth95 / theory;
  if (relative > precision) return `${name}: known to ${relative} only, not to ${precision}`;
  return null;
}

// Builders

/** An Istio resource in the namespace `default`. */
export function istio(kind: string, name: string, spec: JsonMap): JsonMap {
  const metadata = { name, namespace: 'default' };
  return { apiVersion: 'networking.istio.io/v1', kind, metadata, spec };
}

/** @param requests in all, per replication; a tenth more come first and are not measured */
export function timesFor(requests: number, rateRps: number): { duration: string; warmUp: string } {
  const measuredS = requests / rateRps;
  return { duration: seconds(1.1 * measuredS), warmUp: seconds(0.1 * measuredS) };
}

export function seconds(value: number): string {
  return `${Math.round(value * 1000)}ms`;
}

/** Mean arrivals per second that load `servers` to `rho`. */
export function rateFor(rho: number, servers = 1): number {
  return (rho * servers * 1000) / SERVICE_MS;
}

/** Figures of the only client. */
export const meanTime = (window: WindowDocument): number =>
  (window.clients[0]?.latencyMs.mean ?? 0) / SERVICE_MS;
export const p99Time = (window: WindowDocument): number =>
  (window.clients[0]?.latencyMs.p99 ?? 0) / SERVICE_MS;
export const failedRatio = (window: WindowDocument): number => {
  const { succeeded = 0, failed = 0 } = window.clients[0] ?? {};
  return failed / (succeeded + failed);
};
