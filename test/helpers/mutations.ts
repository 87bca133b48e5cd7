/**
 * Planted bugs: what laws must notice. Each replaces one method of a world, an engine or a class for
 * the length of one run, from outside; the code under test has no hooks for it.
 *
 * A bug often acts only now and then (`every`), as real ones do.
 */
import { RecordKind } from '../../src/core/records.ts';
import { CircuitBreakers } from '../../src/mesh/cluster/circuit-breakers.ts';
import { Ejector } from '../../src/mesh/cluster/ejection.ts';
import { SlotQueue } from '../../src/mesh/cluster/slot-queue.ts';
import { RequestTable } from '../../src/mesh/engine/request-table.ts';
import { StreamTable } from '../../src/mesh/engine/stream-table.ts';
import { UpstreamAttempts } from '../../src/mesh/engine/upstream-attempt.ts';
import { AppCalls } from '../../src/sim/host/app-calls.ts';
import { Host } from '../../src/sim/host/host.ts';
import { ServiceModel } from '../../src/sim/host/service-model.ts';
import { answersOf, dispatcherOf, portsOf, simulatorTables } from './insides.ts';
import { replace, replaceGetter } from './patch.ts';
import type { Plant } from './scenarios.ts';

/** Skips every n-th call of a method that returns nothing. */
function forget<T extends object>(prototype: T, name: string, every: number): Plant {
  return () => {
    let calls = 0;
    return replaceAny(prototype, name, (original, args) => {
      calls++;
      if (calls % every !== 0) original(...args);
      return undefined;
    });
  };
}

/** Answers every question with the same value. */
function always<T extends object>(prototype: T, name: string, value: unknown): Plant {
  return () => replaceAny(prototype, name, () => value);
}

/** Private methods too. */
function replaceAny(
  target: object,
  name: string,
  make: (original: (...args: unknown[]) => unknown, args: unknown[]) => unknown,
): () => void {
  const open = target as Record<string, (...args: unknown[]) => unknown>;
  return replace(
    open,
    name,
    (original) =>
      (...args) =>
        make(original, args),
  );
}

/** Drops every n-th record of a kind that engines report. */
function loseRecords(kind: number, every: number): Plant {
  return ({ engines }) => {
    let seen = 0;
    for (const engine of engines) {
      replaceAny(portsOf(engine), 'record', (original, args) => {
        if (args[0] === kind && ++seen % every === 0) return undefined;
        return original(...args);
      });
    }
    return undefined;
  };
}

// Conservation

export const loseAttemptEnds = loseRecords(RecordKind.attemptEnded, 11);

export const loseAnswers: Plant = ({ built: { world } }) => {
  let answers = 0;
  replaceAny(answersOf(world), 'head', (original, args) => {
    if (++answers % 17 === 0) return undefined;
    return original(...args);
  });
  return undefined;
};

export const countClientsTwice: Plant = ({ built: { recorder } }) => {
  let ends = 0;
  replaceAny(recorder, 'clientDone', (original, args) => {
    if (++ends % 13 === 0) original(...args);
    return original(...args);
  });
  return undefined;
};

export const countNoRetries: Plant = () =>
  replaceAny(RequestTable.prototype, 'attemptsOf', (original, args) =>
    Math.min(1, original(...args) as number),
  );

export const logNothingNowAndThen: Plant = ({ engines }) => {
  let entries = 0;
  for (const engine of engines) {
    replaceAny(portsOf(engine), 'logRequest', (original, args) => {
      if (++entries % 19 === 0) return undefined;
      return original(...args);
    });
  }
  return undefined;
};

export const mixUpMessages: Plant = ({ built: { world } }) => {
  let reads = 0;
  replaceAny(simulatorTables(world).wires, 'uidOf', (original, args) => {
    const uid = original(...args) as number;
    return ++reads % 23 === 0 ? uid ^ 0x5555 : uid;
  });
  return undefined;
};

export const loseWorkEnds = forget(ServiceModel.prototype, 'recordDone', 7);
export const loseCallEnds = forget(AppCalls.prototype, 'recordEnd', 7);

// Limits

export const allowAllConnections = always(CircuitBreakers.prototype, 'canConnect', true);
export const allowAllPending = always(CircuitBreakers.prototype, 'canPend', true);
export const allowAllRequests = always(CircuitBreakers.prototype, 'canRequest', true);
export const allowAllRetries = always(CircuitBreakers.prototype, 'canRetry', true);
export const allowAllEjections = always(Ejector.prototype, 'hasRoom', true);

/** One worker more than there are. */
export const oneWorkerTooMany: Plant = () =>
  replaceGetter(
    Host.prototype,
    'hasFreeWorker',
    ({ workers, busyWorkers }) => workers === 0 || busyWorkers <= workers,
  );

export const queueWithoutLimit: Plant = () =>
  replaceGetter(Host.prototype, 'isQueueFull', () => false);

// Leaks

export const leakRequests = forget(CircuitBreakers.prototype, 'removeRequest', 29);
export const leakPending = forget(CircuitBreakers.prototype, 'removePending', 29);
export const leakRetries = forget(CircuitBreakers.prototype, 'removeRetry', 3);
export const leakConnections = forget(CircuitBreakers.prototype, 'removeConnection', 11);

export const leakStreamRows: Plant = () => {
  let frees = 0;
  return replaceAny(StreamTable.prototype, 'free', (original, args) => {
    if (++frees % 31 === 0) return undefined;
    return original(...args);
  });
};

export const leakEjections: Plant = () =>
  replace(Ejector.prototype, 'uneject', (original, self) => (host, nowNs, sink) => {
    original(host, nowNs, sink);
    (self as Ejector).stats.active += 1;
  });

// Order

export const turnBackTheClock: Plant = ({ built: { world } }) => {
  let events = 0;
  const { kernel } = world;
  replaceAny(dispatcherOf(world), 'onEvent', (original, args) => {
    if (++events % 97 === 0) kernel.nowNs = Math.max(0, kernel.nowNs - 1_000_000);
    return original(...args);
  });
  return undefined;
};

/** A stream that is given up is taken for one that ended: its connection is used again. */
export const reuseBusyConnections: Plant = () => {
  let aborts = 0;
  return replace(UpstreamAttempts.prototype, 'abort', (original, self) => (stream) => {
    const attempts = self as UpstreamAttempts;
    if (++aborts % 2 === 0 && attempts['streams'].connectionOf(stream) >= 0) {
      attempts.finish(stream);
    } else original(stream);
  });
};

export const lastComeFirstServed: Plant = () =>
  replace(SlotQueue.prototype, 'shift', (original, self) => () => {
    const queue = self as SlotQueue;
    const all: number[] = [];
    while (queue.count > 0) all.push(original());
    const newest = all.pop();
    for (const slot of all) queue.push(slot);
    return newest ?? -1;
  });

export const miscountBusyTime: Plant = () =>
  replace(Host.prototype, 'addBusy', (original, self) => (change) => {
    const host = self as Host;
    original(change);
    if (change < 0) host['busySum'] += 1;
  });

// Randomness

/** Draws in the order of asking, as a generator that everybody shares would give them. */
export const shareOneStream: Plant = ({ built: { world } }) => {
  let state = 12345;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state;
  };
  drawFrom(world.draws, next);
  return undefined;
};

let unseeded = 1;

/** Draws that go on from one run to the next. */
export const neverSeed: Plant = ({ built: { world } }) => {
  drawFrom(world.draws, () => {
    unseeded = (Math.imul(unseeded, 1664525) + 1013904223) | 0;
    return unseeded;
  });
  return undefined;
};

function drawFrom(draws: object, next: () => number): void {
  const unit = (): number => (next() >>> 0) / 0x100000000;
  replaceAny(draws, 'int32', () => next());
  replaceAny(draws, 'unit', () => unit());
  replaceAny(draws, 'below', (_original, args) => Math.floor(unit() * (args[3] as number)));
}
