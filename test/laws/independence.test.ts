/**
 * Nothing shifts anything else: what happens to one chain of services leaves every record of another
 * bit-identical, and a fault that does nothing leaves the whole run as it was.
 *
 * Worlds of two chains, `a` and `b`, that share nothing but the network's law and virtual time.
 * Source: design rule 5; validation.md §1, I8.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordKind as K } from '../../src/core/records.ts';
import { aChain, scenarioOf, surroundings } from '../helpers/arbitraries.ts';
import { faultSketches } from '../helpers/fault-arbitraries.ts';
import { shareOneStream } from '../helpers/mutations.ts';
import {
  Boundary as B,
  type ObservedRun,
  observe,
  type Plant,
  type RunRecord,
} from '../helpers/scenarios.ts';
import type { Chain, JsonMap, ScenarioSketch } from '../helpers/sketch.ts';
import { expectOfAll, findsViolation, runsOf } from './law.ts';

const FILE = 'test/laws/independence.test.ts';

/** Two chains, and faults that strike `b` only. */
const twoChains: fc.Arbitrary<ScenarioSketch> = fc
  .record({
    around: surroundings,
    a: aChain('a'),
    b: aChain('b'),
    faults: faultSketches.filter((faults) => faults.length > 0),
  })
  .map(({ around, a, b, faults }): ScenarioSketch => {
    const plans = faults.map((fault, at) => fault.on(b, around.durationMs, `f${at}`));
    return {
      seed: around.seed,
      scenario: scenarioOf(around, [a, b], plans),
      mesh: [...a.mesh, ...b.mesh],
    };
  });

/** Slots are shared by all; uids and names are not. */
const NOT_COMPARED: ReadonlySet<number> = new Set([
  B.dial,
  B.connectionOver,
  B.openStream,
  B.streamOver,
  B.inputEnds,
  B.hostLoad,
]);
const FAULT_KINDS: ReadonlySet<number> = new Set([K.faultStarted, K.faultEnded, K.faultStruck]);

/** Where a record holds the id of a cluster: such ids are given by the order of first use. */
const CLUSTER_IN: Readonly<Record<number, 'a' | 'b'>> = {
  [K.routed]: 'b',
  [K.attemptStarted]: 'b',
  [K.attemptEnded]: 'b',
  [K.perTryTimeout]: 'b',
  [K.retryScheduled]: 'b',
  [K.retryRefused]: 'b',
  [K.requestDone]: 'b',
  [K.connectionOpened]: 'b',
  [K.connectionClosed]: 'b',
  [K.connectFailed]: 'b',
  [K.ejected]: 'b',
  [K.ejectionRefused]: 'b',
  [K.unejected]: 'b',
  [K.overflow]: 'b',
  [K.panic]: 'b',
  [B.requestLogged]: 'b',
};
const ENDPOINT_IN: Readonly<Record<number, 'a' | 'b'>> = {
  [K.attemptHost]: 'b',
  [K.connectionOpened]: 'a',
  [K.connectionClosed]: 'a',
  [K.connectFailed]: 'a',
  [K.ejected]: 'a',
  [K.ejectionRefused]: 'a',
  [K.unejected]: 'a',
};

/** A record as text, with names for ids. */
function textOf(run: ObservedRun, record: RunRecord): string {
  const { plan } = run.built.recorder;
  const { atNs, kind, owner } = record;
  const argument = (key: 'a' | 'b'): string | number => {
    const value = record[key];
    if (CLUSTER_IN[kind] === key) return plan.clusterNames[value] ?? value;
    return ENDPOINT_IN[kind] === key ? (plan.endpoints[value]?.name ?? value) : value;
  };
  // Of a route there is only its place in the table.
  const c = kind === K.routed ? '' : record.c;
  return `${atNs} ${kind} ${owner} ${argument('a')} ${argument('b')} ${c}`;
}

/** Every record of one chain, as text. */
function recordsOf(run: ObservedRun, prefix: string): string[] {
  const { world, recorder } = run.built;
  const isProxy = recorder.plan.proxies.map(({ name }) => name.startsWith(prefix));
  const isHost = world.hosts.map(({ name }) => name.startsWith(prefix));
  const isClient = world.clients.map(({ name }) => name.startsWith(prefix));
  const isCalls = ownersOfCalls(run, isHost, isClient);
  return run.records
    .filter(({ kind, owner, a }) => {
      if (FAULT_KINDS.has(kind) || NOT_COMPARED.has(kind)) return false;
      if (kind === K.callStarted || kind === K.callDone) return isCalls(owner, a);
      if (kind === B.clientStarted || kind === B.clientDone) return isClient[owner] === true;
      const isOfHosts = kind >= K.workStarted && kind < B.dial;
      return (isOfHosts ? isHost : isProxy)[owner] === true;
    })
    .map((record) => textOf(run, record));
}

/** Calls of applications and requests of clients have the same kinds of records. */
function ownersOfCalls(run: ObservedRun, isHost: boolean[], isClient: boolean[]) {
  const ofClients = new Set<number>();
  for (const { kind, a, c } of run.records) {
    if (kind === K.callStarted && c === -1) ofClients.add(a);
  }
  return (owner: number, uid: number): boolean =>
    (ofClients.has(uid) ? isClient : isHost)[owner] === true;
}

function firstDifference(one: readonly string[], other: readonly string[]): string[] {
  const length = Math.max(one.length, other.length);
  for (let at = 0; at < length; at++) {
    if (one[at] !== other[at]) return [`record ${at}: ${one[at]} became ${other[at]}`];
  }
  return [];
}

function withFaults(sketch: ScenarioSketch, faults: readonly JsonMap[]): ScenarioSketch {
  const { faults: _, ...rest } = sketch.scenario;
  return { ...sketch, scenario: faults.length === 0 ? rest : { ...rest, faults } };
}

function faultsOf(sketch: ScenarioSketch): readonly JsonMap[] {
  return (sketch.scenario['faults'] ?? []) as readonly JsonMap[];
}

/** Faults on `b` against none. */
function strikeTheOther(sketch: ScenarioSketch, plant: Plant = () => undefined): string[] {
  const calm = observe(withFaults(sketch, []), { plant });
  const struck = observe(sketch, { plant });
  return firstDifference(recordsOf(calm, 'a'), recordsOf(struck, 'a'));
}

/** Other policy, other behaviour and other load for `b`. */
function changeTheOther(sketch: ScenarioSketch): string[] {
  const services = sketch.scenario['services'] as JsonMap;
  const clients = sketch.scenario['clients'] as JsonMap;
  const changed: Chain = {
    services: mapped(services, 'b', (service) => ({ ...service, serviceTime: '7ms', workers: 2 })),
    clients: mapped(clients, 'b', ({ to }) => ({ to: to ?? '', open: { poisson: '33rps' } })),
    mesh: sketch.mesh.filter((document) => !nameOf(document).startsWith('b')),
  };
  const { services: _s, clients: _c, ...rest } = sketch.scenario;
  const scenario = { ...rest, services: changed.services, clients: changed.clients };
  const other = { ...sketch, scenario: scenario as JsonMap, mesh: changed.mesh };
  const runs = [sketch, other].map((one) => observe(withFaults(one, [])));
  const [before, after] = runs.map((run) => recordsOf(run, 'a'));
  return firstDifference(before ?? [], after ?? []);
}

function mapped(map: JsonMap, prefix: string, change: (value: JsonMap) => JsonMap): JsonMap {
  const entries = Object.entries(map).map(([name, value]): [string, JsonMap] => {
    const known = value as JsonMap;
    return [name, name.startsWith(prefix) ? change(known) : known];
  });
  return Object.fromEntries(entries);
}

function nameOf(document: JsonMap): string {
  return String((document['metadata'] as JsonMap)['name']);
}

/** The same faults, each made harmless by its own parameters. */
const HARMLESS: Readonly<Record<string, JsonMap>> = {
  'net.latency': { base: '0ms', dist: 'const' },
  'net.loss': { ratio: 0 },
  'proc.slow': { factor: 1 },
  'load.spike': { factor: 1 },
};

describe('in every generated scenario of two chains', () => {
  it('faults of one chain leave every record of the other bit-identical', () => {
    const trial = { runs: runsOf(70), salt: 10, sketches: twoChains };
    expectOfAll(FILE, (sketch) => strikeTheOther(sketch), trial);
  });

  it('policy, behaviour and load of one chain leave every record of the other bit-identical', () => {
    const trial = { runs: runsOf(40), salt: 11, sketches: twoChains };
    expectOfAll(FILE, changeTheOther, trial);
  });

  it('faults of probability 0 leave the digest as it was', () => {
    const check = (sketch: ScenarioSketch): string[] => {
      const never = faultsOf(sketch).map((fault) => ({ ...fault, probability: 0 }));
      const digests = [[], never].map((faults) => observe(withFaults(sketch, faults)).digest);
      return digests[0] === digests[1] ? [] : [`digests ${digests.join(' and ')}`];
    };
    expectOfAll(FILE, check, { runs: runsOf(30), salt: 12, sketches: twoChains });
  });

  it('faults that change nothing by their parameters leave every record but their own', () => {
    const check = (sketch: ScenarioSketch): string[] => {
      const harmless = faultsOf(sketch).flatMap((fault) => {
        const parameters = HARMLESS[String(fault['kind'])];
        const { jitter: _, ...rest } = fault;
        return parameters === undefined ? [] : [{ ...rest, ...parameters }];
      });
      const [one, other] = [[], harmless].map((faults) => {
        const run = observe(withFaults(sketch, faults));
        return [...recordsOf(run, 'a'), ...recordsOf(run, 'b')];
      });
      return firstDifference(one ?? [], other ?? []);
    };
    expectOfAll(FILE, check, { runs: runsOf(40), salt: 13, sketches: twoChains });
  });
});

describe('a planted bug is noticed:', () => {
  it('one stream of draws for everybody', () => {
    const check = (sketch: ScenarioSketch): string[] => strikeTheOther(sketch, shareOneStream);
    expect(findsViolation(check, { runs: 20, salt: 14, sketches: twoChains })).toBe(true);
  });
});
