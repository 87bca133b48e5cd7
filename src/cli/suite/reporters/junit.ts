/**
 * JUnit XML, as Jenkins, GitLab and most test viewers read it: a suite a scenario, a test case a
 * variant. Source: the schema of Apache Ant's JUnit task, which these tools share.
 */
import type { Reporter, ReporterKind } from '../reporter.ts';
import { type CaseResult, countOf, type SuiteResult } from '../suite.ts';

export const JUNIT: ReporterKind = { name: 'junit', make: () => REPORTER };

const REPORTER: Reporter = { begin: () => '', each: () => '', end: documentOf };

function documentOf({ cases, wallS }: SuiteResult): string {
  const byPath = new Map<string, CaseResult[]>();
  for (const result of cases) byPath.set(result.path, [...(byPath.get(result.path) ?? []), result]);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="meshquake" ${countsOf(cases)} time="${wallS.toFixed(3)}">`,
    ...[...byPath].flatMap(([path, own]) => suiteOf(path, own)),
    '</testsuites>',
    '',
  ].join('\n');
}

function suiteOf(path: string, cases: readonly CaseResult[]): readonly string[] {
  const time = cases.reduce((sum, { wallS }) => sum + wallS, 0);
  return [
    `  <testsuite name="${escaped(path)}" ${countsOf(cases)} time="${time.toFixed(3)}">`,
    ...cases.flatMap(caseOf),
    '  </testsuite>',
  ];
}

function caseOf({ name, path, status, wallS, reasons, reproduce, position }: CaseResult) {
  const file = `file="${escaped(position.file)}" line="${position.line}"`;
  const head = `    <testcase name="${escaped(name)}" classname="${escaped(path)}" ${file} time="${wallS.toFixed(3)}"`;
  if (status === 'passed') return [`${head}/>`];
  if (status === 'not-run') return [`${head}>`, '      <skipped/>', '    </testcase>'];
  const element = status === 'failed' ? 'failure' : 'error';
  const text = [...reasons, ...(reproduce === '' ? [] : [`reproduce: ${reproduce}`])].join('\n');
  return [
    `${head}>`,
    `      <${element} message="${escaped(reasons[0] ?? '')}">${escaped(text)}</${element}>`,
    '    </testcase>',
  ];
}

function countsOf(cases: readonly CaseResult[]): string {
  const count = (status: CaseResult['status']) => countOf(cases, status);
  return `tests="${cases.length}" failures="${count('failed')}" errors="${count('broken')}" skipped="${count('not-run')}"`;
}

/** Attribute or content; what XML cannot hold at all becomes U+FFFD. */
function escaped(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: just these are forbidden.
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
  );
}
