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
  /** One repeat, warm-up included. @returns the value in `unit` */
  measure(): number | Promise<number>;
}

/**
 * Runs `work` for a while and times the later part of it.
 * @param work does `count` units of work
 * @returns units per second of this process's CPU time
 */
export function perCpuSecond(work: (count: number) => void, warmUp: number, count: number): number {
  work(warmUp);
  const before = process.cpuUsage();
  work(count);
  const used = process.cpuUsage(before);
  return (count * 1e6) / (used.user + used.system);
}
