/**
 * When everything has ended, nothing is left: gauges are at zero, rows are free, ejections are those
 * of the ledger. Leaks show here, long before they would show in memory.
 */
import { RecordKind as K } from '../../src/core/records.ts';
import { StreamBit } from '../../src/mesh/engine/stream-table.ts';
import { RequestKind } from '../../src/sim/request-table.ts';
import {
  clustersOf,
  engineTables,
  requestExtras,
  simulatorTables,
  streamRows,
} from '../helpers/insides.ts';
import type { ObservedRun } from '../helpers/scenarios.ts';
import { Counts, keyOf, UpstreamBooks } from './books.ts';
import type { Law } from './law.ts';

const MUST_BE_ZERO =
  /(upstream_rq_active|upstream_rq_pending_active|downstream_rq_active|faults_active|active_faults)$/;

export const gaugesLaw: Law = {
  name: 'after the last request every active gauge of every proxy is zero',
  check(run) {
    const violations: string[] = [];
    run.engines.forEach((engine, proxy) => {
      engine.visitStats((name, kind, value) => {
        if (kind === 'gauge' && MUST_BE_ZERO.test(name) && value !== 0) {
          violations.push(`proxy ${proxy}: ${name} is ${value}`);
        }
        if (kind === 'gauge' && value < 0) violations.push(`proxy ${proxy}: ${name} is ${value}`);
      });
      engine.visitHosts((cluster, endpoint, { rqActive, rqPendingActive }) => {
        if (rqActive === 0 && rqPendingActive === 0) return;
        violations.push(`proxy ${proxy}: ${cluster} ${endpoint.address} has active requests`);
      });
      for (const { breakers, name } of breakersOf(engine)) {
        if (breakers.retries !== 0) violations.push(`proxy ${proxy}: ${name} holds retries`);
      }
    });
    return violations;
  },
};

function breakersOf(engine: ObservedRun['engines'][number]) {
  return clustersOf(engine).map((cluster) => ({
    name: cluster.config.name,
    breakers: cluster.breakersOf(0),
  }));
}

export const connectionsLaw: Law = {
  name: 'the connections that a proxy counts are those that it opened and nobody closed',
  check(run) {
    const books = new UpstreamBooks();
    for (const record of run.records) books.apply(record);
    return run.engines.flatMap((engine, proxy) =>
      clustersOf(engine).flatMap((cluster) => {
        const counted = cluster.breakersOf(0).connections;
        const open = books.connections.of(keyOf(proxy, cluster.id));
        const waiting = books.waiting.of(keyOf(proxy, cluster.id));
        const { name } = cluster.config;
        return [
          ...(counted === open ? [] : [`proxy ${proxy}: ${name} counts ${counted} of ${open}`]),
          ...(waiting === 0 ? [] : [`proxy ${proxy}: ${name} has ${waiting} waiting attempts`]),
        ];
      }),
    );
  },
};

export const rowsLaw: Law = {
  name: 'no row of a request, an attempt or a piece of work is left behind',
  check(run) {
    const [engine] = run.engines;
    if (engine === undefined) return [];
    const { streams, requests } = engineTables(engine);
    const { world } = run.built;
    const simulator = simulatorTables(world);
    const extras = requestExtras(engine);
    const activeStreams = count(streamRows(engine), (row) => streams.has(row, StreamBit.active));
    const activeRequests = count(simulator.requests.rowCount, (row) => requests.isActive(row));
    const taken = count(
      simulator.requests.rowCount,
      (row) => simulator.requests.kindOf(row) !== RequestKind.free,
    );
    return [
      ...(activeStreams === 0 ? [] : [`${activeStreams} attempts are left in the engines`]),
      ...(activeRequests === 0 ? [] : [`${activeRequests} requests are left in the engines`]),
      ...(extras === 0 ? [] : [`${extras} extras are left`]),
      ...(taken === 0 ? [] : [`${taken} requests are left in the simulator`]),
      ...(simulator.turns.length === 0 ? [] : ['the turn queue is not empty']),
      ...(world.workInProgress === 0 ? [] : [`${world.workInProgress} pieces of work are left`]),
      ...(world.inFlight === 0 ? [] : [`${world.inFlight} requests of clients are left`]),
    ];
  },
};

function count(rows: number, isTaken: (row: number) => boolean): number {
  let taken = 0;
  for (let row = 0; row < rows; row++) if (isTaken(row)) taken++;
  return taken;
}

export const ledgerLaw: Law = {
  name: 'the gauge of active ejections is the number of ejections that have not ended',
  check(run) {
    const active = new Counts();
    for (const { kind, owner, b } of run.records) {
      if (kind === K.ejected) active.add(keyOf(owner, b));
      if (kind === K.unejected) active.add(keyOf(owner, b), -1);
    }
    return run.engines.flatMap((engine, proxy) =>
      clustersOf(engine).flatMap(({ id, detector, config }) => {
        const gauge = detector?.stats.active ?? 0;
        const ledger = active.of(keyOf(proxy, id));
        if (gauge === ledger) return [];
        return [`proxy ${proxy}: ${config.name} counts ${gauge}, the ledger ${ledger}`];
      }),
    );
  },
};
