/**
 * Which share of the picks each priority of a cluster gets, and which priorities are in panic.
 *
 * A priority takes less only when its health falls below 1 / 1.4 of its hosts; the rest spills over
 * to the next one. Computed when hosts or their health change, never per pick.
 * Source: policy-engine.md §6.2, 6.3, 14; Envoy, priority levels and panic.
 */

/** Percent: hosts count for 1.4 of themselves, so 72 % healthy is as good as all. */
export const OVERPROVISIONING_PERCENT = 140;

/** Host counts of one priority. */
export interface PriorityHealth {
  readonly hosts: number;
  readonly healthy: number;
  readonly degraded: number;
  /** Left out of the denominators: draining. */
  readonly excluded: number;
  /** Sums of weights that stand for the counts in shares of load; undefined = the counts. */
  readonly weights?: {
    readonly healthy: number;
    readonly degraded: number;
    /** Of all hosts that are not excluded. */
    readonly counted: number;
  };
}

/** Each list's length = priority count, indexed by priority; loads are integer percent. */
export interface PriorityLoads {
  readonly healthy: readonly number[];
  readonly degraded: readonly number[];
  readonly panicking: readonly boolean[];
}

/**
 * @param levels by priority, first = 0; at least one
 * @param panicThresholdPercent 0..100; 0 disables panic
 */
export function priorityLoads(
  levels: readonly PriorityHealth[],
  panicThresholdPercent: number,
  overprovisioningPercent: number = OVERPROVISIONING_PERCENT,
): PriorityLoads {
  const healthy = levels.map((level) => healthyPart(level, overprovisioningPercent));
  const degraded = levels.map((level) => degradedPart(level, overprovisioningPercent));
  const total = Math.min(100, sum(healthy) + sum(degraded));
  const panicking = levels.map((l) => total !== 100 && percentAlive(l) < panicThresholdPercent);
  if (panicking.every((isPanicking) => isPanicking)) {
    return { healthy: loadsByHosts(levels), degraded: levels.map(() => 0), panicking };
  }
  if (total === 0) return { healthy: firstTakesAll(levels), degraded, panicking };
  return { ...share(healthy, degraded, total), panicking };
}

/**
 * The priority and class of one pick: healthy hosts of all priorities first, then degraded ones.
 *
 * @param percentile integer 0..99, uniform
 * @returns 2 × priority, + 1 for its degraded hosts
 */
export function choosePriority(loads: PriorityLoads, percentile: number): number {
  let bound = 0;
  for (let p = 0; p < loads.healthy.length; p++) {
    bound += loads.healthy[p] ?? 0;
    if (percentile < bound) return 2 * p;
  }
  for (let p = 0; p < loads.degraded.length; p++) {
    bound += loads.degraded[p] ?? 0;
    if (percentile < bound) return 2 * p + 1;
  }
  return 0;
}

/**
 * The shares when some priorities were tried already and are left out.
 *
 * @param excluded by priority; when nothing is left it is cleared, and all count again
 * @returns null when no priority can carry anything: the usual loads apply
 * Source: Envoy, retry/priority/previous_priorities
 */
export function loadsWithout(
  levels: readonly PriorityHealth[],
  excluded: boolean[],
  overprovisioningPercent: number,
): PriorityLoads | null {
  const healthy = levels.map((level) => healthyPart(level, overprovisioningPercent));
  const degraded = levels.map((level) => degradedPart(level, overprovisioningPercent));
  const left = (list: readonly number[]) => list.map((value, p) => (excluded[p] ? 0 : value));
  const total = () => Math.min(100, sum(left(healthy)) + sum(left(degraded)));
  if (total() === 0) excluded.fill(false);
  const able = total();
  if (able === 0) return null;
  return { ...share(left(healthy), left(degraded), able), panicking: levels.map(() => false) };
}

/** What a priority's healthy hosts can carry, in integer percent of its load. */
function healthyPart({ healthy, hosts, excluded, weights }: PriorityHealth, factor: number) {
  if (weights === undefined) return availability(healthy, hosts - excluded, factor);
  return availability(weights.healthy, weights.counted, factor);
}

/** The same of its degraded hosts. */
function degradedPart({ degraded, hosts, excluded, weights }: PriorityHealth, factor: number) {
  if (weights === undefined) return availability(degraded, hosts - excluded, factor);
  return availability(weights.degraded, weights.counted, factor);
}

function availability(count: number, counted: number, factorPercent: number): number {
  if (counted === 0) return 0;
  return Math.min(100, Math.trunc((factorPercent * count) / counted));
}

/** Real percent of hosts that are healthy or degraded; 0 without hosts. */
function percentAlive(level: PriorityHealth): number {
  const counted = level.hosts - level.excluded;
  return counted === 0 ? 0 : (100 * level.healthy) / counted + (100 * level.degraded) / counted;
}

/** Fills 100 percent in the order of priorities; what rounding leaves goes to the first one. */
function share(
  healthy: readonly number[],
  degraded: readonly number[],
  total: number,
): { healthy: number[]; degraded: number[] } {
  let left = 100;
  const take = (available: number): number => {
    const load = Math.min(left, Math.trunc((available * 100) / total));
    left -= load;
    return load;
  };
  const shares = { healthy: healthy.map(take), degraded: degraded.map(take) };
  const first = healthy.findIndex((available) => available > 0);
  if (first >= 0) addTo(shares.healthy, first, left);
  else
    addTo(
      shares.degraded,
      degraded.findIndex((available) => available > 0),
      left,
    );
  return shares;
}

/** In panic everywhere, health counts no more: loads follow the number of hosts. */
function loadsByHosts(levels: readonly PriorityHealth[]): number[] {
  const total = sum(levels.map((level) => level.hosts));
  if (total === 0) return firstTakesAll(levels);
  const loads = levels.map((level) => Math.trunc((100 * level.hosts) / total));
  addTo(
    loads,
    levels.findIndex((level) => level.hosts > 0),
    100 - sum(loads),
  );
  return loads;
}

function firstTakesAll(levels: readonly PriorityHealth[]): number[] {
  return levels.map((_, p) => (p === 0 ? 100 : 0));
}

function addTo(list: number[], index: number, amount: number): void {
  list[index] = (list[index] ?? 0) + amount;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
