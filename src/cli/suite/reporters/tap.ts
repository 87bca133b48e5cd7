/** TAP 14: a test point a case, why it did not pass as YAML. Source: testanything.org, version 14. */
import { stringify } from 'yaml';
import type { Reporter, ReporterKind } from '../reporter.ts';
import type { CaseResult } from '../suite.ts';

export const TAP: ReporterKind = { name: 'tap', make: () => REPORTER };

const REPORTER: Reporter = {
  begin: ({ caseCount }) => `TAP version 14\n1..${caseCount}\n`,
  each: (result, index) => pointOf(result, index + 1),
  end: ({ cases, wasInterrupted }) => {
    const rest = cases.flatMap((result, index) =>
      result.status === 'not-run'
        ? [`ok ${index + 1} - ${escaped(result.name)} # SKIP not run\n`]
        : [],
    );
    return `${rest.join('')}${wasInterrupted ? 'Bail out! interrupted\n' : ''}`;
  },
};

function pointOf(result: CaseResult, number: number): string {
  const { name, status, reasons, verdict, declared, reproduce, position, wallS } = result;
  const line = `${status === 'passed' ? 'ok' : 'not ok'} ${number} - ${escaped(name)}\n`;
  if (status === 'passed')
    return `${line}  ---\n  duration_ms: ${Math.round(wallS * 1000)}\n  ...\n`;
  const block = stringify({
    message: reasons.join('\n'),
    severity: 'fail',
    ...(verdict === null ? {} : { found: verdict, wanted: declared }),
    at: { file: position.file, line: position.line, column: position.column },
    ...(reproduce === '' ? {} : { reproduce }),
  });
  return `${line}  ---\n${block.trimEnd().replace(/^/gm, '  ')}\n  ...\n`;
}

/** A `#` would begin a directive. */
function escaped(text: string): string {
  return text.replace(/[\\#]/g, '\\$&').replace(/\s+/g, ' ');
}
