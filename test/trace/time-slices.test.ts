import { expect, test } from 'vitest';
import { slicesOfCall, timeSpent } from '../../src/trace/time-slices.ts';
import { tracedModel } from '../report/traced-model.ts';

const traces = tracedModel().runs[0]?.traces ?? [];

test('slices of real requests follow each other without gap, from begin to end', () => {
  expect(traces.length).toBeGreaterThan(5);
  for (const { sample, call } of traces) {
    const slices = slicesOfCall(call!, sample.endNs);
    let atNs = sample.startNs;
    for (const { startNs, endNs } of slices) {
      expect(startNs).toBe(atNs);
      expect(endNs).toBeGreaterThan(startNs);
      atNs = endNs;
    }
    expect(atNs).toBe(sample.endNs);
  }
});

test('time is summed by kind and place, the greatest first', () => {
  const { sample, call } = traces.find(({ sample: { isGood } }) => !isGood)!;
  const spent = timeSpent(slicesOfCall(call!, sample.endNs));
  expect(spent[0]).toMatchObject({ kind: 'queue', where: expect.stringMatching(/^payments-/) });
  expect(spent.map(({ ns }) => ns)).toEqual(spent.map(({ ns }) => ns).sort((a, b) => b - a));
  const network = spent
    .filter(({ kind }) => kind === 'network')
    .reduce((sum, { ns }) => sum + ns, 0);
  expect(network % 1e6).toBe(0); // one millisecond each way, whatever the proxies take
});
