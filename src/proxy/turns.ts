/**
 * Gives the engine its inputs one at a time, each to completion.
 *
 * Sockets and timers hand their news to `run`. News that arises while an input runs (a full write
 * buffer noticed inside a port call) waits until that input has returned, so inputs never nest.
 * Source: the contract in core/engine.ts, rule 1.
 */
import { assert } from '../core/assert.ts';
import type { Engine } from '../core/engine.ts';
import type { MeshConfig } from '../mesh/config/config.ts';

/** One call of one `on…` method. */
export type Input = (engine: Engine<MeshConfig>) => void;

/** A clock that stands still while an input runs. */
export interface TurnClock {
  refresh(): void;
}

/** The queue in front of the engine. */
export class Turns {
  private readonly clock: TurnClock;
  private readonly onFailure: (error: unknown) => void;
  private engine: Engine<MeshConfig> | null = null;
  private readonly waiting: Input[] = [];
  private inTurn = false;
  private isStopped = false;
  /** Whether the running input brings an upstream's head: an answer given now is that upstream's. */
  isUpstreamHead = false;

  /** @param onFailure told once when the engine throws; nothing is delivered after that */
  constructor(clock: TurnClock, onFailure: (error: unknown) => void) {
    this.clock = clock;
    this.onFailure = onFailure;
  }

  /** Engine and ports need each other: the ports come first, the engine is named here. */
  attach(engine: Engine<MeshConfig>): void {
    this.engine = engine;
  }

  /** The proxy is gone: nothing is delivered any more. */
  stop(): void {
    this.isStopped = true;
    this.waiting.length = 0;
  }

  /** Calls `input` now, or right after the input that is running. */
  run(input: Input): void {
    if (this.isStopped) return;
    this.waiting.push(input);
    if (this.inTurn) return;
    this.inTurn = true;
    try {
      for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
        this.step(next);
      }
    } catch (error) {
      this.stop();
      this.onFailure(error);
    } finally {
      this.inTurn = false;
    }
  }

  private step(input: Input): void {
    assert(this.engine !== null, 'an input came before the engine');
    this.clock.refresh();
    input(this.engine);
  }
}
