/**
 * Setting a world up: hosts and their addresses, call targets, and what clients send.
 *
 * Used by `world.ts` before the run only. `finish` resolves every call of every host and every
 * client's request, so nothing is looked up by name afterwards.
 */
import type { CallStep, CallTo } from '../workload/call-step.ts';
import type { Client } from './client/client.ts';
import type { Commons } from './commons.ts';
import type { CallPlan } from './host/call-plan.ts';
import { planCalls } from './host/call-plan.ts';
import { Host } from './host/host.ts';
import { ServiceCaches } from './host/service-caches.ts';
import type { Loopbacks } from './loopbacks.ts';
import type { Connector } from './net/connector.ts';
import { OutboundTarget } from './outbound-target.ts';
import type { CallTarget, HostSpec, RequestSpec } from './world-spec.ts';

export class WorldPlan {
  private readonly commons: Commons;
  private readonly connector: Connector;
  private readonly loopbacks: Loopbacks;
  private readonly serviceIds: Map<string, number>;
  private readonly hostNames: Set<string>;
  private readonly targets: Map<string, OutboundTarget>;
  private readonly caches: ServiceCaches;

  constructor(commons: Commons, connector: Connector, loopbacks: Loopbacks) {
    this.commons = commons;
    this.connector = connector;
    this.loopbacks = loopbacks;
    this.serviceIds = new Map();
    this.hostNames = new Set();
    this.targets = new Map();
    this.caches = new ServiceCaches(commons.draws);
  }

  addHost(spec: HostSpec): number {
    const { hosts, heads, kernel } = this.commons;
    if (this.hostNames.has(spec.name)) throw new RangeError(`two hosts are called ${spec.name}`);
    this.hostNames.add(spec.name);
    const id = hosts.length;
    const host = new Host(id, spec, {
      clock: kernel,
      serviceId: this.serviceIdOf(spec.service),
      okShape: heads.intern({ status: 200, bodyBytes: spec.responseBytes }),
      errorShapes: spec.errors.map(({ status }) => heads.intern({ status })),
      cacheUser: this.caches.userFor(spec),
    });
    hosts.push(host);
    this.connector.addAddress(spec.address, id);
    for (const address of spec.moreAddresses ?? []) this.connector.addAddress(address, id);
    return id;
  }

  setCallTarget(host: number, service: string, port: number, target: CallTarget): void {
    const made = new OutboundTarget(host, port, target);
    this.targets.set(targetKey(host, service, port), made);
    this.loopbacks.add(made);
  }

  /** Resolves everything. @throws RangeError when a call or client has no target */
  finish(clients: readonly Client[]): void {
    for (const host of this.commons.hosts) {
      if (host.spec.calls.length > 0) host.plan = this.planOf(host, host.spec.calls);
    }
    for (const client of clients) {
      const { service, port, head } = client.spec;
      for (const instance of client.instances) {
        const target = this.targetOf(instance, service, port);
        client.targets.push(target);
        client.shapes.push(this.shapeOf(head, target));
      }
    }
  }

  private planOf(host: Host, steps: readonly CallStep[]): CallPlan {
    return planCalls(steps, (call: CallTo) => {
      const target = this.targetOf(host.id, call.to, call.port);
      return { target, headShape: this.shapeOf(call, target) };
    });
  }

  private targetOf(host: number, service: string, port: number): OutboundTarget {
    const target = this.targets.get(targetKey(host, service, port));
    const name = this.commons.hosts[host]?.name ?? `host ${host}`;
    if (target === undefined) throw new RangeError(`${name} has no way to ${service}:${port}`);
    if (this.commons.hosts[host]!.outbound === null) {
      throw new RangeError(`${name} has no outbound proxy`);
    }
    return target;
  }

  private shapeOf(request: RequestSpec, target: OutboundTarget): number {
    return this.commons.heads.intern({
      method: request.method,
      authority: target.authority,
      path: request.path,
      headers: request.headers,
      bodyBytes: request.bodyBytes,
    });
  }

  private serviceIdOf(service: string): number {
    const known = this.serviceIds.get(service);
    if (known !== undefined) return known;
    this.serviceIds.set(service, this.serviceIds.size);
    return this.serviceIds.size - 1;
  }
}

function targetKey(host: number, service: string, port: number): string {
  return `${host} ${service} ${port}`;
}
