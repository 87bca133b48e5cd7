import { describe, expect, it, test } from 'vitest';
import { HttpHead } from '../../../src/core/head.ts';
import { type LoadReportRules, reportedWeight } from '../../../src/mesh/policy/load-report.ts';

const RULES: LoadReportRules = { errorUtilizationPenalty: 0, metricNames: [] };

function weight(report: string, rules: Partial<LoadReportRules> = {}) {
  const head = new HttpHead({ status: 200, headers: [['endpoint-load-metrics', report]] });
  return reportedWeight(head, { ...RULES, ...rules });
}

describe('the weight of a load report', () => {
  test.each([
    ['TEXT rps_fractional=100, cpu_utilization=0.5', 200],
    ['TEXT rps_fractional=100,cpu_utilization=0.5,application_utilization=0.25', 400],
    ['JSON {"rpsFractional": 100, "cpu_utilization": 0.3}', 333],
    ['TEXT rps_fractional=1e12,cpu_utilization=0.001', 4_294_967_295],
    ['TEXT rps_fractional=0,cpu_utilization=0.5', -1],
    ['TEXT rps_fractional=100', -1],
    ['TEXT rps_fractional=100,cpu_utilization=-1', -1],
    ['TEXT rps_fractional', -1],
    ['TEXT  rps_fractional = 100 , cpu_utilization = 0.5 ', 200],
    ['TEXT rps_fractional=100,cpu_utilization=0.5,', -1],
    ['TEXT rps_fractional=100,cpu_utilization=0.5,=1', -1],
    ['TEXT rps_fractional=100,cpu_utilization=0.5,cpu_utilization=0.5', -1],
    ['TEXT rps_fractional=100,cpu_utilization=much', -1],
    ['TEXT rps_fractional=100,cpu_utilization=Infinity', -1],
    ['TEXT rps_fractional=-1,cpu_utilization=0.5', -1],
    ['TEXT cpu_utilization=0.5', -1],
    ['TEXT rps_fractional=1,cpu_utilization=3', 0],
    ['TEXT rps_fractional=100,application_utilization=0,cpu_utilization=0.5', 200],
    ['TEXTrps_fractional=100,cpu_utilization=0.5', -1],
    ['JSON {"rps_fractional": 100, "cpuUtilization": 0.3}', 333],
    ['JSON {"rps_fractional": 100, "cpu_utilization": "0.3"}', -1],
    ['JSON {"rps_fractional": 100, "cpu_utilization": 0.3, "other": null}', -1],
    ['JSON {"rps_fractional": 100, "cpu_utilization": 0.3, "utilization": {"a": "b"}}', 333],
    ['JSON {"rps_fractional": 100, "cpu_utilization": 0.3, "other": true}', -1],
    ['TEXT rps_fractional=100,cpu_utilization=0.5,other=', -1],
    ['TEXT rps_fractional=100,cpu_utilization=0.5,other', -1],
    ['JSON null', -1],
    ['JSON 1', -1],
    ['JSON "rps_fractional"', -1],
    ['JSON {', -1],
    ['JSON [1]', -1],
    ['BIN AAAA', -1],
    ['', -1],
  ])('%s is %d', (report, expected) => {
    expect(weight(report)).toBe(expected);
  });

  it('counts errors as configured', () => {
    const report = 'TEXT rps_fractional=100,eps=50,cpu_utilization=0.5';
    expect(weight(report)).toBe(200);
    expect(weight(report, { errorUtilizationPenalty: 1 })).toBe(100);
    expect(weight(report, { errorUtilizationPenalty: 3 })).toBe(50);
    const fine = 'TEXT rps_fractional=100,cpu_utilization=0.5';
    expect(weight(fine, { errorUtilizationPenalty: 3 })).toBe(200);
  });

  it('goes by the largest of the named metrics, if there is one', () => {
    const text =
      'TEXT rps_fractional=100,cpu_utilization=0.5,named_metrics.a=0.8,named_metrics.b=1';
    const json = 'JSON {"rps_fractional":100,"cpu_utilization":0.5,"namedMetrics":{"a":0.8,"b":1}}';
    const metricNames = ['named_metrics.a', 'named_metrics.b'];
    expect([text, json].map((report) => weight(report, { metricNames }))).toEqual([100, 100]);
    expect(weight(text, { metricNames: ['named_metrics.none'] })).toBe(200);
    expect(weight(text, { metricNames: ['named_metrics.a'] })).toBe(125);
    const mixed = 'JSON {"rps_fractional":100,"namedMetrics":{"a":"x","b":0.5}}';
    expect(weight(mixed, { metricNames })).toBe(200);
    const negative = 'TEXT rps_fractional=100,cpu_utilization=0.5,named_metrics.a=-1';
    expect(weight(negative, { metricNames: ['named_metrics.a'] })).toBe(200);
  });

  it('is absent without the header', () => {
    expect(reportedWeight(new HttpHead({ status: 200 }), RULES)).toBe(-1);
  });
});
