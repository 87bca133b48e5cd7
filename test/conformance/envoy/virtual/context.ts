/**
 * What the two sides of the virtual proxy share: time, slots, and turns of the engine.
 */
import type { Engine, HeaderList } from '../../../../src/core/engine.ts';
import type { MeshConfig } from '../../../../src/mesh/config/config.ts';
import type { RequestIdentity } from '../../../../src/proxy/request-identity.ts';
import { SlotTable } from '../../../../src/proxy/slot-table.ts';
import type { RequestSlot, VirtualDownstream } from './downstream.ts';
import type { VirtualTime } from './time.ts';
import type { VirtualUpstream } from './upstream.ts';

export class VirtualContext {
  readonly time: VirtualTime;
  readonly identity: RequestIdentity;
  readonly downstreams = new SlotTable<VirtualDownstream>('downstream');
  readonly requests = new SlotTable<RequestSlot>('request');
  readonly upstreams = new SlotTable<VirtualUpstream>('upstream');
  /** The connection of each stream. */
  readonly streams = new SlotTable<VirtualUpstream>('stream');
  private engine: Engine<MeshConfig> | null = null;
  private inTurn = false;
  private readonly later: ((engine: Engine<MeshConfig>) => void)[] = [];

  constructor(time: VirtualTime, identity: RequestIdentity) {
    this.time = time;
    this.identity = identity;
  }

  attach(engine: Engine<MeshConfig>): void {
    this.engine = engine;
  }

  /** One input; if another is under way, right after it. */
  input(call: (engine: Engine<MeshConfig>) => void): void {
    this.later.push(call);
    if (this.inTurn || this.engine === null) return;
    this.inTurn = true;
    try {
      for (let next = this.later.shift(); next !== undefined; next = this.later.shift()) {
        next(this.engine);
      }
    } finally {
      this.inTurn = false;
    }
  }
}

/** Field lines without the empty line behind them. */
export function fieldLines(headers: HeaderList): string {
  return headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
}
