/**
 * What mesh files say about mTLS and access, read and checked. Part of `mesh-resources.ts`.
 *
 * Source: config-istio.md §5.9, 9, 10.
 */
import type { SourcePosition } from '../core/diagnostics.ts';
import type { MtlsMode, RbacCondition, RbacRules } from '../mesh/config/security.ts';
import type { Labels, ObjectMeta } from './mesh-resources.ts';
import type { Placed } from './message.ts';

export interface PeerAuthentication {
  readonly meta: ObjectMeta;
  /** null = the whole namespace, or in the root namespace the mesh. Never empty. */
  readonly selector: Labels | null;
  /** null = what the wider scope says. */
  readonly mode: Placed<MtlsMode> | null;
  /** By the workload's port; null = the policy's own mode. */
  readonly ports: ReadonlyMap<number, Placed<MtlsMode> | null>;
}

export interface AuthorizationPolicy {
  readonly meta: ObjectMeta;
  /** Empty = all workloads of the namespace, or in the root namespace of the mesh. */
  readonly selector: Labels;
  readonly action: RbacRules['action'];
  /** Evaluated and counted only. */
  readonly isDryRun: boolean;
  /** Empty = matches nothing. */
  readonly rules: readonly AccessRule[];
}

/** Matches when any permission and any principal do, as one policy of Envoy's RBAC. */
export interface AccessRule {
  readonly at: SourcePosition;
  readonly permissions: readonly RbacCondition[];
  readonly principals: readonly RbacCondition[];
}

/** `trafficPolicy.tls` of a DestinationRule. */
export interface UpstreamTls {
  readonly at: SourcePosition;
  readonly mode: 'disable' | 'istio-mutual';
  /** Who the server may be; empty = the service's own accounts. */
  readonly subjectAltNames: readonly string[];
  /** '' = the cluster's name. */
  readonly serverName: string;
}
