import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { REPORTERS } from '../../../src/cli/suite/reporters/index.ts';
import { type CaseResult, type SuiteResult, suiteExitCode } from '../../../src/cli/suite/suite.ts';

const PLACE = { file: 's/scenario.yaml', line: 1, column: 1 };
const PASSED: CaseResult = {
  name: 's/fine',
  path: 's',
  status: 'passed',
  verdict: 'pass',
  declared: 'pass',
  reasons: [],
  position: PLACE,
  runs: [{ seed: '1', digest: 'ab' }],
  wallS: 1.25,
  reproduce: 'meshquake run s --variant fine --seed 1',
};
const FAILED: CaseResult = {
  ...PASSED,
  name: 's/#bad, <one>: 100%',
  status: 'failed',
  verdict: 'fail',
  reasons: ['ended as fail, the file declares pass', 'a < 1 && "b" (a = 2)\u001b[31m'],
  position: { file: 's/scenario.yaml', line: 14, column: 5 },
  reproduce: 'meshquake run s --seed 1',
};
const NOTHING = { verdict: null, declared: null, runs: [], wallS: 0, reproduce: '' };
const BROKEN: CaseResult = {
  ...NOTHING,
  name: 'c',
  path: 'c',
  status: 'broken',
  reasons: ['c/scenario.yaml:3:11: error MQ-FIELD-006: no unit', '    3 | duration: 6'],
  position: { file: 'c/scenario.yaml', line: 3, column: 11 },
};
const SKIPPED: CaseResult = { ...BROKEN, name: 'd', status: 'not-run', reasons: [] };
const CASES = [PASSED, FAILED, BROKEN, SKIPPED];

function told(name: string, cases: readonly CaseResult[] = CASES): string {
  const kind = REPORTERS.find((item) => item.name === name);
  if (kind === undefined) throw new Error(name);
  const reporter = kind.make({ colors: picocolors.createColors(false), columns: 80 });
  const suite: SuiteResult = {
    version: '1.2.3',
    cases,
    exitCode: suiteExitCode(cases, false),
    wasInterrupted: false,
    wallS: 2,
    reproduce: 'meshquake test s --seed 1',
  };
  const start = {
    version: '1.2.3',
    caseCount: cases.length,
    scenarioCount: 2,
    seeds: 'seed 1',
    nameWidth: 20,
  };
  const run = cases.filter(({ status }) => status !== 'not-run');
  return [
    reporter.begin(start),
    ...run.map((one, at) => reporter.each(one, at)),
    reporter.end(suite),
  ].join('');
}

describe.each(REPORTERS.map(({ name }) => name))('the reporter %s', (name) => {
  it('names every case and what is wrong with it, in whole lines without control characters', () => {
    const text = told(name);
    for (const word of ['s/fine', 'a ', 'MQ-FIELD-006', 'meshquake run s --seed 1']) {
      expect(text).toContain(word);
    }
    expect(text.endsWith('\n')).toBe(true);
    expect(text).not.toContain('\u001b');
  });

  it('tells a suite without failures from one with them', () => {
    expect(told(name, [PASSED])).not.toBe(told(name, [FAILED]));
    expect(told(name, [PASSED])).not.toMatch(/not ok|<failure|::error|✗/);
  });
});

it('pretty fits 80 columns', () => {
  for (const line of told('pretty').split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

it('tap counts points, keeps names from becoming directives, explains in YAML', () => {
  const text = told('tap');
  expect(text.startsWith('TAP version 14\n1..4\nok 1 - s/fine\n')).toBe(true);
  expect(text).toContain('\nnot ok 2 - s/\\#bad, <one>: 100%\n');
  expect(text).toContain('\nok 4 - d # SKIP not run\n');
  const [, block = ''] = /not ok 2.*?\n {2}---\n(.*?)\n {2}\.\.\.\n/s.exec(text) ?? [];
  expect(parse(block)).toMatchObject({ found: 'fail', wanted: 'pass', at: { line: 14 } });
});

it('junit is escaped and counts', () => {
  const text = told('junit');
  expect(text).toContain(
    '<testsuites name="meshquake" tests="4" failures="1" errors="1" skipped="1"',
  );
  expect(text).toContain('name="s/#bad, &lt;one&gt;: 100%"');
  expect(text).toContain('a &lt; 1 &amp;&amp; &quot;b&quot; (a = 2)\ufffd[31m');
  const tags = [...text.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)].filter(
    ([tag]) => !tag.startsWith('<?'),
  );
  const open: string[] = [];
  for (const [, closing, tag = '', empty] of tags) {
    if (closing === '/') expect(open.pop()).toBe(tag);
    else if (empty !== '/') open.push(tag);
  }
  expect(open).toEqual([]);
});

it('json is one document', () => {
  expect(JSON.parse(told('json'))).toMatchObject({
    exitCode: 65,
    counts: { passed: 1, failed: 1, broken: 1, notRun: 1 },
    cases: [{ name: 's/fine' }, { status: 'failed', position: { line: 14 } }, {}, {}],
  });
});

it('github points at the expectation that failed', () => {
  expect(told('github')).toContain(
    '::error file=s/scenario.yaml,line=14,col=5,title=s/#bad%2C <one>%3A 100%25::ended as fail, the file declares pass%0Aa < 1',
  );
});
