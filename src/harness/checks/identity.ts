/** Certificates and clocks: names that must exist, and faults that need certificates to strike. */
import { ISSUER } from '../normalise/identity.ts';
import type { CheckContext } from './check-context.ts';

export function checkIdentity(context: CheckContext): void {
  const { identity, faults } = context.input;
  for (const name of Object.keys(identity?.clockOffset ?? {})) {
    const known = [ISSUER, ...context.serviceNames, ...context.clientNames];
    context.knownName(['identity', 'clockOffset', name], 'service or client', name, known);
  }
  const plane = context.input.dataPlane;
  const kind = typeof plane === 'string' ? plane : plane?.kind;
  if (identity !== undefined && kind === 'none') {
    context.error('MQ-SCENARIO-016', ['identity'], 'has no effect without proxies', {
      fix: 'remove it, or write "dataPlane: sidecar"',
    });
  }
  for (const [index, fault] of (faults ?? []).entries()) {
    const needsThem = fault.kind.startsWith('id.') || fault.kind === 'clock.skew';
    if (!needsThem || identity !== undefined) continue;
    context.warning('MQ-SCENARIO-017', ['faults', index, 'kind'], 'needs certificates to strike', {
      fix: 'add "identity: {}"; without it they are only there where mesh files ask for mTLS',
    });
  }
}
