/**
 * For GitHub Actions: an annotation at the expectation that failed, and a line a case for the log.
 * Source: GitHub's documentation, "Workflow commands for GitHub Actions", error messages.
 */
import { printable } from '../../../core/printable.ts';
import type { Reporter, ReporterKind } from '../reporter.ts';
import { type CaseResult, countsText } from '../suite.ts';

export const GITHUB: ReporterKind = { name: 'github', make: () => REPORTER };

const REPORTER: Reporter = {
  begin: ({ version, caseCount, seeds }) => `meshquake ${version}  ${seeds}  ${caseCount} cases\n`,
  each: (result) => lineOf(result) + annotationOf(result),
  end: ({ cases, reproduce }) => `${countsText(cases)}  reproduce: ${reproduce}\n`,
};

function lineOf({ name, status, verdict }: CaseResult): string {
  return `${status} ${printable(name)}${verdict === null ? '' : ` (${verdict})`}\n`;
}

function annotationOf({ name, status, reasons, reproduce, position }: CaseResult): string {
  if (status === 'passed' || status === 'not-run') return '';
  const { file, line, column } = position;
  const text = [...reasons, ...(reproduce === '' ? [] : [`reproduce: ${reproduce}`])].join('\n');
  const place = `file=${property(file)},line=${line},col=${column}`;
  return `::error ${place},title=${property(name)}::${data(text)}\n`;
}

function data(text: string): string {
  const lines = text.split('\n').map(printable).join('\n');
  return lines.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
