import { describe, expect, it } from 'vitest';
import { gateOf } from '../../../src/mesh/cluster/cluster-gate.ts';
import { envoyCluster } from '../../../src/mesh/config/complete.ts';
import { anEndpoint } from '../../helpers/hosts.ts';

function gate(maintenancePercent?: number, dropMillionths?: number) {
  const maintenance = maintenancePercent === undefined ? {} : { maintenancePercent };
  const drop = dropMillionths === undefined ? {} : { dropMillionths };
  const members = [anEndpoint(1, drop), anEndpoint(2)];
  return gateOf(envoyCluster(maintenance), { version: 1, members });
}

describe('the gate of a cluster', () => {
  it('is none where nobody is refused', () => {
    expect([gate(), gate(0, 0), gate(-1), gate(0)]).toEqual([null, null, null, null]);
    expect(gateOf(envoyCluster(), { version: 1, members: [] })).toBeNull();
  });

  it('refuses the shares of maintenance and of drops', () => {
    expect(gate(10)).toEqual({ maintenancePercent: 10, dropMillionths: 0 });
    expect(gate(undefined, 1)).toEqual({ maintenancePercent: 0, dropMillionths: 1 });
    expect(gate(100, 250_000)).toEqual({ maintenancePercent: 100, dropMillionths: 250_000 });
  });
});
