/**
 * Which mTLS mode, access filters and upstream TLS a proxy gets from the policies of a mesh.
 *
 * Whatever is equal for several workloads is shared; a workload that no policy concerns gets nothing.
 * Source: config-istio.md §5.9, 9, 10.1, 10.2; Istio, authn/policy_applier and authz/builder.
 */
import type { TlsPlan } from '../../core/engine.ts';
import type { FilterConfig } from '../../mesh/config/config.ts';
import type {
  MtlsConfig,
  MtlsMode,
  RbacCondition,
  RbacPolicy,
  RbacRules,
} from '../../mesh/config/security.ts';
import { hasLabels, type MeshNames } from '../istio/names.ts';
import type { Labels, MeshResources } from '../mesh-resources.ts';
import type {
  AuthorizationPolicy,
  PeerAuthentication,
  UpstreamTls,
} from '../security-resources.ts';
import type { ServiceInfo } from '../service-info.ts';
import { getOrCreate } from './memo.ts';

/** What one workload's inbound listeners get. */
export interface InboundSecurity {
  /** Equal for workloads that get the same. */
  readonly key: string;
  readonly filters: readonly FilterConfig[];
  /** Of a port of the workload; undefined = plain text and TLS are both fine. */
  mtlsOf(port: number): MtlsConfig | undefined;
}

const OPEN: InboundSecurity = { key: '', filters: [], mtlsOf: () => undefined };
const ANY: RbacCondition = { kind: 'any' };
const NEVER: RbacCondition = { kind: 'not', of: ANY };
/** In the order of evaluation. */
const ACTIONS: readonly RbacRules['action'][] = ['log', 'deny', 'allow'];

export class SecurityPolicies {
  readonly #peer: readonly PeerAuthentication[];
  readonly #access: readonly AuthorizationPolicy[];
  readonly #names: MeshNames;
  readonly #made = new Map<string, InboundSecurity>();

  constructor(resources: MeshResources, names: MeshNames) {
    this.#peer = resources.peerAuthentications;
    this.#access = resources.authorizationPolicies;
    this.#names = names;
  }

  /** For the workload behind a proxy. */
  inboundOf(namespace: string, labels: Labels): InboundSecurity {
    if (this.#peer.length + this.#access.length === 0) return OPEN;
    const { rootNamespace } = this.#names;
    const access = this.#access.filter(({ meta, selector }) => {
      const isNear = meta.namespace === namespace || meta.namespace === rootNamespace;
      return isNear && hasLabels(labels, selector);
    });
    const own = this.#peer.find(
      ({ meta, selector }) =>
        selector !== null &&
        meta.namespace === namespace &&
        namespace !== rootNamespace &&
        hasLabels(labels, selector),
    );
    const wide = this.#wideMode(namespace);
    const key = [
      wide ?? 'unset',
      own === undefined ? '' : this.#peer.indexOf(own),
      ...access.map((policy) => this.#access.indexOf(policy)),
    ].join(' ');
    return getOrCreate(this.#made, key, () => ({
      key,
      filters: accessFilters(access),
      mtlsOf: (port) => this.#mtls(modeOf(own, port) ?? wide ?? 'permissive'),
    }));
  }

  /**
   * How clients reach a service's endpoints.
   *
   * @param given by a DestinationRule
   * @returns null = plain text
   */
  upstreamTls(
    service: ServiceInfo,
    given: UpstreamTls | undefined,
    cluster: string,
  ): TlsPlan | null {
    if (given !== undefined) {
      if (given.mode === 'disable') return null;
      const { subjectAltNames, serverName } = given;
      const expectedSans = subjectAltNames.length > 0 ? subjectAltNames : this.#accounts(service);
      return { serverName: serverName || sniOf(cluster), expectedSans, isAutomatic: false };
    }
    const isAutomatic = service.location === 'mesh-internal' && service.endpoints.some(offersTls);
    if (!isAutomatic || this.#wideMode(service.namespace) === 'disable') return null;
    return { serverName: sniOf(cluster), expectedSans: this.#accounts(service), isAutomatic };
  }

  /** What the namespace or the mesh says; null = nothing. The oldest policy of a scope counts. */
  #wideMode(namespace: string): MtlsMode | null {
    const of = (scope: string) =>
      this.#peer.find(({ meta, selector }) => selector === null && meta.namespace === scope)?.mode;
    return (of(namespace) ?? of(this.#names.rootNamespace))?.value ?? null;
  }

  #mtls(mode: MtlsMode): MtlsConfig | undefined {
    return mode === 'permissive' ? undefined : { mode, trustDomains: [this.#names.trustDomain] };
  }

  /** Identities of a service's endpoints; none when one of them is unknown, so that any will do. */
  #accounts(service: ServiceInfo): string[] {
    const accounts = new Set(service.endpoints.map(({ serviceAccount }) => serviceAccount));
    if (accounts.has('')) return [];
    const { trustDomain } = this.#names;
    return [...accounts]
      .sort()
      .map((account) => `spiffe://${trustDomain}/ns/${service.namespace}/sa/${account}`);
  }
}

/** `outbound|80|v1|host` → `outbound_.80_.v1_.host`. */
function sniOf(cluster: string): string {
  return cluster.replaceAll('|', '_.');
}

const TLS_MODE_LABEL = 'security.istio.io/tlsMode';

/** Whether a proxy with a workload's certificate stands before an endpoint. */
export function offersTls(endpoint: ServiceInfo['endpoints'][number]): boolean {
  return endpoint.offersTls ?? endpoint.labels[TLS_MODE_LABEL] === 'istio';
}

/** null = the policy leaves it to the wider scope. */
function modeOf(policy: PeerAuthentication | undefined, port: number): MtlsMode | null {
  const mode = policy?.ports.get(port) ?? policy?.mode;
  return mode?.value ?? null;
}

/** One filter for each action that some policy has. */
function accessFilters(policies: readonly AuthorizationPolicy[]): FilterConfig[] {
  return ACTIONS.flatMap((action): FilterConfig[] => {
    const concerned = policies.filter((policy) => policy.action === action);
    if (concerned.length === 0) return [];
    const rulesOf = (isDryRun: boolean): RbacRules | null => {
      const chosen = concerned.filter((policy) => policy.isDryRun === isDryRun);
      return chosen.length === 0 ? null : { action, policies: chosen.flatMap(rbacPolicies) };
    };
    const shadowRules = rulesOf(true);
    // istiod takes the action of rules that are not there for ALLOW.
    const shadowAction = shadowRules === null ? 'allow' : action;
    const shadowStatPrefix = shadowAction === 'log' ? '' : `istio_dry_run_${shadowAction}_`;
    return [{ kind: 'rbac', config: { rules: rulesOf(false), shadowRules, shadowStatPrefix } }];
  });
}

/** A policy without rules is one that never matches. */
function rbacPolicies({ meta, rules }: AuthorizationPolicy): RbacPolicy[] {
  const nameOf = (rule: number) => `ns[${meta.namespace}]-policy[${meta.name}]-rule[${rule}]`;
  if (rules.length === 0) return [{ name: nameOf(0), permissions: [NEVER], principals: [NEVER] }];
  return rules.map(({ permissions, principals }, index) => ({
    name: nameOf(index),
    permissions,
    principals,
  }));
}
