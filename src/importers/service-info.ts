/**
 * A service as proxies know it, wherever it was declared: in mesh files or in a scenario.
 *
 * Source: config-istio.md §6.
 */
import type { Endpoint } from '../core/engine.ts';
import type { AppProtocol, ExportTo, Labels } from './mesh-resources.ts';

export interface ServiceInfo {
  /** Fully qualified: `payments.default.svc.cluster.local`. */
  readonly host: string;
  readonly namespace: string;
  readonly location: 'mesh-internal' | 'mesh-external';
  readonly ports: readonly ServicePortInfo[];
  /** In the order in which balancers shall see them. */
  readonly endpoints: readonly EndpointInfo[];
  /** Virtual addresses, if any. */
  readonly addresses?: readonly string[];
  /** Whether its names exist per Pod and it has no virtual address. */
  readonly isHeadless?: boolean;
  /** Which namespaces see it; absent = all. */
  readonly exportTo?: ExportTo;
  /** Other services that are only names for this one. */
  readonly aliases?: readonly ServiceAlias[];
}

export interface ServicePortInfo {
  readonly number: number;
  readonly name: string;
  readonly protocol: AppProtocol;
  /** Where endpoints listen that do not say otherwise. */
  readonly targetPort: number;
}

export interface EndpointInfo {
  /** For people: the Pod's or instance's name, or the address. */
  readonly name: string;
  /** IP or DNS name, without port. */
  readonly address: string;
  /** Port number by the service port's name, where it is not the target port. */
  readonly ports?: Readonly<Record<string, number>>;
  readonly labels: Labels;
  /** region/zone/subzone, '' = unknown. */
  readonly locality: string;
  readonly weight: number;
  readonly health: Endpoint['health'];
  /** '' = unknown. */
  readonly serviceAccount: string;
  /** Whether a sidecar with a certificate stands before it; absent = its labels say so. */
  readonly offersTls?: boolean;
}

export interface ServiceAlias {
  /** Fully qualified. */
  readonly host: string;
  readonly ports: readonly number[];
}

/** The services that a scenario itself supplies. */
export interface WorldServices {
  readonly services: readonly ServiceInfo[];
}

/** Whether HTTP policy applies to a port; unknown protocols are detected and count. */
export function isHttpPort(port: ServicePortInfo): boolean {
  const { protocol } = port;
  return ['http', 'http2', 'grpc', 'unknown'].includes(protocol);
}

/** Whether proxies can connect to a port at all. */
export function isTcpPort(port: ServicePortInfo): boolean {
  return port.protocol !== 'udp';
}

export function portByNumber(service: ServiceInfo, number: number): ServicePortInfo | undefined {
  return service.ports.find((port) => port.number === number);
}
