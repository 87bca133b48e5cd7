/**
 * The list of kinds that mesh files may hold, and what becomes of each.
 *
 * A kind is read, refused by name because it would change policy and is not modelled yet, or
 * skipped because it does not concern proxies. Adding an importer = one file and one line here.
 * Source: config-istio.md §0.3 (groups and versions).
 */

/** What is done with an object. */
export type Treatment =
  | 'virtual-service'
  | 'destination-rule'
  | 'service-entry'
  | 'workload-entry'
  | 'peer-authentication'
  | 'authorization-policy'
  | 'service'
  | 'workload'
  | 'pod'
  | 'endpoint-slice'
  | 'not-modelled'
  | 'skipped';

export interface KindEntry {
  readonly group: string;
  readonly kind: string;
  readonly versions: readonly string[];
  readonly treatment: Treatment;
}

const NETWORKING = 'networking.istio.io';
const SECURITY = 'security.istio.io';
const GATEWAY_API = 'gateway.networking.k8s.io';
const ISTIO_VERSIONS: readonly string[] = ['v1', 'v1beta1', 'v1alpha3'];
const GATEWAY_VERSIONS: readonly string[] = ['v1', 'v1beta1', 'v1alpha2', 'v1alpha3'];

function entries(
  group: string,
  versions: readonly string[],
  treatment: Treatment,
  ...kinds: readonly string[]
): KindEntry[] {
  return kinds.map((kind) => ({ group, kind, versions, treatment }));
}

/** Every kind that is known by name. */
export const KINDS: readonly KindEntry[] = [
  ...entries(NETWORKING, ISTIO_VERSIONS, 'virtual-service', 'VirtualService'),
  ...entries(NETWORKING, ISTIO_VERSIONS, 'destination-rule', 'DestinationRule'),
  ...entries(NETWORKING, ISTIO_VERSIONS, 'service-entry', 'ServiceEntry'),
  ...entries(NETWORKING, ISTIO_VERSIONS, 'workload-entry', 'WorkloadEntry'),
  ...entries(NETWORKING, ISTIO_VERSIONS, 'not-modelled', 'Gateway', 'Sidecar'),
  ...entries(NETWORKING, ISTIO_VERSIONS, 'skipped', 'WorkloadGroup'),
  ...entries(NETWORKING, ['v1alpha3'], 'not-modelled', 'EnvoyFilter'),
  ...entries(NETWORKING, ['v1beta1'], 'not-modelled', 'ProxyConfig'),
  ...entries(SECURITY, ['v1', 'v1beta1'], 'authorization-policy', 'AuthorizationPolicy'),
  ...entries(SECURITY, ['v1', 'v1beta1'], 'peer-authentication', 'PeerAuthentication'),
  ...entries(SECURITY, ['v1', 'v1beta1'], 'not-modelled', 'RequestAuthentication'),
  ...entries('telemetry.istio.io', ['v1', 'v1alpha1'], 'not-modelled', 'Telemetry'),
  ...entries('extensions.istio.io', ['v1alpha1'], 'not-modelled', 'WasmPlugin', 'TrafficExtension'),
  ...entries('install.istio.io', ['v1alpha1'], 'not-modelled', 'IstioOperator'),
  ...entries(GATEWAY_API, GATEWAY_VERSIONS, 'not-modelled', 'GatewayClass', 'Gateway'),
  ...entries(GATEWAY_API, GATEWAY_VERSIONS, 'not-modelled', 'HTTPRoute', 'GRPCRoute', 'TLSRoute'),
  ...entries(GATEWAY_API, GATEWAY_VERSIONS, 'not-modelled', 'TCPRoute', 'UDPRoute'),
  ...entries(GATEWAY_API, GATEWAY_VERSIONS, 'not-modelled', 'ReferenceGrant', 'ListenerSet'),
  ...entries(GATEWAY_API, GATEWAY_VERSIONS, 'not-modelled', 'BackendTLSPolicy'),
  ...entries('', ['v1'], 'service', 'Service'),
  ...entries('', ['v1'], 'pod', 'Pod'),
  ...entries('', ['v1'], 'not-modelled', 'Endpoints'),
  ...entries('', ['v1'], 'skipped', 'Namespace', 'ConfigMap', 'Secret', 'ServiceAccount'),
  ...entries('apps', ['v1'], 'workload', 'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'),
  ...entries('discovery.k8s.io', ['v1'], 'endpoint-slice', 'EndpointSlice'),
];

/** Groups of meshes: a kind of them that is not in the list is refused, never skipped. */
export const MESH_GROUPS: readonly RegExp[] = [
  /(^|\.)istio\.io$/,
  /(^|\.)networking\.(x-)?k8s\.io$/,
  /(^|\.)linkerd\.io$/,
  /(^|\.)consul\.hashicorp\.com$/,
  /(^|\.)appmesh\.k8s\.aws$/,
  /(^|\.)cilium\.io$/,
];

/** Groups that exist, for the message about a kind that does not. */
export function kindsOf(group: string): readonly string[] {
  return KINDS.filter((entry) => entry.group === group).map((entry) => entry.kind);
}
