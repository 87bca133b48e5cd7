/** A broken law is reported so that one can go on from the report. */
import { describe, expect, it } from 'vitest';
import { readSketch } from '../helpers/scenarios.ts';
import { expectOfAll, findsViolation, LawBroken } from './law.ts';

function reportOf(): string {
  try {
    // Broken by every scenario with a mesh.
    const check = ({ mesh }: { readonly mesh: readonly unknown[] }): string[] =>
      mesh.length > 0 ? ['there is a mesh'] : [];
    expectOfAll('test/laws/law.test.ts', check, { runs: 50, salt: 20 });
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
}

describe('the report of a broken law', () => {
  const report = reportOf();

  it('says what is wrong, with which seed and path, and how to run it again', () => {
    expect(report).toContain('there is a mesh');
    expect(report).toMatch(/seed \d+, path [\d:]+, \d+ shrinks/);
    expect(report).toMatch(/MESHQUAKE_LAWS_SEED=\d+ MESHQUAKE_LAWS_PATH=[\d:]+ /);
    expect(report).toContain('npx vitest run test/laws/law.test.ts');
  });

  it('holds the shrunk scenario as files that can be saved and run', () => {
    const text = report.slice(report.indexOf('# scenario.yaml'), report.indexOf('# mesh.yaml'));
    const scenario = JSON.parse(text.replace('# scenario.yaml', ''));
    expect(Object.keys(scenario.services)).toEqual(['s0']);
    const mesh = [{ apiVersion: 'networking.istio.io/v1', kind: 'DestinationRule' }];
    expect(report).toContain(JSON.stringify(mesh[0]).slice(0, -1));
    const { mesh: _, ...rest } = scenario;
    expect(readSketch({ seed: '1', scenario: rest, mesh: [] }).services).toHaveLength(1);
  });
});

describe('looking for a violation', () => {
  it('tells one from a crash of the check', () => {
    const trial = { runs: 5, salt: 21 };
    expect(findsViolation(() => ['wrong'], trial)).toBe(true);
    expect(findsViolation(() => [], trial)).toBe(false);
    const crash = (): readonly string[] => {
      throw new TypeError('a bug of the test');
    };
    expect(() => findsViolation(crash, trial)).toThrow(TypeError);
    expect(new LawBroken(['one', 'two']).message).toBe('one\ntwo');
  });
});
