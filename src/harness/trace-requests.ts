/**
 * Follows chosen requests in a second run of the same scenario and seed, as far as they go.
 *
 * The first run only remembers which requests deserve it (`trace/request-sampler.ts`), so following
 * costs nothing where nobody looks, and a run that is looked at is the very same run.
 */
import type { RequestSample, RequestTrace } from '../core/request-trace.ts';
import { type Ns, SECOND } from '../core/time.ts';
import { RequestTracer, type TraceStep } from '../trace/request-tracer.ts';
import { type BuiltWorld, buildWorld } from './build.ts';
import { RequestTap } from './request-tap.ts';
import type { Scenario } from './scenario.ts';

/** How far the run goes between two looks whether all requests have ended. */
const STRIDE_NS = SECOND;

/** Steps are told one by one, with the world as it is at that moment. */
export type StepListener = (step: TraceStep, built: BuiltWorld) => void;

type RequestKey = Pick<RequestSample, 'client' | 'uid' | 'endNs'>;

/** A world that has not begun, and what will hear of its requests. */
export interface FollowedWorld {
  readonly built: BuiltWorld;
  readonly tap: RequestTap;
}

/** @throws InputError when the mesh files are wrong */
export function buildFollowed(scenario: Scenario, seed: string): FollowedWorld {
  const tap = new RequestTap();
  return { built: buildWorld(scenario, seed, tap), tap };
}

/** @returns one trace a request, in their order */
export function traceRequests<Key extends RequestKey>(
  scenario: Scenario,
  seed: string,
  requests: readonly Key[],
  onStep: StepListener | null = null,
): Traced<Key>[] {
  return follow(buildFollowed(scenario, seed), scenario.durationNs, requests, onStep);
}

/** A trace, with the request as it was asked for. */
export type Traced<Key> = Pick<RequestTrace, 'call'> & { readonly sample: Key };

/** Runs a world until the last of the requests has ended. @returns one trace a request */
export function follow<Key extends RequestKey>(
  { built, tap }: FollowedWorld,
  durationNs: Ns,
  requests: readonly Key[],
  onStep: StepListener | null = null,
): Traced<Key>[] {
  if (requests.length === 0) return [];
  const tracer = tracerOf(built, requests, onStep);
  tap.tracer = tracer;
  const { world, faults } = built;
  faults.arm();
  world.start(durationNs);
  const lastNs = Math.max(...requests.map((request) => request.endNs));
  for (let atNs = 0; atNs < lastNs && !tracer.isDone; ) {
    atNs = Math.min(atNs + STRIDE_NS, lastNs);
    world.run(atNs);
  }
  return requests.map((sample) => ({ sample, call: tracer.callOf(sample) }));
}

/** A tracer for a world with a tap, before it starts. */
export function tracerOf(
  built: BuiltWorld,
  requests: readonly RequestKey[],
  onStep: StepListener | null = null,
): RequestTracer {
  const { world, recorder, proxies } = built;
  const names = {
    clients: recorder.plan.clients,
    hosts: world.hosts.map((host) => host.name),
    proxies,
    clusters: recorder.plan.clusterNames,
    endpoints: recorder.plan.endpoints,
  };
  const listener = onStep === null ? null : (step: TraceStep) => onStep(step, built);
  return new RequestTracer(names, world.kernel, requests, listener);
}
