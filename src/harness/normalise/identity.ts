/**
 * The virtual PKI, with Istio's defaults for what the scenario leaves unsaid.
 * Source: scenario.md §2.5; config-istio.md §15.
 */
import type { DistributionSpec } from '../../core/distributions.ts';
import type { Ns } from '../../core/time.ts';
import { HOUR, MINUTE } from '../../core/time.ts';
import type { IdentityInput } from '../schema/identity.ts';

const DAY: Ns = 24 * HOUR;

export interface AuthorityLife {
  readonly lifetimeNs: Ns;
  readonly ageNs: Ns;
}

/** See `sim/world-spec.ts`; a law instead of a sampler. */
export interface IdentityPlan {
  readonly root: AuthorityLife;
  readonly intermediate: AuthorityLife | null;
  readonly leaf: {
    readonly lifetimeNs: Ns;
    /** null = uniform until the first renewal. */
    readonly age: DistributionSpec | null;
    readonly renewAt: number;
    readonly jitter: number;
    readonly backdateNs: Ns;
  };
  /** By service or client; `issuer`. */
  readonly clockOffsetsNs: Readonly<Record<string, Ns>>;
}

/** What `clockOffset` calls the issuer of certificates. */
export const ISSUER = 'issuer';

/** Self-signed: ten years. An intermediate of your own: one year. */
const ROOT_LIFETIME_NS: Ns = 3650 * DAY;
const INTERMEDIATE_LIFETIME_NS: Ns = 365 * DAY;

export function normaliseIdentity(input: IdentityInput): IdentityPlan {
  const { root, intermediate, leaf } = input;
  return {
    root: { lifetimeNs: root?.lifetime ?? ROOT_LIFETIME_NS, ageNs: root?.age ?? 0 },
    intermediate:
      intermediate === undefined
        ? null
        : {
            lifetimeNs: intermediate.lifetime ?? INTERMEDIATE_LIFETIME_NS,
            ageNs: intermediate.age ?? 0,
          },
    leaf: {
      lifetimeNs: leaf?.lifetime ?? DAY,
      age: leaf?.age ?? null,
      renewAt: leaf?.renewAt ?? 0.5,
      jitter: leaf?.jitter ?? 0.01,
      backdateNs: leaf?.backdate ?? 2 * MINUTE,
    },
    clockOffsetsNs: input.clockOffset ?? {},
  };
}

export const DEFAULT_IDENTITY: IdentityPlan = normaliseIdentity({});
