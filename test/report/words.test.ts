import { describe, expect, test } from 'vitest';
import {
  declarationWords,
  flagMeaning,
  shortObserved,
  verdictReasons,
  verdictTitle,
  verdictTone,
} from '../../src/report/words.ts';
import { BUDGET, STORM, stormRun } from './fixture.ts';

describe('verdictReasons', () => {
  test('a run that did not recover is told with its numbers', () => {
    const [recovery, expectations] = verdictReasons(stormRun(STORM));
    expect(recovery).toBe(
      'The trigger ended at 1m30s, yet goodput was still 10.8 rps (3 %) at the end of the run, ' +
        'against 359 rps before. The failure sustains itself (metastable).',
    );
    expect(expectations).toBe('2 of 4 expectations did not hold.');
  });

  test('a run that recovered says when', () => {
    expect(verdictReasons(stormRun(BUDGET))).toEqual([
      'The trigger ended at 1m30s; goodput was back at 359 rps 14s later.',
      'All 4 expectations held.',
    ]);
  });

  test('a fault without strikes is named, because nothing was tested', () => {
    const run = stormRun(BUDGET);
    const faults = run.summary.faults.map((fault) => ({ ...fault, strikes: 0 }));
    const reasons = verdictReasons({ ...run, summary: { ...run.summary, faults } });
    expect(reasons.at(-1)).toBe('“slow” struck nothing.');
  });

  test('expectations with too few samples are not counted as held', () => {
    const run = stormRun(BUDGET);
    const expectations = run.summary.expect.map((item) => ({ ...item, ok: null }));
    const reasons = verdictReasons({ ...run, summary: { ...run.summary, expect: expectations } });
    expect(reasons[1]).toBe('4 of 4 expectations had too few samples.');
  });
});

describe('declarationWords', () => {
  test('say whether the verdict is the declared one', () => {
    expect(declarationWords(stormRun(STORM))).toBe('as the scenario declares');
    expect(declarationWords(stormRun({ ...STORM, declared: 'pass' }))).toBe(
      'the scenario declares: passed',
    );
    expect(declarationWords(stormRun({ ...STORM, declared: null }))).toBe('');
  });

  test('a declared verdict with a broken expectation of the variant is not as declared', () => {
    const run = { ...stormRun(STORM), asDeclared: false };
    expect(declarationWords(run)).toContain('an expectation of the variant failed');
  });
});

test('every verdict has a title and a tone; unknown ones stay as they are', () => {
  expect(verdictTitle('not-recovered')).toBe('Did not recover');
  expect(verdictTone('pass')).toBe('good');
  expect(verdictTone('inconclusive')).toBe('unsure');
  expect(verdictTitle('something-new')).toBe('something-new');
});

test('response flags have a meaning in words', () => {
  expect(flagMeaning('UO')).toContain('circuit breakers');
  expect(flagMeaning('??')).toBe('');
});

test('a single observed figure stands without its name', () => {
  const item = { text: 'clients.a.failed < 3', ok: false, windowS: [0, 1] } as const;
  expect(shortObserved({ ...item, observed: 'clients.a.failed = 4' })).toBe('4');
  expect(shortObserved({ ...item, observed: 'at 5–10 s: clients.a.failed = 4' })).toBe(
    'at 5–10 s: 4',
  );
  const two = 'clients.a.failed = 4, clients.a.offered = 9';
  expect(shortObserved({ ...item, observed: two })).toBe(two);
});
