/**
 * Listeners of a sidecar: one for each outbound HTTP port, one for each inbound port.
 *
 * Source: config-istio.md §1 (filter order), §2.12, §12, §14.
 */
import type { ListenerConfig, RouteTableConfig } from '../../mesh/config/config.ts';
import { ENVOY, ISTIO } from '../../mesh/config/defaults.ts';
import type { NameIds } from '../name-ids.ts';
import { isHttpPort } from '../service-info.ts';
import type { NamespaceView } from './namespace-view.ts';
import { type ClientContext, inboundRoute } from './routes.ts';
import type { InboundSecurity } from './security.ts';
import { virtualHostsOn } from './virtual-hosts.ts';

/** Outbound listeners, by port. */
export function outboundListeners(
  view: NamespaceView,
  client: ClientContext,
  ids: NameIds,
): ListenerConfig[] {
  const ports = new Set<number>();
  for (const service of view.services) {
    for (const port of service.ports) if (isHttpPort(port)) ports.add(port.number);
  }
  return [...ports]
    .sort((a, b) => a - b)
    .map((port) => {
      const name = `0.0.0.0_${port}`;
      return {
        ...connectionManager(),
        id: ids.listener(name),
        name,
        direction: 'outbound',
        port,
        statPrefix: `outbound_${name}`,
        filters: [{ kind: 'fault', config: null }],
        routes: {
          name: String(port),
          virtualHosts: virtualHostsOn(port, view, client),
          ignorePortInHostMatching: true,
        },
      };
    });
}

/** What stands behind an inbound listener. */
export interface InboundTarget {
  readonly port: number;
  /** Of the service that the port belongs to; names the virtual host. */
  readonly servicePort: number;
  readonly cluster: string;
}

/** The listener in front of one port of the application. */
export function inboundListener(
  { port, servicePort, cluster }: InboundTarget,
  security: InboundSecurity,
  ids: NameIds,
): ListenerConfig {
  const mtls = security.mtlsOf(port);
  const name = `inbound_0.0.0.0_${port}`;
  const routes: RouteTableConfig = {
    name: cluster,
    ignorePortInHostMatching: ENVOY.routeTable.ignorePortInHostMatching.value,
    virtualHosts: [
      {
        name: `inbound|http|${servicePort}`,
        domains: ['*'],
        routes: [inboundRoute(cluster)],
        includeRequestAttemptCount: false,
        includeAttemptCountInResponse: false,
        includeIsTimeoutRetryHeader: false,
      },
    ],
  };
  return {
    ...connectionManager(),
    id: ids.listener(name),
    name,
    direction: 'inbound',
    port,
    statPrefix: name,
    filters: security.filters,
    routes,
    ...(mtls === undefined ? {} : { mtls, isPlainTextOnly: mtls.mode === 'disable' }),
  };
}

type ConnectionManager = Pick<
  ListenerConfig,
  | 'address'
  | 'protocol'
  | 'streamIdleTimeoutMs'
  | 'requestTimeoutMs'
  | 'honoursControlHeaders'
  | 'downstreamIdleTimeoutMs'
  | 'delayedCloseTimeoutMs'
>;

function connectionManager(): ConnectionManager {
  return {
    address: '0.0.0.0',
    protocol: 'http1',
    streamIdleTimeoutMs: ISTIO.listener.streamIdleTimeoutMs.value,
    requestTimeoutMs: ENVOY.listener.requestTimeoutMs.value,
    honoursControlHeaders: ISTIO.listener.honoursControlHeaders.value,
    downstreamIdleTimeoutMs: ENVOY.listener.downstreamIdleTimeoutMs.value,
    delayedCloseTimeoutMs: ENVOY.listener.delayedCloseTimeoutMs.value,
  };
}
