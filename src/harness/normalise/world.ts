/** Clients, network, data plane and mesh defaults of a scenario file. Source: scenario.md §2.1, 2.4, 2.5. */
import type { DistributionSpec } from '../../core/distributions.ts';
import { SECOND } from '../../core/time.ts';
import type { LoadSpec, LoadStage } from '../../workload/load.ts';
import { findOverheadProfile } from '../data-planes/overhead-profiles.ts';
import type {
  ClientSpec,
  DataPlaneSpec,
  LinkSpec,
  MeshDefaults,
  NetworkSpec,
} from '../scenario.ts';
import type { ScenarioInput } from '../scenario-schema.ts';
import type { ClientInput, ClosedInput, OpenInput } from '../schema/client.ts';
import { DEFAULT_NAMESPACE, headerList, portOf } from './services.ts';

const NO_TIME: DistributionSpec = { kind: 'constant', valueNs: 0 };

export function normaliseClients(input: ScenarioInput): readonly ClientSpec[] {
  return Object.entries(input.clients).map(([name, client]) => ({
    name,
    namespace: DEFAULT_NAMESPACE,
    to: client.to,
    port: portOf(input, client.to),
    method: client.method ?? 'GET',
    path: client.path ?? '/',
    headers: headerList(client.headers),
    bodyBytes: 0,
    instances: client.instances ?? 1,
    zone: client.source?.zone ?? '',
    ...(client.source?.serviceAccount === undefined
      ? {}
      : { serviceAccount: client.source.serviceAccount }),
    load: loadOf(client),
    deadlineNs: client.deadline ?? 0,
  }));
}

function loadOf(client: ClientInput): LoadSpec {
  if (client.open !== undefined) return openLoad(client.open);
  return closedLoad(client.closed ?? { users: 0 });
}

function openLoad(open: OpenInput): LoadSpec {
  const { poisson, constant, bursts } = open;
  const stages = (open.stages ?? []).map(
    (stage): LoadStage => ({ atNs: stage.at, value: stage.rate, overNs: stage.over ?? 0 }),
  );
  if (bursts !== undefined) {
    const { every, size } = bursts;
    const rateRps = (size * SECOND) / every;
    return {
      kind: 'open',
      arrivals: 'bursts',
      rateRps,
      burstSize: size,
      burstEveryNs: every,
      stages,
    };
  }
  const arrivals = poisson === undefined ? 'constant' : 'poisson';
  const rateRps = poisson ?? constant ?? 0;
  return { kind: 'open', arrivals, rateRps, burstSize: 0, burstEveryNs: 0, stages };
}

function closedLoad(closed: ClosedInput): LoadSpec {
  const stages = (closed.stages ?? []).map(
    (stage): LoadStage => ({ atNs: stage.at, value: stage.users, overNs: stage.over ?? 0 }),
  );
  const { users, thinkTime = NO_TIME, iterations = 0 } = closed;
  return { kind: 'closed', users, thinkTime, iterations, stages };
}

/** A link without a latency or loss of its own has the default's. */
export function normaliseNetwork(input: ScenarioInput): NetworkSpec {
  const given = input.network?.default;
  const common: LinkSpec = { latency: given?.latency ?? NO_TIME, loss: given?.loss ?? 0 };
  const links = (input.network?.links ?? []).map(({ from, to, latency, loss }) => ({
    from,
    to,
    link: { latency: latency ?? common.latency, loss: loss ?? common.loss },
  }));
  return { default: common, links };
}

/** What a current mesh costs, unless the scenario says otherwise. Source: overhead-models.md §1. */
export const DEFAULT_OVERHEAD = {
  sidecar: 'istio-sidecar-1.24',
  linkerd: 'linkerd-derived-mid',
} as const;

/** @param hasMesh whether there are policy files: then sidecars are the default */
export function normaliseDataPlane(input: ScenarioInput, hasMesh: boolean): DataPlaneSpec {
  const given = input.dataPlane ?? (hasMesh ? 'sidecar' : 'none');
  const spec = typeof given === 'string' ? { kind: given } : given;
  if (spec.kind === 'none') return { kind: 'none', overhead: 'none' };
  const wanted = spec.overhead ?? DEFAULT_OVERHEAD[spec.kind];
  return { kind: spec.kind, overhead: findOverheadProfile(wanted, spec.kind)?.id ?? wanted };
}

export function normaliseMeshDefaults(input: ScenarioInput): MeshDefaults {
  const given = input.meshDefaults;
  return {
    product: given?.product ?? 'istio-1.28',
    rootNamespace: given?.rootNamespace ?? 'istio-system',
    trustDomain: given?.trustDomain ?? 'cluster.local',
  };
}
