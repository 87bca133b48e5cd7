/**
 * What is kept of each scenario: per variant a digest and the numbers that its story is about.
 * Shared by the script that writes them and the test that checks them.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { processIo } from '../../src/cli/process-io.ts';
import { performRun } from '../../src/cli/run-task.ts';
import { loadScenario } from '../../src/cli/scenario-files.ts';
import type { LatencyMs, Summary } from '../../src/core/summary.ts';
import type { Scenario } from '../../src/harness/scenario.ts';
import { NO_OVERRIDES } from '../../src/harness/variants.ts';

export const GOLDEN_SEED = '1';

type Numbers = Readonly<Record<string, number | null>>;

/** One variant. */
export interface GoldenRun {
  readonly verdict: string;
  readonly digest: string;
  readonly events: number;
  /** By name; of clients, edges and services only those with traffic. */
  readonly clients: Readonly<Record<string, Numbers>>;
  readonly edges: Readonly<Record<string, Numbers>>;
  readonly services: Readonly<Record<string, Numbers>>;
  readonly faults: Readonly<Record<string, Numbers>>;
  readonly ejections: number;
  readonly recovery: Numbers;
}

export interface Golden {
  readonly seed: string;
  readonly variants: Readonly<Record<string, GoldenRun>>;
}

/** Folders below `scenarios/` that hold one. */
export function scenarioNames(root: string): readonly string[] {
  return readdirSync(join(root, 'scenarios'))
    .filter((name) => existsSync(join(root, 'scenarios', name, 'scenario.yaml')))
    .sort();
}

export function goldenPath(name: string): string {
  return `scenarios/${name}/expected.json`;
}

export function goldensOf(root: string, name: string): Golden {
  const runs = variantsOf(root, name).map((scenario): [string, GoldenRun] => [
    nameOfVariant(scenario),
    goldenOf(runGolden(scenario)),
  ]);
  return { seed: GOLDEN_SEED, variants: Object.fromEntries(runs) };
}

/** Variants of a scenario, in the order of the file. */
export function variantsOf(root: string, name: string): readonly Scenario[] {
  const io = { ...processIo(), cwd: root };
  return loadScenario(`scenarios/${name}`, NO_OVERRIDES, io).scenarios;
}

/** A file without variants has one without a name. */
export function nameOfVariant({ variant }: Scenario): string {
  return variant === '' ? 'default' : variant;
}

export function runGolden(scenario: Scenario): Summary {
  const task = { scenario, seed: GOLDEN_SEED, thresholds: [], isOneOfMany: false };
  return performRun(task).summary;
}

export function goldenOf(summary: Summary): GoldenRun {
  const { recovery } = summary;
  const byName = <T>(rows: readonly T[], name: (row: T) => string, of: (row: T) => Numbers) =>
    Object.fromEntries(rows.map((row) => [name(row), of(row)]));
  return {
    verdict: summary.verdict,
    digest: summary.digest,
    events: summary.run.events,
    clients: byName(
      summary.clients,
      (client) => client.name,
      ({ offered, succeeded, failed, goodputRps, latencyMs }) => ({
        offered,
        succeeded,
        failed,
        goodputRps,
        ...latencies(latencyMs),
      }),
    ),
    edges: byName(
      summary.edges,
      ({ from, to }) => `${from}->${to}`,
      ({ requests, attempts, retries, successRatio, latencyMs }) => ({
        requests,
        attempts,
        retries,
        successRatio,
        latencyMsP99: latencyMs.p99,
      }),
    ),
    services: byName(
      summary.services.filter(({ version }) => version === ''),
      (service) => service.name,
      ({ served, wastedWorkRatio, workerUtilisation, queueMax }) => ({
        served,
        wastedWorkRatio,
        workerUtilisation,
        queueMax,
      }),
    ),
    faults: byName(
      summary.faults,
      (fault) => `${fault.id} at ${fault.startS} s`,
      ({ strikes }) => ({ strikes }),
    ),
    ejections: summary.ejections.length,
    recovery: {
      baselineGoodputRps: recovery.baselineGoodputRps,
      recoveredAtS: recovery.recoveredAtS,
      metastable: recovery.metastable ? 1 : 0,
    },
  };
}

function latencies({ mean, p50, p99, max }: LatencyMs): Numbers {
  return { latencyMsMean: mean, latencyMsP50: p50, latencyMsP99: p99, latencyMsMax: max };
}
