/**
 * What a Kubernetes service port speaks, by the conventions that Istio reads.
 *
 * Source: config-istio.md §6.4: `appProtocol`, else the prefix of the port's name, else a few
 * well-known numbers, else unknown (the proxy looks at the first bytes).
 */
import type { AppProtocol } from '../mesh-resources.ts';

const BY_NAME: ReadonlyMap<string, AppProtocol> = new Map([
  ['http', 'http'],
  ['http2', 'http2'],
  ['https', 'https'],
  ['grpc', 'grpc'],
  ['grpc-web', 'grpc'],
  ['tcp', 'tcp'],
  ['tls', 'tls'],
  ['mongo', 'tcp'],
  ['mysql', 'tcp'],
  ['redis', 'tcp'],
  ['udp', 'udp'],
]);
const BY_APP_PROTOCOL: ReadonlyMap<string, AppProtocol> = new Map([
  ...BY_NAME,
  ['kubernetes.io/h2c', 'http2'],
  ['kubernetes.io/ws', 'http'],
  ['kubernetes.io/wss', 'https'],
]);
const TCP_PORTS: readonly number[] = [25, 53, 3306, 27017];

/**
 * @param name of the port, '' = none
 * @param appProtocol '' = not given
 */
export function portProtocol(name: string, number: number, appProtocol: string): AppProtocol {
  if (appProtocol !== '') return BY_APP_PROTOCOL.get(appProtocol.toLowerCase()) ?? 'unknown';
  const lower = name.toLowerCase();
  if (lower === 'grpc-web' || lower.startsWith('grpc-web-')) return 'grpc';
  const byName = BY_NAME.get(lower.split('-', 1)[0] ?? '');
  return byName ?? (TCP_PORTS.includes(number) ? 'tcp' : 'unknown');
}
