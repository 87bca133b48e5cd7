import { describe, expect, it } from 'vitest';
import { SECOND } from '../../src/core/time.ts';
import { cutPoints, judgeExpectations } from '../../src/harness/expectations.ts';
import { judgeRecovery } from '../../src/harness/recovery.ts';
import type { Scenario } from '../../src/harness/scenario.ts';
import { type FakeRun, fakeMeasurements } from './fake-measurements.ts';
import { readText, SMALL, scenarioOf } from './scenario-texts.ts';

const SLOW = `faults:
  - { id: slow, kind: proc.slow, target: { service: payments }, window: { at: 30s, duration: 10s }, factor: 8 }
`;

/** The small scenario with a fault from 30 s to 40 s and these expectations (YAML list items). */
function scenarioWith(...items: readonly string[]): Scenario {
  return scenarioOf(`${SMALL}${SLOW}expect:\n${items.map((item) => `  - ${item}\n`).join('')}`);
}

const STEADY: FakeRun = {
  durationS: 120,
  succeeded: () => 100,
  faults: [{ id: 'slow', startS: 30, endS: 40 }],
};
/** Nothing succeeds from 30 s to 50 s. */
const DIP: FakeRun = {
  ...STEADY,
  succeeded: (s) => (s >= 30 && s < 50 ? 0 : 100),
  failed: (s) => (s >= 30 && s < 50 ? 100 : 0),
};
/** As before, and once more at 100 s. */
const RELAPSE: FakeRun = {
  ...DIP,
  failed: (s) => (s === 100 ? 900 : s >= 30 && s < 50 ? 100 : 0),
};

function judge(run: FakeRun, ...items: readonly string[]) {
  const scenario = scenarioWith(...items);
  const measurements = fakeMeasurements(run);
  const recovery = judgeRecovery(scenario.recovery, measurements);
  return judgeExpectations(scenario.expect, scenario, measurements, recovery);
}

function judgeOne(run: FakeRun, item: string) {
  const [result] = judge(run, item);
  if (result === undefined) throw new Error('no result');
  return result.summary;
}

describe('an expectation over one window', () => {
  it('shows what it looked at', () => {
    expect(judgeOne(DIP, 'clients.shoppers.successRatio >= 0.99')).toEqual({
      text: 'clients.shoppers.successRatio >= 0.99',
      ok: false,
      observed: 'clients.shoppers.successRatio = 0.833333',
      windowS: [0, 120],
    });
  });

  it.each([
    ['clients.shoppers.successRatio > 0.8', true],
    ['clients.shoppers.succeeded == 10000 && clients.shoppers.failed == 2000', true],
    ['2 * clients.shoppers.failed < clients.shoppers.succeeded', true],
    ['abs(clients.shoppers.successRatio - 0.833) < 0.01', true],
    ['min(clients.shoppers.failed, 7) == 7', true],
    [`'edges["orders->payments"].amplification < 1.2'`, true],
    ['clients.shoppers.byCode["503"] == 2000', true],
    ['clients.shoppers.byCode["404"] == 0', true],
    ['clients.shoppers.byFlag.UO == 0', true],
    ['size(ejections) == 0', true],
    ['ejections.exists(e, e.endpoint == "x")', false],
    ['faults.slow.strikes == 1 && faults.slow.startS == 30', true],
    ['services.payments.served == 0', true],
    ['recovery.triggerEndS == 40', true],
    ['baseline.clients.shoppers.successRatio == 1', true],
    ['clients.shoppers.goodputRps < baseline.clients.shoppers.goodputRps', true],
  ])('%s', (item, ok) => {
    expect(judgeOne(DIP, item).ok).toBe(ok);
  });

  it.each([
    ['[0s, slow.start]', [0, 30], true],
    ['slow', [30, 40], false],
    ['[slow.end + 10s, end]', [50, 120], true],
    ['[slow.end - 5s, 60s]', [35, 60], false],
  ])('during %s', (during, windowS, ok) => {
    const item = `{ that: clients.shoppers.successRatio >= 0.99, during: ${during} }`;
    expect(judgeOne(DIP, item)).toMatchObject({ ok, windowS });
  });

  it('begins after the warm-up', () => {
    expect(judgeOne({ ...DIP, warmUpS: 20 }, 'clients.shoppers.failed > 0').windowS).toEqual([
      20, 120,
    ]);
  });

  it('is inconclusive without samples, and says so', () => {
    const idle = { ...STEADY, succeeded: () => 0 };
    expect(judgeOne(idle, 'clients.shoppers.successRatio >= 0.99')).toMatchObject({
      ok: null,
      observed: 'clients.shoppers.successRatio: no samples',
    });
    expect(judgeOne(idle, 'clients.shoppers.failed == 0').ok).toBe(true);
  });

  it('is inconclusive about a quantile that its samples cannot carry', () => {
    const thin = { ...STEADY, succeeded: (s: number) => (s < 50 ? 1 : 0) };
    const p99 = judgeOne(thin, 'clients.shoppers.latencyMs.p99 < 100');
    expect(p99.ok).toBeNull();
    expect(p99.observed).toContain('at least 100 are needed');
    expect(judgeOne(thin, 'clients.shoppers.latencyMs.p90 < 100').ok).toBe(true);
  });

  it('is inconclusive when the fault it hangs on did not happen', () => {
    const calm = { ...STEADY, faults: [] };
    const item = '{ that: clients.shoppers.failed == 0, during: slow }';
    expect(judgeOne(calm, item)).toMatchObject({ ok: null, observed: 'the fault did not happen' });
  });

  it('knows the window before this one', () => {
    const item = (from: string) =>
      `{ that: clients.shoppers.failed > previous.clients.shoppers.failed, during: [${from}, 50s] }`;
    expect(judgeOne(DIP, item('30s')).ok).toBe(true);
    expect(judgeOne(DIP, item('10s')).ok).toBeNull(); // the one before would begin before the run
  });
});

describe('always and eventually', () => {
  it('look at windows of five seconds', () => {
    const item = '{ always: clients.shoppers.successRatio >= 0.99 }';
    expect(judgeOne(DIP, item)).toMatchObject({
      ok: false,
      observed: 'at 30–35 s: clients.shoppers.successRatio = 0',
      windowS: [30, 35],
    });
    expect(judgeOne(STEADY, item)).toMatchObject({ ok: true, windowS: [0, 120] });
  });

  it('take the length of their windows from "every"', () => {
    const item = (every: string) =>
      `{ always: clients.shoppers.successRatio >= 0.6, every: ${every} }`;
    expect(judgeOne(DIP, item('60s')).ok).toBe(true);
    expect(judgeOne(DIP, item('30s')).ok).toBe(false);
  });

  it('need one window only for "eventually"', () => {
    expect(judgeOne(DIP, '{ eventually: clients.shoppers.failed == 500 }').ok).toBe(true);
    expect(judgeOne(STEADY, '{ eventually: clients.shoppers.failed > 0 }').ok).toBe(false);
  });

  it('cannot hold always where a window has no samples', () => {
    const gap = { ...STEADY, succeeded: (s: number) => (s >= 60 && s < 70 ? 0 : 100) };
    expect(judgeOne(gap, '{ always: clients.shoppers.successRatio == 1 }').ok).toBeNull();
    expect(judgeOne(gap, '{ eventually: clients.shoppers.successRatio == 1 }').ok).toBe(true);
  });
});

describe('within a time after a fault', () => {
  const item = (more: string) =>
    `{ that: clients.shoppers.successRatio >= 0.99, after: slow, ${more} }`;

  it('must become true in time', () => {
    expect(judgeOne(DIP, item('within: 15s'))).toMatchObject({ ok: true, windowS: [40, 120] });
    expect(judgeOne(DIP, item('within: 10s')).ok).toBe(false);
  });

  it('must stay so to the end', () => {
    const result = judgeOne(RELAPSE, item('within: 30s'));
    expect(result.ok).toBe(false);
    expect(result.observed).toContain('at 100–105 s');
  });

  it('need stay so only as long as "for" says', () => {
    expect(judgeOne(RELAPSE, item('within: 30s, for: 20s')).ok).toBe(true);
    expect(judgeOne(RELAPSE, item('within: 15s, for: 60s')).ok).toBe(false);
  });

  it('ends at the next fault', () => {
    const again = {
      ...DIP,
      succeeded: (s: number) => (s >= 80 ? 0 : 100),
      failed: (s: number) => (s >= 80 ? 100 : 0),
      faults: [...(DIP.faults ?? []), { id: 'other', startS: 80, endS: 90 }],
    };
    expect(judgeOne(again, item('within: 20s'))).toMatchObject({ ok: true, windowS: [40, 80] });
  });

  it('is inconclusive when the run ends first', () => {
    const short = { ...DIP, durationS: 50 };
    expect(judgeOne(short, item('within: 30s')).ok).toBeNull();
  });
});

describe('the names in expressions', () => {
  it.each([
    [
      'clients.shopers.failed == 0',
      '11:13 MQ-SCENARIO-007 unknown client "shopers"; did you mean "shoppers"?',
    ],
    [
      'clients.shoppers.sucessRatio > 0.9',
      '11:22 MQ-SCENARIO-007 unknown field "sucessRatio" in clients.shoppers; did you mean "successRatio"?',
    ],
    [
      `'edges["order->payments"].retries == 0'`,
      '11:12 MQ-SCENARIO-007 unknown edge "order->payments"; did you mean "orders->payments"?',
    ],
    [
      'servces.payments.served > 0',
      '11:5 MQ-SCENARIO-007 unknown name "servces"; did you mean "services"?',
    ],
    [
      'services["payments@version=v9"].served > 0',
      '11:14 MQ-SCENARIO-007 "payments" cannot be narrowed by "@version=v9"',
    ],
    [
      'ejections.exists(e, e.endpint == "x")',
      '11:27 MQ-SCENARIO-007 unknown field "endpint"; did you mean "endpoint"?',
    ],
    [
      'clients.shoppers.failed >',
      '11:30 MQ-SCENARIO-006 the expression cannot be read: Unexpected token: EOF',
    ],
    ['clients.shoppers.failed', '11:5 MQ-SCENARIO-006 the expression must yield true or false'],
    [
      'clients.shoppers.failed > "x"',
      '11:5 MQ-SCENARIO-006 the expression does not work: no such overload: double > string',
    ],
    [
      'clients.shoppers.failed.x > 1',
      '11:29 MQ-SCENARIO-007 "x" cannot be taken of a number in clients.shoppers.failed',
    ],
  ])('%s is refused before the run', (item, problem) => {
    const text = `${SMALL}${SLOW}expect:\n  - ${item}\n`;
    expect(readText(text).problems.join('\n')).toContain(problem);
  });
});

describe('the cuts of a run', () => {
  it('are wherever an expectation looks', () => {
    const scenario = scenarioWith(
      '{ that: clients.shoppers.failed == 0, during: [7500ms, slow.end + 500ms] }',
      '{ always: clients.shoppers.failed == 0, during: [60s, 75s], every: 6s }',
      '{ that: clients.shoppers.failed == 0, within: 7s, after: slow, for: 3s }',
    );
    const seconds = cutPoints(scenario).map((ns) => ns / SECOND);
    expect(seconds).toEqual([0, 7.5, 40, 40.5, 45, 50, 60, 66, 75, 120]);
  });
});
