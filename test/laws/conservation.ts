/**
 * Nothing appears from nowhere and nothing is lost: clients, edges and services account for each
 * request, attempt and piece of work exactly once.
 * Source: validation.md §1, I1, I3.
 */
import { RecordKind as K } from '../../src/core/records.ts';
import { hostSpecs, inboundProxies } from '../helpers/insides.ts';
import { Boundary as B, type ObservedRun } from '../helpers/scenarios.ts';
import { Counts, keyOf } from './books.ts';
import type { Law } from './law.ts';

/** `text` with the figures when they differ. */
function differs(text: string, one: number, other: number): string[] {
  return one === other ? [] : [`${text}: ${one} and ${other}`];
}

function countOf(run: ObservedRun, kind: number, owner: number): number {
  return run.records.filter((record) => record.kind === kind && record.owner === owner).length;
}

export const clientsLaw: Law = {
  name: 'every request that a client offers succeeds or fails, once',
  check(run) {
    const open = new Counts();
    for (const { kind, owner, a, c } of run.records) {
      if (kind === K.callStarted && c === -1) open.add(keyOf(owner, a));
      // An application's own calls have the id of its host as owner, and other uids.
      if (kind === K.callDone && open.of(keyOf(owner, a)) !== 0) open.add(keyOf(owner, a), -1);
    }
    const { clients } = run.measurements.window(0, run.scenario.durationNs);
    const figures = clients.flatMap((client, id) => {
      const { name, offered, succeeded, failed, byCode } = client;
      const answers = Object.values(byCode).reduce((sum, count) => sum + count, 0);
      return [
        ...differs(`${name}: offered, ended`, offered, succeeded + failed),
        ...differs(`${name}: offered, begun`, offered, countOf(run, B.clientStarted, id)),
        ...differs(`${name}: ended, told`, succeeded + failed, countOf(run, B.clientDone, id)),
        ...differs(`${name}: ended, by code`, succeeded + failed, answers),
      ];
    });
    const views = run.built.world.clients.flatMap(({ name, started, ended }) =>
      differs(`${name}: view`, started, ended),
    );
    return [...open.unbalanced('request of client'), ...figures, ...views];
  },
};

export const edgesLaw: Law = {
  name: 'every request of a proxy is logged once, and its attempts are first tries and retries',
  check(run) {
    const violations: string[] = [];
    const requests = new Counts();
    const logs = new Counts();
    const attempts = new Counts();
    const made = new Counts();
    const scheduled = new Counts();
    for (const { kind, owner, a, c } of run.records) {
      const request = keyOf(owner, a);
      switch (kind) {
        case K.requestStarted:
          requests.add(request);
          logs.add(request);
          break;
        case K.requestDone:
          requests.add(request, -1);
          break;
        case K.attemptStarted:
          attempts.add(request);
          made.add(request);
          if (made.of(request) > c)
            violations.push(`request ${owner}/${a}: attempt ${c} started twice`);
          if (c > 1 && scheduled.of(request) < c - 1) {
            violations.push(`request ${owner}/${a}: attempt ${c} follows no scheduled retry`);
          }
          break;
        case K.attemptEnded:
          attempts.add(request, -1);
          break;
        case K.retryScheduled:
          scheduled.add(request);
          break;
        case B.requestLogged: {
          logs.add(request, -1);
          // One more than were made: the last one found no healthy host.
          const surplus = c - made.of(request);
          if (surplus < 0 || surplus > 1) {
            violations.push(
              `request ${owner}/${a}: ${c} attempts logged, ${made.of(request)} made`,
            );
          }
          break;
        }
        default:
      }
    }
    return [
      ...requests.unbalanced('started, not done'),
      ...logs.unbalanced('started, not logged'),
      ...attempts.unbalanced('attempts started, not ended'),
      ...violations,
      ...edgeFigures(run),
    ];
  },
};

/** The summary's edges against the records. */
function edgeFigures(run: ObservedRun): string[] {
  const { plan } = run.built.recorder;
  const edgeOf = (proxy: number, cluster: number): number =>
    plan.proxies[proxy]?.edgeOfCluster[cluster] ?? -1;
  const requests = new Counts();
  const attempts = new Counts();
  const firstTries = new Counts();
  for (const { kind, owner, b, c } of run.records) {
    if (kind === B.requestLogged) {
      requests.add(edgeOf(owner, b));
      attempts.add(edgeOf(owner, b), c);
      if (c > 0) firstTries.add(edgeOf(owner, b));
    }
  }
  const { edges } = run.measurements.window(0, run.scenario.durationNs);
  return edges.flatMap((edge, row) => {
    const name = `${edge.from}->${edge.to}`;
    return [
      ...differs(`${name}: requests in summary, logged`, edge.requests, requests.of(row)),
      ...differs(`${name}: attempts in summary, logged`, edge.attempts, attempts.of(row)),
      ...differs(
        `${name}: attempts, first tries and retries`,
        edge.attempts,
        firstTries.of(row) + edge.retries,
      ),
    ];
  });
}

export const arrivalsLaw: Law = {
  name: 'what arrives somewhere was sent there, and at most once',
  check(run) {
    const toProxies = { sent: new Counts(), arrived: new Counts() };
    const toApps = { sent: new Counts(), arrived: new Counts() };
    const inbound = inboundProxies(run.built.world);
    const hasInbound = inbound.includes(true);
    for (const { kind, owner, a, c } of run.records) {
      const isInbound = inbound[owner] === true;
      if (kind === B.openStream) (isInbound ? toApps : toProxies).sent.add(c);
      if (kind === K.requestStarted && isInbound) toProxies.arrived.add(a);
      if (kind === K.workStarted || kind === K.workRejected) {
        (hasInbound ? toApps : toProxies).arrived.add(a);
      }
    }
    return [
      ...surplus('at a proxy', toProxies.sent, toProxies.arrived),
      ...surplus('at an application', toApps.sent, toApps.arrived),
    ];
  },
};

function surplus(where: string, sent: Counts, arrived: Counts): string[] {
  return [...arrived.keys()]
    .filter((uid) => arrived.of(uid) > sent.of(uid))
    .map((uid) => `${uid} ${where}: ${arrived.of(uid)} arrived, ${sent.of(uid)} sent`);
}

export const servicesLaw: Law = {
  name: 'work that an application starts is done, or lost in a crash',
  check(run) {
    const violations: string[] = [];
    const inProgress = new Map<number, Set<number>>();
    const done = new Counts();
    const wasted = new Counts();
    const rejected = new Counts();
    const progressOf = (host: number): Set<number> => {
      const known = inProgress.get(host) ?? new Set<number>();
      inProgress.set(host, known);
      return known;
    };
    for (const { kind, owner, a, c } of run.records) {
      if (kind === K.workStarted) {
        if (progressOf(owner).has(a)) violations.push(`host ${owner}: work ${a} started twice`);
        progressOf(owner).add(a);
      } else if (kind === K.workDone) {
        if (!progressOf(owner).delete(a)) {
          violations.push(`host ${owner}: work ${a} done, but not in progress`);
        }
        done.add(owner);
        if (c === 1) wasted.add(owner);
      } else if (kind === K.workRejected) rejected.add(owner);
      else if (kind === K.hostDown) progressOf(a).clear();
    }
    for (const [host, left] of inProgress) {
      if (left.size > 0) violations.push(`host ${host}: ${left.size} in progress at the end`);
    }
    const specs = hostSpecs(run.built.world);
    for (const host of run.built.world.hosts) {
      const finished = done.of(host.id);
      // Work that a caller cancelled is done without having been served.
      const mayCancel = specs[host.id]?.onAbandon === 'cancel';
      const isOff = mayCancel ? host.served > finished : host.served !== finished;
      if (isOff) violations.push(`${host.name}: ${host.served} served, ${finished} done`);
      if (host.wasted > wasted.of(host.id)) violations.push(`${host.name}: wasted`);
      violations.push(
        ...differs(`${host.name}: rejected`, host.rejected, rejected.of(host.id)),
        ...differs(`${host.name}: busy workers at the end`, host.busyWorkers, 0),
        ...differs(`${host.name}: queue at the end`, host.queueLength, 0),
      );
    }
    return violations;
  },
};

export const callsLaw: Law = {
  name: 'every call of an application ends, unless the application crashes',
  check(run) {
    const open = new Map<number, Counts>();
    const crashed = new Set<number>();
    const isHosts = hostsOfCalls(run);
    for (const { kind, owner, a, b, c } of run.records) {
      if (kind === K.hostDown) crashed.add(a);
      if (kind !== K.callStarted && kind !== K.callDone) continue;
      if (!isHosts(kind, owner, a, c)) continue;
      const calls = open.get(owner) ?? new Counts();
      open.set(owner, calls);
      calls.add(keyOf(b, a), kind === K.callStarted ? 1 : -1);
    }
    return [...open].flatMap(([host, calls]) =>
      crashed.has(host) ? [] : calls.unbalanced(`host ${host}, call`),
    );
  },
};

/** Tells calls of applications from requests of clients, which have the same kinds of records. */
function hostsOfCalls(run: ObservedRun) {
  const ofClients = new Set<number>();
  for (const { kind, owner, a, c } of run.records) {
    if (kind === K.callStarted && c === -1) ofClients.add(keyOf(owner, a));
  }
  return (kind: number, owner: number, uid: number, c: number): boolean =>
    kind === K.callStarted ? c !== -1 : !ofClients.has(keyOf(owner, uid));
}
