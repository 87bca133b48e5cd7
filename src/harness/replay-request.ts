/**
 * One request of a run again, step by step, each step with what its decision was made from.
 */

import { RecordKind } from '../core/records.ts';
import type { CallTrace } from '../core/request-trace.ts';
import type { Ns } from '../core/time.ts';
import { SECOND } from '../core/time.ts';
import { parseRequestId } from '../trace/request-sampler.ts';
import { TapKind, type TraceStep } from '../trace/request-tracer.ts';
import type { BuiltWorld } from './build.ts';
import { type ClusterLook, lookAtProxy } from './proxy-look.ts';
import { retryWords, routeOf, routeOrigin } from './route-origin.ts';
import type { Scenario } from './scenario.ts';
import { traceRequests } from './trace-requests.ts';

/** A step, and the world around it at that moment. Names in place of ids. */
export interface ReplayStep extends TraceStep {
  /** The proxy, machine or client. */
  readonly where: string;
  /** Cluster or endpoint that the record names; '' = none. */
  readonly name: string;
  /** Where the route came from: `file:line`, or the product that has it by default. */
  readonly origin: string;
  /** What would make the proxy of a `routed` step try again, in words. */
  readonly retries: string;
  /** Of the cluster in question; null where nothing is decided. */
  readonly look: ClusterLook | null;
  /** Of the machine in question. */
  readonly machine: {
    readonly busyWorkers: number;
    readonly workers: number;
    readonly queueLength: number;
  } | null;
}

export interface ReplayedRequest {
  readonly client: string;
  readonly uid: number;
  /** null when the run has no such request. */
  readonly call: CallTrace | null;
  readonly steps: readonly ReplayStep[];
}

/** Longest time after the end of a run in which a request may still end. */
const DRAIN_NS = 120 * SECOND;

/** @param toNs steps later than this are not looked at */
export function replayRequest(
  scenario: Scenario,
  seed: string,
  id: string,
  toNs: Ns | null,
): ReplayedRequest | null {
  const key = parseRequestId(id);
  if (key === null) return null;
  const steps: ReplayStep[] = [];
  const endNs = toNs ?? scenario.durationNs + DRAIN_NS;
  const clusters = new Map<number, string>();
  const [traced] = traceRequests(scenario, seed, [{ ...key, endNs }], (step, built) => {
    const name = nameOf(step, built);
    if (step.kind === RecordKind.routed) clusters.set(step.uid, name);
    const isChoice = step.kind === RecordKind.attemptHost;
    const cluster = isChoice ? clusters.get(step.uid) : undefined;
    const looks = cluster === undefined ? [] : lookAtProxy(built, step.owner);
    const look = looks.find((item) => item.cluster === cluster) ?? null;
    steps.push({ ...dressed(step, built), name, look });
  });
  return { ...key, call: traced?.call ?? null, steps };
}

const MACHINE_STEPS: ReadonlySet<number> = new Set([
  TapKind.workArrived,
  RecordKind.workStarted,
  RecordKind.workRejected,
]);
/** Endpoint or host id, not a cluster's, stands in `b`. */
const NAMED_BY: ReadonlyMap<number, 'endpoint' | 'host'> = new Map<number, 'endpoint' | 'host'>([
  [RecordKind.attemptHost, 'endpoint'],
  [TapKind.requestSent, 'host'],
]);
const MACHINE_OWNED: ReadonlySet<number> = new Set([
  TapKind.workArrived,
  RecordKind.workStarted,
  RecordKind.workDone,
  RecordKind.workRejected,
]);

function dressed(step: TraceStep, built: BuiltWorld): Omit<ReplayStep, 'name' | 'look'> {
  const { kind, owner, c } = step;
  const { recorder, world } = built;
  const isClients = (kind === RecordKind.callStarted && c === -1) || kind === RecordKind.callDone;
  const isMachines = MACHINE_OWNED.has(kind) || (kind === RecordKind.callStarted && c !== -1);
  const owners = isClients ? recorder.plan.clients[owner] : world.hosts[owner]?.name;
  const where = isClients || isMachines ? owners : built.proxies[owner]?.name;
  const isRoute = kind === RecordKind.routed;
  const route = isRoute ? routeOf(built.proxies[owner]!.config, c, nameOf(step, built)) : null;
  const host = MACHINE_STEPS.has(kind) ? world.hosts[owner] : undefined;
  return {
    ...step,
    where: where ?? '',
    origin: route === null ? '' : routeOrigin(route),
    retries: route === null ? '' : retryWords(route),
    machine:
      host === undefined
        ? null
        : {
            busyWorkers: host.busyWorkers,
            workers: host.workers,
            queueLength: host.queueLength,
          },
  };
}

function nameOf({ kind, b }: TraceStep, { recorder, world }: BuiltWorld): string {
  const named = NAMED_BY.get(kind);
  if (named === 'endpoint') return recorder.plan.endpoints[b]?.name ?? '';
  if (named === 'host') return world.hosts[b]?.name ?? '';
  return b < 0 ? '' : (recorder.plan.clusterNames[b] ?? '');
}
