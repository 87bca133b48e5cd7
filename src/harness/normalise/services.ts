/**
 * Services of a scenario file → `ServiceSpec`: every version with everything it inherits, every
 * call with its defaults. Names are not checked here. Source: scenario.md §2.2, §2.3.
 */
import type { DistributionSpec } from '../../core/distributions.ts';
import type { HeaderList } from '../../core/engine.ts';
import type { CacheKey, CacheSpec } from '../../sim/host/cache.ts';
import type { AcceptSpec } from '../../sim/world-spec.ts';
import type { CallStep, CallTo } from '../../workload/call-step.ts';
import type { ServiceSpec, ServiceVersion } from '../scenario.ts';
import type { ScenarioInput } from '../scenario-schema.ts';
import type {
  CacheInput,
  CallInput,
  CallStepInput,
  ServiceInput,
  VersionInput,
} from '../schema/service.ts';

export const DEFAULT_NAMESPACE = 'default';
const DEFAULT_PORT = { name: 'http', number: 80 } as const;
const NO_TIME: DistributionSpec = { kind: 'constant', valueNs: 0 };

/** What a service inherits of the scenario around it. */
interface ServiceWorld {
  readonly portFor: (service: string) => number;
  readonly zones: readonly string[];
}

export function normaliseServices(input: ScenarioInput): readonly ServiceSpec[] {
  return Object.entries(input.services).map(([name, service]) => {
    const labels = { app: name, ...service.labels };
    return {
      name,
      namespace: service.namespace ?? DEFAULT_NAMESPACE,
      ports: portsOf(service),
      labels,
      serviceAccount: service.serviceAccount ?? 'default',
      versions: versionsOf(service, labels, {
        portFor: (to) => portOf(input, to),
        zones: input.zones ?? [],
      }),
    };
  });
}

/** The number that callers of a service use: its first port. */
export function portOf(input: ScenarioInput, service: string): number {
  const target = input.services[service];
  return target === undefined ? DEFAULT_PORT.number : firstPort(target);
}

function firstPort(service: ServiceInput): number {
  return portsOf(service)[0]?.number ?? DEFAULT_PORT.number;
}

function portsOf(service: ServiceInput): ServiceSpec['ports'] {
  const given = Object.entries(service.ports ?? {});
  if (given.length === 0) return [DEFAULT_PORT];
  return given.map(([name, number]) => ({ name, number }));
}

function versionsOf(
  service: ServiceInput,
  labels: Readonly<Record<string, string>>,
  world: ServiceWorld,
): readonly ServiceVersion[] {
  const given = Object.entries(service.versions ?? {});
  if (given.length === 0) return [versionOf('', service, labels, world)];
  return given.map(([version, own]) => {
    const merged: VersionInput = { ...service, ...own };
    return versionOf(version, merged, { ...labels, ...own.labels, version }, world);
  });
}

function versionOf(
  version: string,
  behaviour: VersionInput,
  labels: Readonly<Record<string, string>>,
  { portFor, zones }: ServiceWorld,
): ServiceVersion {
  const { queue } = behaviour;
  return {
    version,
    labels,
    instances: behaviour.instances ?? 1,
    zones: behaviour.zones ?? zones,
    workers: behaviour.workers ?? 0,
    queueLimit: (typeof queue === 'number' ? queue : queue?.limit) ?? null,
    serviceTime: behaviour.serviceTime ?? NO_TIME,
    errors: behaviour.errors ?? [],
    responseBytes: behaviour.responseSize ?? 0,
    onAbandon: behaviour.onAbandon ?? 'keep-working',
    calls: (behaviour.calls ?? []).map((step) => callStep(step, portFor)),
    cache: cacheOf(behaviour.cache),
    accepting: acceptingOf(behaviour.connections),
  };
}

function cacheOf(cache: VersionInput['cache']): CacheSpec | null {
  if (cache === undefined) return null;
  return {
    key: cacheKey(cache.key),
    ttlNs: cache.ttl ?? 0,
    scope: cache.scope ?? 'instance',
    coalesce: cache.coalesce ?? false,
    onError: cache.onError ?? 'keep',
    warm: cache.warm ?? 0,
  };
}

function cacheKey(key: CacheInput['key'] = 'path'): CacheKey {
  if (typeof key === 'string') {
    return key === 'path' ? { kind: 'path' } : { kind: 'header', name: key.toLowerCase() };
  }
  if (key.uniform !== undefined) return { kind: 'uniform', of: key.uniform };
  return { kind: 'zipf', of: key.zipf?.of ?? 1, s: key.zipf?.s ?? 1 };
}

function acceptingOf(connections: VersionInput['connections']): AcceptSpec | null {
  if (connections === undefined) return null;
  return { setupNs: connections.setupTime, backlog: connections.backlog ?? 0 };
}

function callStep(step: CallStepInput, portFor: (service: string) => number): CallStep {
  if (typeof step === 'string' || 'to' in step) return callTo(step, false, portFor);
  const steps = step.parallel.map((item) => callTo(item, true, portFor));
  return { kind: 'parallel', steps, wait: step.wait ?? 'all' };
}

/** @param inParallel whether several `times` happen at once */
function callTo(
  step: string | CallInput,
  inParallel: boolean,
  portFor: (service: string) => number,
): CallTo {
  const call: CallInput = typeof step === 'string' ? { to: step } : step;
  return {
    kind: 'call',
    to: call.to,
    port: portFor(call.to),
    method: call.method ?? 'GET',
    path: call.path ?? '/',
    headers: headerList(call.headers),
    bodyBytes: call.bodySize ?? 0,
    share: call.share ?? 1,
    times: call.times ?? 1,
    inParallel,
    timeoutNs: call.timeout ?? 0,
    onError: call.onError ?? 'fail',
  };
}

/** Names in lower case, in the order of the file. */
export function headerList(headers: Readonly<Record<string, string>> | undefined): HeaderList {
  return Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const);
}
