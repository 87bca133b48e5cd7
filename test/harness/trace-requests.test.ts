import { describe, expect, test } from 'vitest';
import type { AttemptTrace, CallTrace } from '../../src/core/request-trace.ts';
import { runScenario } from '../../src/harness/run.ts';
import { traceRequests } from '../../src/harness/trace-requests.ts';
import { causeChain, firstFailure } from '../../src/report/cause-chain.ts';
import { slicesOfCall } from '../../src/trace/time-slices.ts';
import { SLOW, tracedScenario } from './traced-scenario.ts';

const STORM = tracedScenario();

describe('requests of a run that went wrong', () => {
  const run = runScenario(STORM, { seed: '1', cutPoints: [] });
  const traces = traceRequests(STORM, '1', run.samples.requests);

  test('all that were kept are followed to the end, which is the end that the run saw', () => {
    expect(traces.length).toBeGreaterThan(6);
    for (const { sample, call } of traces) {
      expect(call?.startNs).toBe(sample.startNs);
      expect(call?.endNs).toBe(sample.endNs);
      expect(call?.status).toBe(sample.status);
    }
  });

  test('every attempt is told apart in order: sent, arrived, taken, done, ended', () => {
    const attempts = traces.flatMap(({ call }) => attemptsIn(call));
    expect(attempts.length).toBeGreaterThan(20);
    for (const { startNs, sentNs, arrivedNs, workNs, doneNs, endNs, outcome } of attempts) {
      const times = [startNs, sentNs, arrivedNs, workNs, doneNs].filter((at) => at !== null);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      if (/^\d/.test(outcome)) expect(endNs).toBeGreaterThanOrEqual(doneNs ?? 0);
    }
  });

  test('retries come after a backoff and have numbers of their own', () => {
    const retried = traces
      .flatMap(({ call }) => callsIn(call))
      .filter((c) => c.attempts.length > 1);
    expect(retried.length).toBeGreaterThan(0);
    for (const { attempts, waits } of retried) {
      expect(attempts.map(({ number }) => number)).toEqual(attempts.map((_, index) => index + 1));
      expect(waits.filter(({ kind }) => kind === 'backoff').length).toBe(attempts.length - 1);
    }
  });

  test('calls of an attempt lie within its work, and each attempt has its own', () => {
    for (const { workNs, calls } of traces.flatMap(({ call }) => attemptsIn(call))) {
      for (const call of calls) expect(call.startNs).toBeGreaterThanOrEqual(workNs ?? Infinity);
    }
  });

  test('the second run is the same run: following changes nothing', () => {
    const again = runScenario(STORM, { seed: '1', cutPoints: [] });
    expect(again.digest).toBe(run.digest);
    expect(traceRequests(STORM, '1', run.samples.requests)).toEqual(traces);
  });
});

const WINDOW = 'window: { at: 2s, duration: 2s }';

describe.each<[string, readonly string[], readonly string[]]>([
  [
    'a crash',
    [`{ id: f, kind: proc.crash, target: { service: payments, mode: all }, ${WINDOW} }`],
    [],
  ],
  [
    'a partition',
    [`{ id: f, kind: net.partition, target: { from: orders, to: payments }, ${WINDOW} }`],
    [],
  ],
  [
    'loss',
    [`{ id: f, kind: net.loss, target: { from: orders, to: payments }, ${WINDOW}, ratio: 40% }`],
    [],
  ],
  ['impatient clients', [SLOW], ['clients.shoppers.deadline=150ms']],
  ['errors', [], ['services.payments.errors=[{ status: 503, ratio: 30% }]']],
  ['full queues', [SLOW], ['services.payments.queue=1']],
  ['no mesh', [], ['dataPlane=none', 'services.payments.errors=[{ status: 503, ratio: 5% }]']],
  ['patient hosts', [SLOW], ['services.payments.onAbandon=cancel']],
])('with %s', (_name, faults, set) => {
  const scenario = tracedScenario(faults, set);
  const { samples } = runScenario(scenario, { seed: '1', cutPoints: [] });
  const traces = traceRequests(scenario, '1', samples.requests);

  test('every request is cut into slices that add up to its duration', () => {
    expect(traces.length).toBeGreaterThan(4);
    for (const { sample, call } of traces) {
      const slices = slicesOfCall(call!, sample.endNs);
      const sum = slices.reduce((total, { startNs, endNs }) => total + endNs - startNs, 0);
      expect(sum).toBe(sample.endNs - sample.startNs);
    }
  });

  test('every failure has a cause', () => {
    const failed = traces.filter(({ sample }) => !sample.isGood);
    expect(failed.length).toBeGreaterThan(0);
    for (const trace of failed) {
      expect(causeChain(trace).length).toBeGreaterThan(1);
      expect(firstFailure(trace)).not.toBeNull();
    }
  });
});

function callsIn(call: CallTrace | null): readonly CallTrace[] {
  if (call === null) return [];
  return [call, ...call.attempts.flatMap(({ calls }) => calls.flatMap(callsIn))];
}

function attemptsIn(call: CallTrace | null): readonly AttemptTrace[] {
  return callsIn(call).flatMap(({ attempts }) => attempts);
}
