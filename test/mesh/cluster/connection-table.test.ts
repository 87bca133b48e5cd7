import { describe, expect, it } from 'vitest';
import { NO_SLOT, NO_TIMER } from '../../../src/core/engine.ts';
import { grownFloats, grownInts } from '../../../src/mesh/cluster/columns.ts';
import { ConnectionState, ConnectionTable } from '../../../src/mesh/cluster/connection-table.ts';

describe('the table of connections', () => {
  it('starts a row while it connects, without a stream and without timers', () => {
    const table = new ConnectionTable();
    const row = table.allocate(5, 0);
    expect([table.stateOf(row), table.poolOf(row), table.epochOf(row)]).toEqual([
      ConnectionState.connecting,
      5,
      0,
    ]);
    expect([table.streamOf(row), table.timerOf(row), table.lifeTimerOf(row)]).toEqual([
      NO_SLOT,
      NO_TIMER,
      NO_TIMER,
    ]);
  });

  it('gives rows back in the order last freed, first taken, and they start anew', () => {
    const table = new ConnectionTable();
    const rows = [0, 1, 2].map((pool) => table.allocate(pool, 3));
    expect(rows).toEqual([0, 1, 2]);
    table.setState(1, ConnectionState.closing);
    table.setEpoch(1, 9);
    table.setTimer(1, 4);
    table.setStream(1, 8);
    table.free(0);
    table.free(1);
    expect(table.stateOf(1)).toBe(ConnectionState.free);
    expect([table.allocate(6, 0), table.allocate(7, 0), table.allocate(8, 0)]).toEqual([1, 0, 3]);
    expect([table.stateOf(1), table.poolOf(1), table.epochOf(1)]).toEqual([
      ConnectionState.connecting,
      6,
      0,
    ]);
    expect([table.streamOf(1), table.timerOf(1)]).toEqual([NO_SLOT, NO_TIMER]);
  });

  it('keeps state and epoch of a row apart', () => {
    const table = new ConnectionTable();
    const row = table.allocate(0, 0);
    for (const state of Object.values(ConnectionState)) {
      table.setState(row, state);
      table.setEpoch(row, 1_000 + state);
      expect([table.stateOf(row), table.epochOf(row)]).toEqual([state, 1_000 + state]);
      table.setState(row, ConnectionState.ready);
      expect([table.stateOf(row), table.epochOf(row)]).toEqual([
        ConnectionState.ready,
        1_000 + state,
      ]);
    }
  });

  it('counts the streams that a connection may still carry', () => {
    const table = new ConnectionTable();
    const row = table.allocate(0, 2);
    expect([table.countStream(row), table.countStream(row)]).toEqual([1, 0]);
    table.free(row);
    expect(table.allocate(0, 5)).toBe(row);
    expect(table.countStream(row)).toBe(4);
  });

  it('forgets a life timer that is over', () => {
    const table = new ConnectionTable();
    const row = table.allocate(0, 0);
    table.setLifeTimer(row, 12);
    expect(table.lifeTimerOf(row)).toBe(12);
    table.setLifeTimer(row, NO_TIMER);
    expect(table.lifeTimerOf(row)).toBe(NO_TIMER);
  });

  it('grows without losing anything', () => {
    const table = new ConnectionTable();
    for (let i = 0; i < 200; i++) {
      const row = table.allocate(i, 0);
      expect(row).toBe(i);
      table.setState(row, ConnectionState.busy);
      table.setStream(row, 1_000 + i);
      table.setTimer(row, 2_000 + i);
      table.markIdle(row, { nowNs: 3_000 + i });
    }
    for (let row = 0; row < 200; row++) {
      expect([table.poolOf(row), table.streamOf(row), table.timerOf(row)]).toEqual([
        row,
        1_000 + row,
        2_000 + row,
      ]);
      expect([table.stateOf(row), table.idleSinceOf(row)]).toEqual([
        ConnectionState.busy,
        3_000 + row,
      ]);
    }
  });
});

describe('columns', () => {
  it('grow with what they held and a given fill behind it', () => {
    expect([...grownInts(Int32Array.of(1, 2), 4)]).toEqual([1, 2, 0, 0]);
    expect([...grownInts(Int32Array.of(1, 2), 4, -1)]).toEqual([1, 2, -1, -1]);
    expect([...grownFloats(Float64Array.of(0.5), 3)]).toEqual([0.5, 0, 0]);
  });
});
