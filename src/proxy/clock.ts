/**
 * The real proxy's clock: integer nanoseconds since it was made, frozen while one input runs.
 *
 * `Turns` refreshes it before each input, so that the engine sees one instant per input, as in the
 * simulator. Timers compare with `readNs`, which never waits for a refresh.
 */
import type { Ns } from '../core/time.ts';
import { SECOND } from '../core/time.ts';

/** A monotonic clock in integer nanoseconds. */
export class MonotonicClock {
  private readonly startedAt: [number, number];
  private frozenNs: Ns;

  constructor() {
    this.startedAt = process.hrtime();
    this.frozenNs = 0;
  }

  /** The instant of the last `refresh`. */
  get nowNs(): Ns {
    return this.frozenNs;
  }

  refresh(): void {
    this.frozenNs = this.readNs();
  }

  /** The time right now. */
  readNs(): Ns {
    const [seconds, nanoseconds] = process.hrtime(this.startedAt);
    return seconds * SECOND + nanoseconds;
  }
}
