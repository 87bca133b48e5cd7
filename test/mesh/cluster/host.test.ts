import { describe, expect, it, test } from 'vitest';
import type { Endpoint } from '../../../src/core/engine.ts';
import { Host } from '../../../src/mesh/cluster/host.ts';
import { anEndpoint } from '../../helpers/hosts.ts';

type Flags = Partial<
  Pick<
    Host,
    | 'isEjected'
    | 'isShut'
    | 'failsChecks'
    | 'isMarkedDegraded'
    | 'isDegradedByAnswers'
    | 'isExcludedByCheck'
    | 'isUnchecked'
  >
>;

function host(flags: Flags, health: Endpoint['health'] = 'healthy'): Host {
  return Object.assign(new Host(anEndpoint(1, { health }), 0), flags);
}

describe('a host', () => {
  test.each<[Endpoint['health'], Flags, 'healthy' | 'degraded' | 'neither']>([
    ['healthy', {}, 'healthy'],
    ['healthy', { isEjected: true }, 'neither'],
    ['healthy', { isShut: true }, 'neither'],
    ['healthy', { failsChecks: true }, 'neither'],
    ['healthy', { isMarkedDegraded: true }, 'degraded'],
    ['healthy', { isDegradedByAnswers: true }, 'degraded'],
    ['healthy', { isDegradedByAnswers: true, isEjected: true }, 'neither'],
    ['healthy', { isMarkedDegraded: true, isShut: true }, 'neither'],
    ['degraded', {}, 'degraded'],
    ['degraded', { failsChecks: true }, 'neither'],
    ['degraded', { isEjected: true }, 'neither'],
    ['unhealthy', {}, 'neither'],
    ['unhealthy', { isMarkedDegraded: true }, 'neither'],
    ['draining', { isDegradedByAnswers: true }, 'neither'],
  ])('that is %s with %j is %s', (health, flags, expected) => {
    const { isHealthy, isDegraded } = host(flags, health);
    expect([isHealthy, isDegraded]).toEqual([expected === 'healthy', expected === 'degraded']);
  });

  it('is left out of denominators while it drains, is unchecked, or a check says so', () => {
    expect(host({}).isExcluded).toBe(false);
    expect(host({}, 'draining').isExcluded).toBe(true);
    expect(host({}, 'unhealthy').isExcluded).toBe(false);
    expect(host({ isUnchecked: true }).isExcluded).toBe(true);
    expect(host({ isExcludedByCheck: true }).isExcluded).toBe(true);
  });

  it('needs sweeps while something is to be ended or forgotten', () => {
    const backedOff = host({});
    backedOff.ejectionBackoff = 1;
    const needs = [host({}), host({ isEjected: true }), host({ isDegradedByAnswers: true })];
    expect([...needs, backedOff].map((one) => one.needsSweep)).toEqual([false, true, true, true]);
  });
});
