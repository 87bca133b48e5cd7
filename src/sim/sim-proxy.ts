/**
 * One proxy of the world: an engine, where it stands, and what its work costs.
 *
 * Made by `world.ts`; the transport asks it for the time it adds, everybody else for its engine.
 */
import type { DurationSampler } from '../core/distributions.ts';
import type { Draws, StreamKey } from '../core/draws.ts';
import type { Engine, ListenerPlan } from '../core/engine.ts';
import type { Ns } from '../core/time.ts';
import type { ProxySpec } from './world-spec.ts';

export class SimProxy {
  readonly id: number;
  readonly host: number;
  readonly isInbound: boolean;
  readonly name: string;
  /** Inbound listeners, in the order given. */
  readonly listeners: readonly ListenerPlan[];
  engine: Engine;
  private readonly overhead: DurationSampler | null;
  private readonly stream: StreamKey;

  constructor(id: number, spec: ProxySpec, draws: Draws) {
    this.id = id;
    this.host = spec.host;
    this.isInbound = spec.role === 'inbound';
    this.name = spec.name;
    this.listeners = (spec.listeners ?? []).filter((plan) => plan.direction === 'inbound');
    this.engine = undefined as unknown as Engine; // set by the world before anything runs
    const isFree = spec.overhead?.isConstant === true && spec.overhead.meanNs === 0;
    this.overhead = isFree ? null : spec.overhead;
    this.stream = draws.stream(`proxy/${spec.name}/overhead`);
  }

  /** Whether it never takes any time. */
  get isFree(): boolean {
    return this.overhead === null;
  }

  /** Half of what one traversal of this attempt costs: on the way in, and again on the way back. */
  halfOverhead(draws: Draws, uid: number): Ns {
    if (this.overhead === null) return 0;
    return Math.floor(0.5 * this.overhead.sample(draws, this.stream, uid, 0));
  }

  /** Position in `listeners` of the one that takes connections to `port`; -1 = there is none. */
  listenerAt(port: number): number {
    const found = this.listeners.findIndex((plan) => plan.port === port);
    return found < 0 && this.listeners.length > 0 ? 0 : found;
  }
}
