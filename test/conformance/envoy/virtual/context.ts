/**
 * What the two sides of the virtual proxy share: time, turns of the engine, and upstream slots.
 */
import type { Engine } from '../../../../src/core/engine.ts';
import type { MeshConfig } from '../../../../src/mesh/config/config.ts';
import { SlotTable } from '../../../../src/proxy/slot-table.ts';
import { Turns } from '../../../../src/proxy/turns.ts';
import type { VirtualTime } from './time.ts';
import type { UpstreamConnection, UpstreamStream } from './upstream-connection.ts';

export class VirtualContext {
  readonly time: VirtualTime;
  readonly upstreams = new SlotTable<UpstreamConnection>('upstream');
  readonly streams = new SlotTable<UpstreamStream>('stream');
  readonly turns: Turns;

  constructor(time: VirtualTime) {
    this.time = time;
    // Time stands still between events anyway.
    this.turns = new Turns({ refresh: () => {} }, (error) => {
      throw error;
    });
  }

  /** One input; if another is under way, right after it. */
  input(call: (engine: Engine<MeshConfig>) => void): void {
    this.turns.run(call);
  }
}
