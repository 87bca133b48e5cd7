/**
 * One run: a scenario and a seed in, measurements and a digest out. Pure and synchronous.
 *
 * The run is cut into buckets (1 s or longer) and at every point that an expectation looks at; the
 * recorder rotates there, so any window between cuts is exact. After its end, arrivals stop and what
 * is under way is drained, so slow requests are counted, not censored.
 */
import type { Measurements } from '../core/measurements.ts';
import { MINUTE, type Ns, SECOND } from '../core/time.ts';
import { measure } from '../trace/measure.ts';
import type { RequestSamples } from '../trace/request-sampler.ts';
import { type BuiltWorld, buildWorld } from './build.ts';
import type { Scenario } from './scenario.ts';

export interface RunOptions {
  /** Any string. */
  readonly seed: string;
  /** Where measurements must be cut besides the grid, ns, any order. */
  readonly cutPoints: readonly Ns[];
  /** Called at each cut; return false to stop the run there. */
  onProgress?(virtualNs: Ns, totalNs: Ns): boolean | undefined;
}

export interface RunResult {
  readonly measurements: Measurements;
  /** 32 hexadecimal digits over every record of the run. */
  readonly digest: string;
  readonly events: number;
  /** Requests of clients that ended. */
  readonly requests: number;
  /** What was asked for but only approximated, one line each. */
  readonly limits: readonly string[];
  /** Requests that deserve a closer look. */
  readonly samples: RequestSamples;
}

/** Longest time after the end of a run in which requests under way may still end. */
const DRAIN_NS = 2 * MINUTE;
/** More buckets than this make no better chart. */
const MOST_BUCKETS = 900;

/**
 * Requests that end after so many events are not kept for a closer look, unless a fault is still on
 * or has just ended: following them costs a second run up to there.
 */
const SAMPLED_EVENTS = 1_000_000;

/** @throws InputError when the mesh files are wrong */
export function runScenario(scenario: Scenario, options: RunOptions): RunResult {
  const built = buildWorld(scenario, options.seed);
  const { world, recorder, faults } = built;
  const bucketNs = bucketLength(scenario.durationNs);
  const cuts = cutsOf(scenario, bucketNs, [...options.cutPoints, ...edgesOf(built)]);
  const sampledNs = sampledAtLeast(built);
  faults.arm();
  world.start(scenario.durationNs);
  for (const cutNs of cuts) {
    world.run(cutNs - 1);
    recorder.rotate(cutNs);
    if (cutNs >= sampledNs && world.kernel.eventCount > SAMPLED_EVENTS)
      recorder.sampler.close(cutNs);
    if (options.onProgress?.(cutNs, scenario.durationNs) === false) break;
  }
  const hasDrained = world.drain(scenario.durationNs + DRAIN_NS);
  // A run that was quiet before its end has nothing to drain, and the clock stands just before it.
  recorder.rotate(Math.max(world.nowNs, scenario.durationNs));
  const left = hasDrained
    ? []
    : [`${world.inFlight} requests had not ended ${DRAIN_NS / SECOND} s after the end of the run`];
  return {
    measurements: measure(recorder, {
      bucketNs,
      fromNs: scenario.warmUpNs,
      toNs: scenario.durationNs,
      faultWindows: faults.windows(),
    }),
    digest: recorder.digest.hex(),
    events: world.kernel.eventCount,
    requests: recorder.requestsDone,
    limits: [...built.limits, ...left],
    samples: recorder.sampler.result(world.nowNs),
  };
}

/** 1 s, or the shortest round length that keeps the number of buckets down. */
function bucketLength(durationNs: Ns): Ns {
  const seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 86400];
  const fitting = seconds.find((s) => durationNs / (s * SECOND) <= MOST_BUCKETS);
  return (fitting ?? 86400) * SECOND;
}

/** As long again after the last fault as it took. */
function sampledAtLeast({ faults }: BuiltWorld): Ns {
  return Math.max(0, ...faults.planned.map(({ startNs, endNs }) => 2 * endNs - startNs));
}

function edgesOf({ faults }: BuiltWorld): Ns[] {
  return faults.planned.flatMap((window) => [window.startNs, window.endNs]);
}

/** Ascending, without doubles, in (0, end]; the end is the last. */
function cutsOf(scenario: Scenario, bucketNs: Ns, more: readonly Ns[]): Ns[] {
  const endNs = scenario.durationNs;
  const cuts = new Set<Ns>([scenario.warmUpNs, endNs, ...more]);
  for (let at = bucketNs; at < endNs; at += bucketNs) cuts.add(at);
  return [...cuts].filter((at) => at > 0 && at <= endNs).sort((a, b) => a - b);
}
