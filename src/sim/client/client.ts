/**
 * One client: who calls, whom, how often; and what was counted of it.
 *
 * `clients.ts` runs it; measurements see it as `ClientView`.
 */
import type { Draws } from '../../core/draws.ts';
import { ClosedLoop } from '../../workload/closed-loop.ts';
import { OpenLoop } from '../../workload/open-loop.ts';
import type { OutboundTarget } from '../outbound-target.ts';
import type { ClientView, LoadClientSpec } from '../world-spec.ts';

/** What a user of a closed loop is doing. */
export const UserState = { parked: 0, thinking: 1, waiting: 2 } as const;

export class Client implements ClientView {
  readonly id: number;
  readonly name: string;
  readonly instances: readonly number[];
  readonly spec: LoadClientSpec;
  /** Set-up only. Indexed as `instances`. */
  readonly targets: OutboundTarget[];
  /** Shapes of the request's head, indexed as `instances`: authorities may differ. */
  readonly shapes: number[];
  readonly open: OpenLoop | null;
  readonly closed: ClosedLoop | null;
  /** `UserState` by user. */
  readonly users: number[];
  started: number;
  ended: number;
  /** The load factors in force. */
  readonly factors: number[];
  /** Pending kernel events, -1 = none. */
  extraEvent: number;
  changeEvent: number;

  constructor(id: number, spec: LoadClientSpec, draws: Draws) {
    const label = `client/${spec.name}`;
    this.id = id;
    this.name = spec.name;
    this.instances = spec.instances;
    this.spec = spec;
    this.targets = [];
    this.shapes = [];
    this.open = spec.load.kind === 'open' ? new OpenLoop(spec.load, draws, label) : null;
    this.closed = spec.load.kind === 'closed' ? new ClosedLoop(spec.load, draws, label) : null;
    this.users = [];
    this.started = 0;
    this.ended = 0;
    this.factors = [];
    this.extraEvent = -1;
    this.changeEvent = -1;
  }

  get inFlight(): number {
    return this.started - this.ended;
  }
}
