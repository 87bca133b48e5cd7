import { describe, expect, it } from 'vitest';
import type { ExpectationResult } from '../../src/harness/expectations.ts';
import type { RecoveryJudgement } from '../../src/harness/recovery.ts';
import type { Expectation, Verdict } from '../../src/harness/scenario.ts';
import { type Evidence, judgeRun, judgeSeeds } from '../../src/harness/verdict.ts';
import { fakeMeasurements } from './fake-measurements.ts';
import { SMALL, scenarioOf } from './scenario-texts.ts';

const [FAULT] = scenarioOf(`${SMALL}faults:
  - { id: slow, kind: proc.slow, target: { service: payments }, window: { at: 30s }, factor: 8 }
`).faults;

function expectation(parts: Partial<Expectation> = {}): Expectation {
  return {
    mode: 'that',
    expression: 'x',
    during: null,
    everyNs: 5e9,
    withinNs: 0,
    after: null,
    forNs: 0,
    isVariantsOwn: false,
    runs: [1, 1],
    text: 'x',
    position: { file: 'a', line: 1, column: 1 },
    ...parts,
  };
}

function result(
  ok: boolean | null,
  parts: Partial<Expectation> = {},
  isBeforeTrigger = false,
): ExpectationResult {
  const summary = { text: 'x', ok, observed: 'x = 1', windowS: [0, 1] as const };
  return { expectation: expectation(parts), summary, isBeforeTrigger };
}

function recovery(status: RecoveryJudgement['status']): RecoveryJudgement {
  const summary = {
    baselineGoodputRps: 100,
    triggerEndS: 40,
    recoveredAtS: null,
    metastable: false,
  };
  return { summary, status, reason: 'too short', firstTriggerNs: 30e9 };
}

function evidence(parts: Partial<Evidence> = {}): Evidence {
  return {
    expectations: [result(true)],
    thresholds: [],
    recovery: recovery('recovered'),
    faults: [],
    faultWindows: [],
    isOneOfMany: false,
    ...parts,
  };
}

const IDLE = fakeMeasurements({
  durationS: 60,
  succeeded: () => 1,
  faults: [{ id: 'slow', startS: 30, endS: 40, strikes: 0 }],
}).faultWindows;

describe('the verdict of a run', () => {
  it.each<[string, Partial<Evidence>, Verdict, number]>([
    ['everything held', {}, 'pass', 0],
    ['an expectation did not hold', { expectations: [result(false)] }, 'fail', 1],
    ['an expectation had no samples', { expectations: [result(null)] }, 'inconclusive', 2],
    ['a threshold did not hold', { thresholds: [result(false)] }, 'thresholds-crossed', 99],
    ['no recovery', { recovery: recovery('not-recovered') }, 'not-recovered', 4],
    ['recovery cannot be judged', { recovery: recovery('undecided') }, 'inconclusive', 2],
    ['a fault struck nothing', { faults: [FAULT as never], faultWindows: IDLE }, 'inconclusive', 2],
    ['a fault did not happen', { faults: [FAULT as never] }, 'inconclusive', 2],
    [
      'a failure before the trigger, and no recovery',
      { expectations: [result(false, {}, true)], recovery: recovery('not-recovered') },
      'fail',
      1,
    ],
    [
      'no recovery, and a failure after the trigger',
      { expectations: [result(false)], recovery: recovery('not-recovered') },
      'not-recovered',
      4,
    ],
    [
      'a failure and a threshold',
      { expectations: [result(false)], thresholds: [result(false)] },
      'fail',
      1,
    ],
    [
      'a threshold and a doubt',
      { expectations: [result(null)], thresholds: [result(false)] },
      'thresholds-crossed',
      99,
    ],
    [
      'a failure and a doubt',
      { expectations: [result(null), result(false)], recovery: recovery('undecided') },
      'fail',
      1,
    ],
  ])('with %s', (_what, parts, verdict, exitCode) => {
    const judged = judgeRun(evidence(parts));
    expect(judged).toMatchObject({ verdict, exitCode });
    expect(judged.reasons.length > 0).toBe(verdict !== 'pass');
  });

  it('does not mind a fault that may strike nothing', () => {
    const faults = [{ ...(FAULT as object), optional: true } as never];
    expect(judgeRun(evidence({ faults, faultWindows: IDLE })).verdict).toBe('pass');
  });

  it('leaves shares of runs to many runs', () => {
    const share = [result(false, { runs: [0.9, 1] })];
    expect(judgeRun(evidence({ expectations: share, isOneOfMany: true })).verdict).toBe('pass');
    expect(judgeRun(evidence({ expectations: share })).verdict).toBe('inconclusive');
    const sometimes = [result(true, { mode: 'sometimes', runs: [0, 1] })];
    expect(judgeRun(evidence({ expectations: sometimes })).verdict).toBe('pass');
  });
});

describe('the verdict over several seeds', () => {
  const runs = (...verdicts: readonly Verdict[]) =>
    verdicts.map((verdict, index) => ({ seed: String(index + 1), verdict, expect: [] }));

  it.each<[readonly Verdict[], Verdict]>([
    [['pass', 'pass'], 'pass'],
    [['pass', 'inconclusive'], 'inconclusive'],
    [['inconclusive', 'thresholds-crossed'], 'thresholds-crossed'],
    [['thresholds-crossed', 'not-recovered'], 'not-recovered'],
    [['not-recovered', 'fail'], 'fail'],
    [['fail', 'aborted'], 'aborted'],
    [['aborted', 'nondeterministic'], 'nondeterministic'],
  ])('%s together are %s', (verdicts, verdict) => {
    expect(judgeSeeds(runs(...verdicts), []).verdict).toBe(verdict);
    expect(judgeSeeds(runs(...[...verdicts].reverse()), []).verdict).toBe(verdict);
  });

  const seeds = (held: number, of: number) =>
    Array.from({ length: of }, (_, index) => ({
      seed: String(index),
      verdict: 'pass' as const,
      expect: [{ ok: index < held }],
    }));

  it.each<[string, Partial<Expectation>, number, Verdict]>([
    ['90% held in 9 of 10', { runs: [0.9, 1] }, 9, 'pass'],
    ['90% held in 8 of 10', { runs: [0.9, 1] }, 8, 'fail'],
    ['20% to 80% held in 5 of 10', { runs: [0.2, 0.8] }, 5, 'pass'],
    ['20% to 80% held in 9 of 10', { runs: [0.2, 0.8] }, 9, 'fail'],
    ['sometimes held in 1 of 10', { mode: 'sometimes', runs: [0, 1] }, 1, 'pass'],
    ['sometimes held in 0 of 10', { mode: 'sometimes', runs: [0, 1] }, 0, 'fail'],
  ])('%s', (_what, parts, held, verdict) => {
    expect(judgeSeeds(seeds(held, 10), [expectation(parts)]).verdict).toBe(verdict);
  });
});
