/** A report model for which no panel leaves itself out. */
import type { ReportModel } from '../../src/report/model.ts';
import { stormModel } from './fixture.ts';
import { tracedModel } from './traced-model.ts';

/** The storm, with followed requests and policy of a real run, and with certificates. */
export function fullModel(): ReportModel {
  const storm = stormModel();
  const traced = tracedModel();
  const counts = {
    certificatesIssued: 3,
    renewalsFailed: 0,
    handshakesFailed: 0,
    requestsDenied: 0,
  };
  const runs = storm.runs.map((run, index) => {
    const { samples, traces, policy } = traced.runs[index] ?? {};
    const summary = { ...run.summary, identity: { ...counts, failures: [] } };
    return { ...run, summary, samples, traces, policy };
  });
  return { ...storm, runs };
}
