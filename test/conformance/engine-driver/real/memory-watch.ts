/**
 * How much memory is really held: after a forced collection, sampled while a story runs.
 *
 * Client and upstreams live in the same process, so the figure is an upper bound of the proxy's.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const PAUSE_MS = 25;
/** Collections take at most about a tenth of the time, however busy the machine is. */
const PAUSE_FACTOR = 10;

export class MemoryWatch {
  private readonly collect: () => void;
  private readonly before: number;
  private timer: NodeJS.Timeout | null = null;
  private peak: number;

  constructor() {
    setFlagsFromString('--expose-gc');
    this.collect = runInNewContext('gc') as () => void;
    this.before = this.sample();
    this.peak = this.before;
    this.schedule(PAUSE_MS);
  }

  /** Stops watching. @returns the most bytes held at once, over those at the start */
  stop(): number {
    if (this.timer !== null) clearTimeout(this.timer);
    return this.peak - this.before;
  }

  private schedule(pauseMs: number): void {
    this.timer = setTimeout(() => {
      const startMs = performance.now();
      this.peak = Math.max(this.peak, this.sample());
      this.schedule(Math.max(PAUSE_MS, PAUSE_FACTOR * (performance.now() - startMs)));
    }, pauseMs);
  }

  private sample(): number {
    // The bytes of array buffers are given back by the collection after the one that found them.
    this.collect();
    this.collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  }
}
