/**
 * `docs/faults/`: a page for each environment fault, and the catalogue, from the faults themselves.
 */
import type { FaultKind, ParameterSpec } from '../../src/faults/fault.ts';
import { FAULT_KINDS } from '../../src/faults/index.ts';
import { GENERATED_NOTE, type GeneratedPage, pageOf, sentence, table } from './page.ts';

const TARGETS: Readonly<Record<FaultKind['targets'], string>> = {
  hosts:
    'machines: `target: { service }`, narrowed by `version` or `instance`, and by `mode` and `value`',
  links: 'directed links: `target: { from, to }`, names of services or clients, `*` for any',
  clients: 'clients: `target: { client }`',
};

export function faultPages(): readonly GeneratedPage[] {
  return [cataloguePage(), ...FAULT_KINDS.map(faultPage)];
}

function cataloguePage(): GeneratedPage {
  const rows = FAULT_KINDS.map((fault) => [
    `[${fault.kind}](${fault.kind}.md)`,
    fault.group,
    sentence(fault.summary),
  ]);
  return pageOf('docs/faults/README.md', [
    '# Environment faults',
    GENERATED_NOTE,
    `What can be done to the world around the proxies: machines, links, clients. Faults that a proxy
injects itself are policy and stand in the mesh’s own resources (\`fault\` of a VirtualService).`,
    table(['kind', 'group', 'what it does'], rows),
    `Each entry of \`faults\` in a [scenario](../scenarios.md) has an \`id\`, a \`kind\`, a \`target\`,
a \`window\` and the parameters of its kind. A fault that struck nothing makes the run inconclusive
unless it says \`optional: true\`. Taking a fault out of a scenario leaves the random draws of all
others as they were.`,
  ]);
}

function faultPage(fault: FaultKind): GeneratedPage {
  const direction = fault.moves.direction === 'up' ? 'rises' : 'falls';
  return pageOf(`docs/faults/${fault.kind}.md`, [
    `# ${fault.kind}`,
    GENERATED_NOTE,
    sentence(fault.summary),
    `- Strikes ${TARGETS[fault.targets]}.
- Shows in the summary: \`${fault.moves.metric}\` ${direction}.`,
    '## Parameters',
    parameterTable(fault.parameters),
    '## Example',
    `\`\`\`yaml\n${fault.example.trim()}\n\`\`\``,
    'See also: [all faults](README.md), [scenario files](../scenarios.md).',
  ]);
}

function parameterTable(parameters: readonly ParameterSpec[]): string {
  if (parameters.length === 0) return 'None.';
  return table(
    ['name', 'unit', 'default', 'range', 'meaning'],
    parameters.map((item) => [
      `\`${item.name}\``,
      item.unit,
      item.default === undefined ? 'required' : `\`${String(item.default)}\``,
      item.range,
      sentence(item.summary),
    ]),
  );
}
