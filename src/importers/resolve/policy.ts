/**
 * The effective traffic policy of one service port, or of one subset on it.
 *
 * Blocks replace each other whole; nothing is merged inside a block.
 * Source: config-istio.md §4.3.
 */
import type { DestinationRule, PolicyBlocks, Subset, TrafficPolicy } from '../mesh-resources.ts';
import { withoutAbsent } from '../optional.ts';

const NOTHING: PolicyBlocks = {};

/** @param subset undefined for the whole service */
export function effectivePolicy(
  rule: DestinationRule | undefined,
  port: number,
  subset: Subset | undefined,
): PolicyBlocks {
  const base = onPort(rule?.policy, port);
  if (subset?.policy === undefined) return base?.blocks ?? NOTHING;
  const own = onPort(subset.policy, port);
  if (own === undefined || base === undefined) return own?.blocks ?? NOTHING;
  return overlay(base.blocks, own.blocks, own.isPortLevel);
}

interface PortPolicy {
  readonly blocks: PolicyBlocks;
  readonly isPortLevel: boolean;
}

/** A port's own settings stand in for the whole policy. */
function onPort(policy: TrafficPolicy | undefined, port: number): PortPolicy | undefined {
  if (policy === undefined) return undefined;
  const own = policy.ports.get(port);
  return own === undefined
    ? { blocks: policy, isPortLevel: false }
    : { blocks: own, isPortLevel: true };
}

/** @param resets whether a block that `own` lacks falls back to its default, not to `base` */
function overlay(base: PolicyBlocks, own: PolicyBlocks, resets: boolean): PolicyBlocks {
  const inherited = resets ? NOTHING : base;
  const retryBudget = own.retryBudget ?? base.retryBudget;
  const { loadBalancer, locality } = own.loadBalancer === undefined ? inherited : own;
  const connectionPool = own.connectionPool ?? inherited.connectionPool;
  const outlierDetection = own.outlierDetection ?? inherited.outlierDetection;
  const tls = own.tls ?? inherited.tls;
  return withoutAbsent({
    loadBalancer,
    locality,
    connectionPool,
    outlierDetection,
    retryBudget,
    tls,
  });
}
