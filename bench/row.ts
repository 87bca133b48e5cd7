/**
 * What a row of the bench is. Each is measured in a process of its own (no shared type feedback);
 * throughputs are per second of CPU time, so that other load on the machine matters less.
 */

export interface Row {
  /** Stands in reports and baselines; not renamed. */
  readonly name: string;
  readonly unit: string;
  /** Which of several repeats to report. */
  readonly best: 'highest' | 'lowest';
  /** Rows this one is quoted against. */
  readonly ratioTo: readonly string[];
  /** Why this machine cannot measure it; null or absent = it can. */
  missing?(): string | null;
  /** One repeat, warm-up included. @returns the value in `unit` */
  measure(): number | Promise<number>;
}

/**
 * Runs `work` for a while, then times it in stretches and takes the fastest: whatever else runs on the
 * machine comes and goes, and takes caches and clock speed even from CPU time.
 * @param work does `count` units of work
 * @param stretch units; long enough to meet its share of collections
 * @returns units per second of this process's CPU time
 */
export function perCpuSecond(
  work: (count: number) => void,
  warmUp: number,
  stretch: number,
  stretches: number,
): number {
  work(warmUp);
  let best = 0;
  for (let done = 0; done < stretches; done++) {
    const before = process.cpuUsage();
    work(stretch);
    const { user, system } = process.cpuUsage(before);
    best = Math.max(best, (stretch * 1e6) / (user + system));
  }
  return best;
}
