/**
 * Time never goes back, and nobody overtakes: on connections, in pools and in queues.
 * Source: validation.md §1, I5; policy-engine.md §3.2.
 */
import { RecordKind as K } from '../../src/core/records.ts';
import { Boundary as B } from '../helpers/scenarios.ts';
import { at, Counts, poolKey, UpstreamBooks } from './books.ts';
import type { Law } from './law.ts';

export const clockLaw: Law = {
  name: 'time never goes back and is a whole number of nanoseconds',
  check(run) {
    let lastNs = 0;
    const violations: string[] = [];
    for (const record of run.records) {
      if (record.atNs < lastNs) violations.push(`${record.atNs} ns follows ${lastNs} ns`);
      if (!Number.isSafeInteger(record.atNs)) violations.push(`${record.atNs} is no time`);
      lastNs = record.atNs;
    }
    return violations;
  },
};

export const connectionLaw: Law = {
  name: 'a connection carries one request at a time, and none after it is over',
  check(run) {
    const violations: string[] = [];
    const streamOn = new Map<number, number>();
    const known = new Set<number>();
    for (const record of run.records) {
      const { kind, a, b } = record;
      if (kind === B.dial) {
        if (known.has(a)) violations.push(at(run, record, `connection ${a} is dialled twice`));
        known.add(a);
      } else if (kind === B.connectionOver) known.delete(a);
      else if (kind === B.openStream) {
        if (!known.has(b)) violations.push(at(run, record, `connection ${b} is not open`));
        if (streamOn.has(b)) violations.push(at(run, record, `connection ${b} is in use`));
        streamOn.set(b, a);
      } else if (kind === B.streamOver) {
        if (streamOn.get(b) !== a) violations.push(at(run, record, `stream ${a} is not on ${b}`));
        streamOn.delete(b);
      }
    }
    return violations;
  },
};

export const poolLaw: Law = {
  name: 'attempts that wait for a connection get one in the order in which they came',
  check(run) {
    const books = new UpstreamBooks();
    const violations: string[] = [];
    /** By pool: uids of attempts, oldest first. */
    const queues = new Map<number, number[]>();
    const drop = (pool: number, uid: number): void => {
      const queue = queues.get(pool) ?? [];
      const place = queue.indexOf(uid);
      if (place >= 0) queue.splice(place, 1);
    };
    for (const record of run.records) {
      const { kind, owner, a, b, c } = record;
      if (kind === K.attemptEnded) {
        const attempt = books.attemptOf(owner, a);
        if (attempt !== undefined) {
          drop(poolKey(owner, attempt.cluster, attempt.endpoint), attempt.uid);
        }
      }
      books.apply(record);
      if (kind === K.attemptHost) {
        const attempt = books.attemptOf(owner, a);
        if (attempt === undefined) continue;
        const pool = poolKey(owner, attempt.cluster, b);
        const queue = queues.get(pool) ?? [];
        queues.set(pool, queue);
        queue.push(attempt.uid);
      } else if (kind === B.openStream) {
        const attempt = books.openedBy(owner, c);
        if (attempt === undefined) {
          violations.push(at(run, record, `stream ${a} belongs to no attempt`));
          continue;
        }
        const pool = poolKey(owner, attempt.cluster, attempt.endpoint);
        const [first] = queues.get(pool) ?? [];
        if (first !== c) violations.push(at(run, record, `${c} overtakes ${first}`));
        drop(pool, c);
      }
    }
    return violations;
  },
};

/** Σ of the times that work took = ∫ of the workers that were busy. Source: validation.md I2, I4. */
export const littleLaw: Law = {
  name: 'the times that work took add up to the time that workers were busy, to the nanosecond',
  check(run) {
    /** Of the work in progress: by host, by uid. */
    const startedNs = new Map<number, Map<number, number>>();
    const spent = new Counts();
    const workOf = (host: number): Map<number, number> => {
      const work = startedNs.get(host) ?? new Map<number, number>();
      startedNs.set(host, work);
      return work;
    };
    for (const { kind, owner, a, atNs } of run.records) {
      if (kind === K.workStarted) workOf(owner).set(a, atNs);
      else if (kind === K.workDone) {
        spent.add(owner, atNs - (workOf(owner).get(a) ?? atNs));
        workOf(owner).delete(a);
      } else if (kind === K.hostDown) {
        for (const sinceNs of workOf(a).values()) spent.add(a, atNs - sinceNs);
        workOf(a).clear();
      }
    }
    return run.built.world.hosts.flatMap((host) => {
      host.settle(run.built.world.nowNs);
      const expected = spent.of(host.id);
      return host.busyNs === expected ? [] : [`${host.name}: ${host.busyNs} and ${expected} ns`];
    });
  },
};
