/**
 * How much memory is really held: after a forced collection, sampled while a story runs.
 *
 * Client and upstreams live in the same process, so the figure is an upper bound of the proxy's.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const SAMPLE_MS = 25;

export class MemoryWatch {
  private readonly collect: () => void;
  private readonly before: number;
  private readonly timer: NodeJS.Timeout;
  private peak: number;

  constructor() {
    setFlagsFromString('--expose-gc');
    this.collect = runInNewContext('gc') as () => void;
    this.before = this.sample();
    this.peak = this.before;
    this.timer = setInterval(() => {
      this.peak = Math.max(this.peak, this.sample());
    }, SAMPLE_MS);
  }

  /** Stops watching. @returns the most bytes held at once, over those at the start */
  stop(): number {
    clearInterval(this.timer);
    return this.peak - this.before;
  }

  private sample(): number {
    this.collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  }
}
