import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  expectInvariants,
  experiments,
  InvariantBroken,
  meshProperty,
  noRequestLost,
  successAtLeast,
} from '../../src/fast-check/index.ts';
import type { FaultKind } from '../../src/faults/fault.ts';
import { NET_LATENCY } from '../../src/faults/net-latency.ts';
import { PROC_SLOW } from '../../src/faults/proc-slow.ts';
import { Answers } from '../../src/sim/answers.ts';
import { cli, folderWith } from '../cli/cli-under-test.ts';
import { replace } from '../helpers/patch.ts';

/** Either of two stores is enough for the shop. */
const SHOP = `meshquake: 1
duration: 8s
mesh: [mesh/]
services:
  left: { serviceTime: 2ms }
  right: { serviceTime: 2ms }
  shop: { calls: [{ parallel: [left, right], wait: any }] }
clients:
  users: { to: shop, open: { constant: 20rps } }
`;
const NO_RETRIES = ['left', 'right', 'shop']
  .map(
    (host) => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${host} }
spec: { hosts: [${host}], http: [{ retries: { attempts: 0 }, route: [{ destination: { host: ${host} } }] }] }
`,
  )
  .join('---\n');

describe('a counterexample', () => {
  it('names scenario, seed, path, files and the command, and the command shows it again', async () => {
    const cwd = folderWith({ 'shop/scenario.yaml': SHOP, 'shop/mesh/none.yaml': NO_RETRIES });
    const out = join(cwd, 'found');
    const faults = { kinds: ['proc.crash'], services: ['left', 'right'] };
    const mine = experiments({ scenario: 'shop', cwd, faults });
    const property = meshProperty(mine, [successAtLeast(0.99)], { out });
    const details = fc.check(property, { seed: 20260101, numRuns: 200 });
    const error = details.errorInstance as InvariantBroken;
    expect(error).toBeInstanceOf(InvariantBroken);

    // One crash is survived: it takes one on each side.
    const [found] = details.counterexample ?? [];
    const targets = (found?.scenario.faults ?? []).map(
      (fault) => (fault as { target: { service: string } }).target.service,
    );
    expect(targets.sort()).toEqual(['left', 'right']);

    expect(error.invariants).toEqual(['at least 99 % of the requests succeed']);
    expect(error.message).toContain('clients["users"].successRatio = 0.');
    expect(error.message).toContain(readFileSync(error.file, 'utf8').split('\n')[0]);
    const [, folder = '', seed = ''] =
      /^reproduce: npx meshquake run (\S+) --seed (\d+)$/m.exec(error.message) ?? [];
    expect(error.file).toBe(join(folder, 'scenario.yaml'));
    const report = fc.defaultReportMessage(details) ?? '';
    expect(report).toMatch(/seed: -?\d+, path: "[\d:]+"/);
    expect(report).toMatch(/3 services, 1 policy entry, 2 faults .*, seed \d+/);
    const again = { seed: details.seed, path: details.counterexamplePath ?? '' };
    expect(() => fc.assert(property, again)).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ message: error.message }) }),
    );

    const { exitCode, stdout } = await cli(['run', folder, '--seed', seed, '--json'], cwd);
    expect(exitCode).toBe(1);
    const digest = /digest (\w+)/.exec(error.message)?.[1];
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'fail', digest });
  });

  it('brings generated policy along, in a file of its own', () => {
    const out = folderWith({});
    const resource = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 's0' },
      spec: { hosts: ['s0'], http: [{ timeout: '1ms', route: [{ destination: { host: 's0' } }] }] },
    };
    const [slow] = fc.sample(experiments({ mesh: [resource], faults: { max: 0 } }), {
      numRuns: 1,
      seed: 1,
    });
    if (slow === undefined) throw new Error('nothing was drawn');
    expect(() => expectInvariants(slow, [successAtLeast(1)], { out })).toThrow('timeout: 1ms');
  });
});

describe('a bug that takes two faults', () => {
  const kinds = ['net.latency', 'net.partition', 'proc.slow', 'proc.crash', 'load.spike'];
  const small = experiments({ faults: { kinds }, duration: '20s', maxServices: 3 });
  const property = () => meshProperty(small, [noRequestLost()], { out: folderWith({}) });

  it('is found within 200 runs and shrinks to these two', () => {
    const bug = plantBug(PROC_SLOW, NET_LATENCY);
    try {
      const planted = property().beforeEach(bug.reset);
      const details = fc.check(planted, { seed: 20260101, numRuns: 200 });
      expect(details.errorInstance).toBeInstanceOf(InvariantBroken);
      expect(details.failed).toBe(true);
      expect(details.numRuns).toBeLessThanOrEqual(200);
      const [found] = details.counterexample ?? [];
      const struck = (found?.scenario.faults ?? []).map((fault) => (fault as FaultKind).kind);
      expect(struck.sort()).toEqual(['net.latency', 'proc.slow']);
      expect(Object.keys(found?.scenario.services ?? {})).toHaveLength(1);
      expect(found?.mesh).toEqual([]);
    } finally {
      bug.remove();
    }
  });

  it('is what the invariant fails of: without it the same experiments pass', () => {
    expect(fc.check(property(), { seed: 20260101, numRuns: 40 }).failed).toBe(false);
  });
});

/** While faults of both kinds are active, every third answer of a proxy gets lost. */
function plantBug(...kinds: readonly FaultKind[]) {
  const active = new Map(kinds.map(({ kind }) => [kind, 0]));
  const add = (kind: string, change: number) => active.set(kind, (active.get(kind) ?? 0) + change);
  const undo = kinds.map((kind) =>
    replace(kind, 'apply', (original) => (...args) => {
      const fault = original(...args);
      add(kind.kind, 1);
      const revert = () => {
        add(kind.kind, -1);
        fault.revert();
      };
      return { ...fault, revert };
    }),
  );
  let answers = 0;
  undo.push(
    replace(Answers.prototype, 'head', (original) => (...args) => {
      const isStruck = [...active.values()].every((count) => count > 0);
      if (isStruck && ++answers % 3 === 0) return;
      original(...args);
    }),
  );
  return {
    /** A run that the bug ends leaves its faults active. */
    reset: () => {
      for (const { kind } of kinds) active.set(kind, 0);
    },
    remove: () => {
      for (const step of undo) step();
    },
  };
}
