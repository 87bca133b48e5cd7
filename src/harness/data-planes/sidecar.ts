/**
 * Sidecars: every request passes the caller's proxy and the server's proxy.
 */
import type { DataPlane } from './data-plane.ts';

export const sidecar: DataPlane = {
  kind: 'sidecar',
  hasInbound: true,
  policyOf: () => (config) => config,
  limits: [],
};
