/**
 * `docs/errors.md` from the table of diagnostic codes: one heading a code, which messages link to.
 */
import { ERROR_CODES } from '../../src/core/error-codes.ts';
import { GENERATED_NOTE, type GeneratedPage, pageOf, sentence } from './page.ts';

const AREAS: Readonly<Record<string, string>> = {
  DOC: 'Files and YAML',
  FIELD: 'Fields and values',
  IMPORT: 'Importing resources',
  ROUTE: 'Virtual services and routes',
  DEST: 'Destination rules',
  ENTRY: 'Service entries and workload entries',
  KUBE: 'Kubernetes resources',
  NAME: 'Names',
  REF: 'References between resources',
  SCENARIO: 'Scenario files',
};

export function errorsPage(): GeneratedPage {
  const codes = Object.keys(ERROR_CODES);
  const areas = [...new Set(codes.map(areaOf))];
  return pageOf('docs/errors.md', [
    '# Errors and warnings',
    GENERATED_NOTE,
    `Every message about your input has a code, a position and, where that helps, why it is a problem
and how to mend it. Codes are stable: none is renumbered or given a second meaning. Input with errors
ends the command with [exit code](exit-codes.md) 65; nothing is run.`,
    ...areas.flatMap((area) => [
      `## ${AREAS[area] ?? area}`,
      ...codes.filter((code) => areaOf(code) === area).map(entryText),
    ]),
  ]);
}

function areaOf(code: string): string {
  return code.split('-')[1] ?? '';
}

/** The heading's anchor is the code in lower case, as messages say: `docs/errors.md#mq-doc-001`. */
function entryText(code: string): string {
  const entry = ERROR_CODES[code];
  if (entry === undefined) return '';
  const lines = [`### ${code}`, sentence(entry.title)];
  if (entry.why !== undefined) lines.push(`Why: ${sentence(entry.why)}`);
  if (entry.fix !== undefined) lines.push(`Fix: ${sentence(entry.fix)}`);
  return lines.join('\n\n');
}
