/**
 * What a request wants of the host it is sent to, beyond the balancer's choice.
 *
 * The router makes one for requests that have such a wish; all others pass null.
 * Source: policy-engine.md §2.5, 7.5, 7.10.
 */

import type { LbMetadata } from '../../core/engine.ts';
import type { Host } from './host.ts';
import { hasAll } from './subset-table.ts';

export interface HostWish {
  /** Metadata of the subset; null = the whole cluster. */
  readonly criteria: LbMetadata | null;
  /** null = priorities are chosen as usual. */
  readonly priorities: TriedPriorities | null;
  /** Whether canary hosts are given back for another pick. */
  readonly omitsCanaries: boolean;
  /** Hosts with all of this are given back, too; null = none are. */
  readonly omits: LbMetadata | null;
}

/** Which priorities a request has tried. */
export class TriedPriorities {
  private readonly updateFrequency: number;
  private attempted: Host[];
  private readonly excluded: boolean[];
  private isInForce: boolean;

  /** @param updateFrequency after so many attempts their priorities are left out */
  constructor(updateFrequency: number) {
    this.updateFrequency = updateFrequency;
    this.attempted = [];
    this.excluded = [];
    this.isInForce = false;
  }

  tried(host: Host): void {
    this.attempted.push(host);
  }

  /** @returns by priority; null = nothing is left out */
  excludedNow(): boolean[] | null {
    if (this.attempted.length < this.updateFrequency) return null;
    if (this.attempted.length % this.updateFrequency === 0) {
      for (const { endpoint } of this.attempted) this.excluded[endpoint.priority] = true;
      this.isInForce = true;
    }
    return this.isInForce ? this.excluded : null;
  }

  /** Every priority had its turn: all count again. */
  startAgain(): void {
    this.attempted = [];
    this.isInForce = false;
  }
}

/** Predicates apply from the second attempt on. */
export function isRejected(
  host: Host,
  attempt: number,
  tried: readonly Host[] | null,
  wish: HostWish | null,
): boolean {
  if (tried?.includes(host) === true) return true;
  if (attempt === 1 || wish === null) return false;
  if (wish.omitsCanaries && host.endpoint.metadata?.['canary'] === true) return true;
  return wish.omits !== null && hasAll(host, wish.omits);
}
