/**
 * Names and addresses of simulated machines: a stable plan that depends on the scenario only.
 */
import { liesIn } from '../faults/fault-targets.ts';
import type { ClientSpec, Scenario, ServiceSpec, ServiceVersion } from './scenario.ts';

/** One machine of a service, or one caller of a client. */
export interface Machine {
  /** `payments-2`, `catalog-v2-0`, `shoppers-0`. */
  readonly name: string;
  readonly ip: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `region/zone`; '' = in none. */
  readonly zone: string;
  /** null for callers. */
  readonly service: ServiceSpec | null;
  readonly version: ServiceVersion | null;
  /** null for machines of services. */
  readonly client: ClientSpec | null;
}

/** Machines in the order of the scenario: services by version, then clients. */
export function planMachines(scenario: Scenario): Machine[] {
  const machines: Machine[] = [];
  for (const service of scenario.services) {
    for (const version of service.versions) {
      for (let i = 0; i < version.instances; i++) {
        machines.push({
          name: [service.name, version.version, String(i)].filter((part) => part !== '').join('-'),
          ip: addressOf(machines.length),
          namespace: service.namespace,
          labels: version.labels,
          zone: version.zones[i % version.zones.length] ?? '',
          service,
          version,
          client: null,
        });
      }
    }
  }
  for (const client of scenario.clients) {
    for (let i = 0; i < client.instances; i++) {
      machines.push({
        name: `${client.name}-${i}`,
        ip: addressOf(machines.length),
        namespace: client.namespace,
        labels: { app: client.name },
        zone: client.zone,
        service: null,
        version: null,
        client,
      });
    }
  }
  return machines;
}

/** 10.0.0.1, 10.0.0.2, … */
function addressOf(index: number): string {
  const n = index + 1;
  return `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
}

/** Whether a name of a service, a client, a zone or a region means this machine. */
export function isNamed({ service, client, zone }: Machine, name: string): boolean {
  return (service?.name ?? client?.name) === name || liesIn(zone, name);
}

/** Fully qualified host of a service. */
export function serviceHost(service: ServiceSpec): string {
  return `${service.name}.${service.namespace}.svc.cluster.local`;
}
