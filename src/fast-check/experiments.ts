/**
 * Generated experiments: a topology, its load, policy and faults; or only the faults, over a scenario
 * of the user's.
 *
 * Faults are shrunk first, then services, policy, load and seed. Faults begin and end in the second
 * quarter of the run: before it is a baseline, behind it time to recover.
 */
import fc from 'fast-check';
import { UsageError } from '../core/errors.ts';
import { didYouMean } from '../core/suggest.ts';
import { MILLISECOND } from '../core/time.ts';
import { parseDurationNs } from '../core/units.ts';
import type { PolicyEntry, ScenarioDefinition } from '../library/read-scenario.ts';
import { type BaseScenario, readBase } from './base-scenario.ts';
import { type Experiment, withSummary } from './experiment.ts';
import { type FaultPlanOptions, type FaultTargets, openPlan } from './fault-plan.ts';
import { type LoadOptions, load } from './load.ts';
import { policyOf } from './policy.ts';
import { type TopologyOptions, topology } from './topology.ts';

/** What is generated, and what is given. */
export interface ExperimentOptions extends TopologyOptions, LoadOptions {
  /**
   * A scenario of yours, by path or as an object: then only faults and seeds are generated. Its
   * faults, expectations and variants are left out; policy is that of its first variant.
   */
  readonly scenario?: string | ScenarioDefinition;
  /** Policy in place of the scenario's, or of generated policy. */
  readonly mesh?: readonly PolicyEntry[];
  /** How many faults, of which kinds, and whom they strike; up to three of any kind by default. */
  readonly faults?: PlannedFaults;
  /** Virtual time in all, e.g. `'2m'`; the scenario's, or 40 s. */
  readonly duration?: string;
  /** What paths are relative to; the current folder by default. */
  readonly cwd?: string;
}

/** What faults an experiment may have. */
export interface PlannedFaults extends Pick<FaultPlanOptions, 'max' | 'kinds'> {
  /** Services that faults strike, and those that links lead to; all by default. */
  readonly services?: readonly string[];
}

const DEFAULT_DURATION = '40s';
const MOST_SERVICES = 4;

/**
 * Experiments to hold invariants against.
 *
 * @throws InputError when the scenario is wrong
 * @throws UsageError when the duration is, or a kind of fault or a service does not exist
 */
export function experiments(options: ExperimentOptions = {}): fc.Arbitrary<Experiment> {
  const { scenario, cwd = process.cwd() } = options;
  if (scenario === undefined) return fromNothing(options);
  return overBase(readBase(scenario, cwd), options);
}

const seeds = fc.nat({ max: 999_999 }).map(String);

function overBase(base: BaseScenario, options: ExperimentOptions): fc.Arbitrary<Experiment> {
  const duration = options.duration ?? String(base.scenario.duration);
  const targets = targetsIn(base.scenario, options.faults?.services);
  const windowMs = secondQuarter(duration);
  return fc
    .record({ plan: openPlan({ ...options.faults, windowMs }), seed: seeds })
    .map(({ plan, seed }) =>
      withSummary({
        scenario: { ...base.scenario, duration, faults: [...plan(targets)] },
        mesh: options.mesh ?? base.mesh,
        seed,
      }),
    );
}

function fromNothing(options: ExperimentOptions): fc.Arbitrary<Experiment> {
  const { duration = DEFAULT_DURATION } = options;
  const windowMs = secondQuarter(duration);
  const mostServices = options.maxServices ?? MOST_SERVICES;
  const hosts = Array.from({ length: mostServices }, (_, at) => `s${at}`);
  return fc
    .record({
      plan: openPlan({ ...options.faults, windowMs }),
      services: topology(options),
      policies: fc.tuple(...hosts.map(policyOf)),
      load: load(options),
      seed: seeds,
    })
    .map((drawn) => {
      const services = drawn.services as ScenarioDefinition['services'];
      const clients = { users: { to: 's0', ...drawn.load } };
      const dataPlane = 'sidecar' as const;
      const world = { meshquake: 1 as const, duration, dataPlane, services, clients };
      const faults = [...drawn.plan(targetsIn(world, undefined))];
      const mesh = options.mesh ?? drawn.policies.slice(0, Object.keys(services).length).flat();
      return withSummary({ scenario: { ...world, faults }, mesh, seed: drawn.seed });
    });
}

function targetsIn(
  { services, clients }: ScenarioDefinition,
  only: readonly string[] | undefined,
): FaultTargets {
  const known = Object.keys(services);
  const unknown = (only ?? []).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`there is no service "${unknown}"${didYouMean(unknown, known)}`);
  }
  return { services: only ?? known, clients: Object.keys(clients) };
}

/** @throws UsageError */
function secondQuarter(duration: string): readonly [fromMs: number, toMs: number] {
  const parsed = parseDurationNs(duration);
  if (!parsed.ok) throw new UsageError(`duration: ${parsed.problem}`);
  const ms = parsed.value / MILLISECOND;
  return [Math.round(ms / 4), Math.round(ms / 2)];
}
