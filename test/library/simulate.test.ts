import { describe, expect, it } from 'vitest';
import { InputError, simulate, UsageError } from '../../src/index.ts';
import { folderWith, TWO_VARIANTS } from '../cli/cli-under-test.ts';

const DEFINITION = {
  meshquake: 1,
  duration: '5s',
  services: { store: { instances: 2, serviceTime: { constant: '2ms' } } },
  clients: { users: { to: 'store', open: { constant: '50rps' } } },
} as const;

describe('simulate', () => {
  it('runs a scenario that is an object', () => {
    const summary = simulate(DEFINITION);
    expect(summary).toMatchObject({ verdict: 'pass', seed: '1', run: { virtualS: 5 } });
    expect(summary.clients[0]?.succeeded).toBeGreaterThan(240);
  });

  it('runs a scenario file, a variant of it, with changes', () => {
    const cwd = folderWith({ 's/scenario.yaml': TWO_VARIANTS });
    const set = { 'clients.shoppers.open.constant': '5rps' };
    const summary = simulate('s', { cwd, seed: 7, variant: 'wrong', set });
    expect(summary).toMatchObject({ seed: '7', scenario: { name: 's', variant: 'wrong' } });
    expect(summary.clients[0]?.offered).toBeLessThan(40);
  });

  it('takes policy as objects', () => {
    const rule = (timeout: string) => ({
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'store' },
      spec: { hosts: ['store'], http: [{ timeout, route: [{ destination: { host: 'store' } }] }] },
    });
    expect(simulate(DEFINITION, { mesh: [rule('1s')] }).clients[0]?.successRatio).toBe(1);
    expect(simulate(DEFINITION, { mesh: [rule('1ms')] }).clients[0]?.byCode).toEqual({
      504: expect.any(Number),
    });
    expect(() => simulate(DEFINITION, { mesh: [rule('1s'), rule('soon')] })).toThrow('soon');
  });

  it('gives the same digest for the same seed, another for another', () => {
    const digest = (seed: number) => simulate(DEFINITION, { seed }).digest;
    expect(digest(1)).toBe(digest(1));
    expect(digest(2)).not.toBe(digest(1));
  });

  it('throws positioned diagnostics for a scenario that is wrong', () => {
    const wrong = { ...DEFINITION, duration: '5' };
    expect(() => simulate(wrong)).toThrow(InputError);
    expect(() => simulate(wrong)).toThrow('duration: "5" has no unit');
    expect(() => simulate('nowhere', { cwd: folderWith({}) })).toThrow('no such file or folder');
    expect(() => simulate(DEFINITION, { variant: 'x' })).toThrow(UsageError);
  });
});
