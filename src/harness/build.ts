/**
 * Marries the simulator, the policy engine and the importers: a scenario becomes a world.
 *
 * The only place that knows all of them. Machines get their proxies as the data plane says, each
 * proxy what the mesh files would have given it, and the recorder a plan of rows to count in.
 */
import { assert } from '../core/assert.ts';
import { Diagnostics } from '../core/diagnostics.ts';
import { type DistributionSpec, DurationSampler } from '../core/distributions.ts';
import { InputError } from '../core/errors.ts';
import { FaultSchedule } from '../faults/fault-schedule.ts';
import { importMesh } from '../importers/index.ts';
import { DEFAULT_MESH_NAMES, type MeshNames } from '../importers/istio/names.ts';
import type { MeshResources } from '../importers/mesh-resources.ts';
import { NameIds } from '../importers/name-ids.ts';
import { buildRegistry } from '../importers/registry.ts';
import { type ResolvedMesh, resolveMesh } from '../importers/resolve.ts';
import type { ServiceInfo } from '../importers/service-info.ts';
import type { MeshConfig } from '../mesh/config/config.ts';
import { EngineTables, PolicyEngine } from '../mesh/engine/engine.ts';
import { spiffeId } from '../mesh/security/identity.ts';
import { World } from '../sim/world.ts';
import type { IdentitySpec } from '../sim/world-spec.ts';
import { Recorder } from '../trace/recorder.ts';
import { calledServices } from '../workload/call-step.ts';
import { isNamed, type Machine, planMachines, serviceHost } from './addresses.ts';
import type { DataPlane } from './data-planes/data-plane.ts';
import { findDataPlane } from './data-planes/index.ts';
import { overheadProfile } from './data-planes/overhead-profiles.ts';
import { identityOf } from './identity.ts';
import { MetricsPlanner } from './metrics-planner.ts';
import { type IdentityPlan, ISSUER } from './normalise/identity.ts';
import type { RequestTap } from './request-tap.ts';
import type { LinkSpec, MeshDefaults, Scenario, ServiceSpec } from './scenario.ts';

export interface BuiltWorld {
  readonly world: World;
  readonly recorder: Recorder;
  readonly faults: FaultSchedule;
  readonly limits: readonly string[];
  /** By proxy id. */
  readonly proxies: readonly BuiltProxy[];
}

/** Which proxy an id means, and what it was told. */
export interface BuiltProxy {
  readonly name: string;
  /** Id of the machine it stands on. */
  readonly host: number;
  readonly isInbound: boolean;
  readonly config: MeshConfig;
}

/**
 * Nothing but what the importers say of a scenario's policy.
 *
 * @param tap hears what the recorder hears; null in a run that follows no request
 * @throws InputError when it is wrong
 */
export function buildWorld(
  scenario: Scenario,
  seed: string,
  tap: RequestTap | null = null,
): BuiltWorld {
  const builder = new WorldBuilder(scenario, seed, tap);
  return builder.build();
}

const NO_TIME: DistributionSpec = { kind: 'constant', valueNs: 0 };

class WorldBuilder {
  private readonly scenario: Scenario;
  private readonly plane: DataPlane;
  private readonly world: World;
  private readonly recorder = new Recorder();
  private readonly machines: readonly Machine[];
  private readonly ids = new NameIds();
  private readonly tables = new EngineTables();
  private readonly planner: MetricsPlanner;
  private readonly overhead: DurationSampler | null;
  private readonly diagnostics = new Diagnostics();
  private readonly names: MeshNames;
  private readonly resources: MeshResources;
  /** What the data plane makes of a sidecar's configuration. */
  private readonly policy: (config: MeshConfig) => MeshConfig;
  /** null = connections are plain text. */
  private readonly identity: IdentityPlan | null;
  private readonly samplers = new Map<string, DurationSampler>();
  private readonly proxies: BuiltProxy[] = [];

  constructor(scenario: Scenario, seed: string, tap: RequestTap | null) {
    const plane = findDataPlane(scenario.dataPlane.kind);
    assert(plane !== undefined, `no data plane ${scenario.dataPlane.kind}`);
    this.scenario = scenario;
    this.plane = plane;
    this.machines = planMachines(scenario);
    this.names = { ...DEFAULT_MESH_NAMES, ...meshNames(scenario.meshDefaults) };
    this.resources = importMesh(scenario.mesh, this.diagnostics, this.names);
    this.policy = plane.policyOf(this.resources, this.names, this.diagnostics);
    this.identity = plane.hasInbound ? identityOf(scenario, this.resources) : null;
    this.planner = new MetricsPlanner(scenario, this.machines);
    if (tap !== null) tap.recorder = this.recorder;
    const observer = tap ?? this.recorder;
    const identity = this.identity === null ? null : this.pki(this.identity);
    const { epochMs } = scenario;
    this.world = new World({ seed, epochMs, observer, requestObserver: tap, identity });
    const isFree = !plane.hasInbound || scenario.dataPlane.overhead === 'none';
    this.overhead = isFree ? null : this.sampler(this.profile().perTraversal);
  }

  build(): BuiltWorld {
    const mesh = this.resolveMesh();
    for (const machine of this.machines) this.addHost(machine);
    this.machines.forEach((machine, host) => {
      this.addProxies(machine, host, mesh);
    });
    this.addClients();
    this.addLinks();
    const plan = this.planner.plan(this.ids, this.overhead, this.profile());
    this.recorder.begin(plan, this.world.kernel, this.world.hosts);
    const { faults: envelopes, durationNs } = this.scenario;
    return {
      world: this.world,
      recorder: this.recorder,
      faults: new FaultSchedule(this.world, envelopes, durationNs),
      limits: [...this.plane.limits, ...mesh.limits],
      proxies: this.proxies,
    };
  }

  private profile() {
    const profile = overheadProfile(this.scenario.dataPlane.overhead);
    assert(profile !== undefined, `no overhead profile ${this.scenario.dataPlane.overhead}`);
    return profile;
  }

  private resolveMesh(): ResolvedMesh {
    const { diagnostics, names, resources } = this;
    const services = buildRegistry(resources, { services: this.scenarioServices() }, names);
    const mesh = resolveMesh(resources, services, this.ids, diagnostics, names);
    if (diagnostics.hasErrors) throw new InputError(diagnostics.sorted(), this.sources());
    return mesh;
  }

  /** Mesh files by name, for code frames. */
  private sources(): ReadonlyMap<string, string> {
    return new Map(this.scenario.mesh.map(({ path, text }) => [path, text]));
  }

  private scenarioServices(): ServiceInfo[] {
    return this.scenario.services.map((service) => ({
      host: serviceHost(service),
      namespace: service.namespace,
      location: 'mesh-internal',
      ports: service.ports.map(({ name, number }) => ({
        name,
        number,
        protocol: 'http',
        targetPort: number,
      })),
      endpoints: this.machines
        .filter((machine) => machine.service === service)
        .map((machine) => ({
          name: machine.name,
          address: machine.ip,
          labels: machine.labels,
          locality: machine.zone,
          weight: 1,
          health: 'healthy',
          serviceAccount: service.serviceAccount,
          offersTls: this.identity !== null,
        })),
    }));
  }

  private addHost(machine: Machine): void {
    const { version, service } = machine;
    const ports = service?.ports.map((port) => `${machine.ip}:${port.number}`) ?? [];
    this.world.addHost({
      name: machine.name,
      service: service?.name ?? machine.client?.name ?? '',
      version: version?.version ?? '',
      zone: machine.zone,
      address: ports[0] ?? `${machine.ip}:0`,
      moreAddresses: ports.slice(1),
      workers: version?.workers ?? 0,
      queueLimit: version?.queueLimit ?? null,
      serviceTime: this.sampler(version?.serviceTime ?? NO_TIME),
      errors: version?.errors ?? [],
      responseBytes: version?.responseBytes ?? 0,
      onAbandon: version?.onAbandon ?? 'keep-working',
      calls: version?.calls ?? [],
      ...(version?.cache ? { cache: version.cache } : {}),
      ...(version?.accepting ? { accepting: version.accepting } : {}),
      ...this.identityOfHost(machine),
    });
  }

  private identityOfHost({ namespace, service, client }: Machine) {
    if (this.identity === null) return {};
    const account = service?.serviceAccount ?? client?.serviceAccount ?? 'default';
    const name = service?.name ?? client?.name ?? '';
    return {
      identity: spiffeId(this.names.trustDomain, namespace, account),
      clockOffsetNs: this.identity.clockOffsetsNs[name] ?? 0,
    };
  }

  private pki({ root, intermediate, leaf, clockOffsetsNs }: IdentityPlan): IdentitySpec {
    const age = leaf.age === null ? null : this.sampler(leaf.age);
    const issuerOffsetNs = clockOffsetsNs[ISSUER] ?? 0;
    return { root, intermediate, leaf: { ...leaf, age }, issuerOffsetNs };
  }

  private addProxies(machine: Machine, host: number, mesh: ResolvedMesh): void {
    const config = mesh.configOf({
      name: machine.name,
      namespace: machine.namespace,
      labels: machine.labels,
      ip: machine.ip,
      locality: machine.zone,
      serves: machine.service === null ? [] : [serviceHost(machine.service)],
    });
    const outbound = this.policy(only(config, 'outbound'));
    this.addProxy(machine, host, 'outbound', outbound);
    if (machine.service !== null && this.plane.hasInbound) {
      this.addProxy(machine, host, 'inbound', this.policy(only(config, 'inbound')));
    }
    for (const service of this.calledBy(machine)) this.addCallTargets(host, service, outbound);
  }

  private addProxy(
    machine: Machine,
    host: number,
    role: 'outbound' | 'inbound',
    config: MeshConfig,
  ): void {
    const name = `${machine.name}/${role}`;
    this.planner.addProxy(name, machine, role === 'outbound' ? config : null);
    const { overhead } = this;
    this.proxies.push({ name, host, isInbound: role === 'inbound', config });
    this.world.addProxy(
      { host, role, name, overhead, listeners: config.listeners },
      (ports) => new PolicyEngine(config, ports, this.tables),
    );
  }

  private calledBy(machine: Machine): ServiceSpec[] {
    const names =
      machine.client !== null ? [machine.client.to] : calledServices(machine.version?.calls ?? []);
    return this.scenario.services.filter((service) => names.includes(service.name));
  }

  private addCallTargets(host: number, service: ServiceSpec, outbound: MeshConfig): void {
    for (const { number } of service.ports) {
      const listener = outbound.listeners.find((candidate) => candidate.port === number);
      assert(listener !== undefined, `no outbound listener for ${service.name}:${number}`);
      const authority = number === 80 ? serviceHost(service) : `${serviceHost(service)}:${number}`;
      this.world.setCallTarget(host, service.name, number, { listener: listener.id, authority });
    }
  }

  private addClients(): void {
    for (const client of this.scenario.clients) {
      this.world.addClient({
        name: client.name,
        instances: this.hostsWhere((machine) => machine.client === client),
        load: client.load,
        head: {
          method: client.method,
          path: client.path,
          headers: client.headers,
          bodyBytes: client.bodyBytes,
        },
        service: client.to,
        port: client.port,
        deadlineNs: client.deadlineNs,
      });
    }
  }

  private addLinks(): void {
    const { network } = this.scenario;
    this.world.network.setDefault(this.link(network.default));
    for (const { from, to, link } of network.links) {
      this.world.network.addRule(this.hostsNamed(from), this.hostsNamed(to), this.link(link));
    }
  }

  private link(spec: LinkSpec) {
    return { latency: this.sampler(spec.latency), loss: spec.loss };
  }

  /** Hosts of a service, client, zone or region; null = `*`. */
  private hostsNamed(name: string): readonly number[] | null {
    if (name === '*') return null;
    return this.hostsWhere((machine) => isNamed(machine, name));
  }

  private hostsWhere(matches: (machine: Machine) => boolean): number[] {
    return this.machines.flatMap((machine, host) => (matches(machine) ? [host] : []));
  }

  /** Equal laws share one sampler, because its table is large. */
  private sampler(spec: DistributionSpec): DurationSampler {
    const key = JSON.stringify(spec);
    const known = this.samplers.get(key);
    if (known !== undefined) return known;
    const sampler = new DurationSampler(spec);
    this.samplers.set(key, sampler);
    return sampler;
  }
}

function meshNames({ rootNamespace, trustDomain }: MeshDefaults) {
  return { rootNamespace, trustDomain };
}

/** A proxy's configuration without the listeners of the other direction. */
function only(config: MeshConfig, direction: 'outbound' | 'inbound'): MeshConfig {
  const listeners = config.listeners.filter((listener) => listener.direction === direction);
  return { ...config, listeners };
}
