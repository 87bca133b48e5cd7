/** One JSON document for programs, at the end. */
import type { Reporter, ReporterKind } from '../reporter.ts';
import { countOf, type SuiteResult } from '../suite.ts';

export const JSON_REPORTER: ReporterKind = { name: 'json', make: () => REPORTER };

const REPORTER: Reporter = { begin: () => '', each: () => '', end: documentOf };

function documentOf({ version, cases, exitCode, wallS, reproduce }: SuiteResult): string {
  const document = {
    meshquake: version,
    format: 1,
    exitCode,
    reproduce,
    counts: {
      passed: countOf(cases, 'passed'),
      failed: countOf(cases, 'failed'),
      broken: countOf(cases, 'broken'),
      notRun: countOf(cases, 'not-run'),
    },
    wallS: Math.round(wallS * 1000) / 1000,
    cases: cases.map(({ position: { file, line, column }, ...rest }) => ({
      ...rest,
      position: { file, line, column },
    })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
