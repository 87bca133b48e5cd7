/**
 * What a host's answers take, as peak-EWMA remembers it: fast to rise, slow to fall.
 *
 * Reading the load ages the estimate, so a host that nobody asks looks faster and faster until it is
 * tried again. Times are virtual or real nanoseconds, as the engine's clock has them.
 * Source: config-other-meshes.md §1.2; tower, peak EWMA; linkerd2-proxy, load biaser.
 */
import { exp } from '../../core/math.ts';
import type { Ns } from '../../core/time.ts';

export class LatencyEstimate {
  /** Requests whose answer has not begun. */
  pending = 0;
  private rttNs: number;
  private atNs: Ns;
  private readonly decayNs: Ns;

  /**
   * @param rttNs what it counts as before its first answer
   * @param decayNs after so long, what was measured counts for 1/e
   */
  constructor(rttNs: Ns, decayNs: Ns, nowNs: Ns) {
    this.rttNs = rttNs;
    this.decayNs = decayNs;
    this.atNs = nowNs;
  }

  /** What one more request would wait for, in ns: compared between hosts. Ages the estimate. */
  load(nowNs: Ns): number {
    this.rttNs *= this.weightOfPast(nowNs);
    this.atNs = nowNs;
    return this.rttNs * (this.pending + 1);
  }

  /** An answer began after so long, or its attempt ended so. */
  measured(nowNs: Ns, rttNs: Ns): void {
    if (this.rttNs < rttNs) this.rttNs = rttNs;
    else {
      const past = this.weightOfPast(nowNs);
      this.rttNs = this.rttNs * past + rttNs * (1 - past);
    }
    this.atNs = nowNs;
  }

  /** A failure counts as an answer that took `penaltyNs`, and never makes the host look faster. */
  penalised(nowNs: Ns, penaltyNs: Ns): void {
    this.rttNs = Math.max(this.rttNs * this.weightOfPast(nowNs), penaltyNs);
    this.atNs = nowNs;
  }

  private weightOfPast(nowNs: Ns): number {
    return exp((this.atNs - nowNs) / this.decayNs);
  }
}
