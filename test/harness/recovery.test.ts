import { describe, expect, it } from 'vitest';
import { SECOND } from '../../src/core/time.ts';
import { judgeRecovery } from '../../src/harness/recovery.ts';
import type { RecoverySpec } from '../../src/harness/scenario.ts';
import { type FakeRun, fakeMeasurements } from './fake-measurements.ts';

const SPEC: RecoverySpec = { triggers: ['slow'], ratio: 0.95, forNs: 60 * SECOND, withinNs: 0 };
const RUN: FakeRun = {
  durationS: 480,
  succeeded: () => 100,
  faults: [{ id: 'slow', startS: 60, endS: 90 }],
};

/** Nothing succeeds from the trigger's start to this second. */
const downUntil = (endS: number): FakeRun => ({
  ...RUN,
  succeeded: (s) => (s >= 60 && s < endS ? 0 : 100),
});

function judge(run: FakeRun, spec: Partial<RecoverySpec> = {}) {
  return judgeRecovery({ ...SPEC, ...spec }, fakeMeasurements(run));
}

describe('recovery', () => {
  it('is the end of the first window from which the mean is back', () => {
    const { status, summary } = judge(downUntil(120));
    // 57 of 60 seconds suffice: the window may begin 3 s before the recovery.
    expect(status).toBe('recovered');
    expect(summary).toEqual({
      baselineGoodputRps: 100,
      triggerEndS: 90,
      recoveredAtS: 118,
      metastable: false,
    });
  });

  it('may be there when the trigger ends', () => {
    expect(judge(RUN).summary.recoveredAtS).toBe(91);
  });

  it('that never comes is called so', () => {
    const { status, summary } = judge(downUntil(480));
    expect(status).toBe('not-recovered');
    expect(summary).toMatchObject({ recoveredAtS: null, metastable: true });
  });

  it('that takes ten times as long as the trigger was metastable', () => {
    expect(judge(downUntil(392)).summary).toMatchObject({ recoveredAtS: 390, metastable: false });
    expect(judge(downUntil(393)).summary).toMatchObject({ recoveredAtS: 391, metastable: true });
  });

  it('cannot be judged when the run ends too early', () => {
    const short = { ...downUntil(300), durationS: 300 };
    const { status, reason, summary } = judge(short);
    expect(status).toBe('undecided');
    expect(reason).toContain('takes 300 s');
    expect(summary.metastable).toBe(false);
  });

  it('can be judged earlier when the scenario says within which time', () => {
    const short = { ...downUntil(300), durationS: 300 };
    expect(judge(short, { withinNs: 120 * SECOND }).status).toBe('not-recovered');
  });

  it('cannot be judged without anything to compare with', () => {
    const early = { ...RUN, faults: [{ id: 'slow', startS: 0, endS: 30 }] };
    expect(judge(early).status).toBe('undecided');
    expect(judge({ ...RUN, warmUpS: 60 }).status).toBe('undecided');
  });

  it('is not asked for without triggers, or with one that lasts to the end', () => {
    expect(judge({ ...RUN, faults: [] }).status).toBe('none');
    expect(judge(RUN, { triggers: ['other'] }).status).toBe('none');
    const endless = { ...RUN, faults: [{ id: 'slow', startS: 60, endS: 480 }] };
    expect(judge(endless)).toMatchObject({ status: 'none', summary: { triggerEndS: null } });
  });

  it('counts from the end of the last trigger, against the time before the first', () => {
    const twice = {
      ...RUN,
      succeeded: (s: number) => (s < 60 ? 100 : s < 200 ? 50 : 100),
      faults: [
        { id: 'slow', startS: 60, endS: 70 },
        { id: 'slow', startS: 150, endS: 160 },
      ],
    };
    expect(judge(twice).summary).toMatchObject({ baselineGoodputRps: 100, triggerEndS: 160 });
  });
});
