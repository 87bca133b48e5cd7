/** `meshquake faults`: the catalogue of environment faults. Source: surface.md §0, §5. */
import { type Command, Option } from 'commander';
import { UsageError } from '../core/errors.ts';
import { didYouMean } from '../core/suggest.ts';
import type { FaultKind, ParameterSpec } from '../faults/fault.ts';
import { FAULT_KINDS } from '../faults/index.ts';
import type { CliContext } from './cli-io.ts';
import { json } from './run-output.ts';
import { programVersion } from './version.ts';
import { wrapText } from './wrap-text.ts';

interface FaultsOptions {
  readonly o: 'text' | 'json';
  readonly json?: boolean;
}

export function faultsCommand(program: Command, context: CliContext): void {
  const faults = program
    .command('faults')
    .summary('the catalogue of faults')
    .description('Lists the environment faults, or describes one of them.');
  withFormat(faults.command('list').description('Lists all kinds.')).action(
    (options: FaultsOptions) => {
      const kinds = FAULT_KINDS.map(({ kind, group, summary }) => ({ kind, group, summary }));
      context.io.stdout.write(isJson(options) ? json(kinds) : listText(FAULT_KINDS));
    },
  );
  withFormat(
    faults
      .command('describe')
      .description('Describes one kind.')
      .argument('<kind>', 'e.g. net.loss'),
  ).action((name: string, options: FaultsOptions) => {
    const kind = findKind(name);
    context.io.stdout.write(isJson(options) ? json(kindDocument(kind)) : kindText(kind));
  });
}

function withFormat(command: Command): Command {
  return command
    .addOption(new Option('-o <format>', 'how to print').choices(['text', 'json']).default('text'))
    .option('--json', 'the same as -o json');
}

function isJson(options: FaultsOptions): boolean {
  return options.o === 'json' || options.json === true;
}

/** @throws UsageError */
function findKind(name: string): FaultKind {
  const kind = FAULT_KINDS.find((candidate) => candidate.kind === name);
  if (kind !== undefined) return kind;
  const kinds = FAULT_KINDS.map((candidate) => candidate.kind);
  throw new UsageError(
    `there is no fault "${name}"${didYouMean(name, kinds)}\n  there are: ${kinds.join(', ')}`,
  );
}

function kindDocument(kind: FaultKind) {
  const { kind: name, group, summary, targets, parameters, moves, example } = kind;
  return {
    meshquake: programVersion(),
    format: 1,
    kind: name,
    group,
    summary,
    targets,
    parameters: parameters.map((parameter) => ({
      name: parameter.name,
      unit: parameter.unit,
      default: parameter.default ?? null,
      range: parameter.range,
      summary: parameter.summary,
      source: parameter.source,
    })),
    moves,
    example,
  };
}

function listText(kinds: readonly FaultKind[]): string {
  const width = Math.max(...kinds.map(({ kind }) => kind.length)) + 2;
  const lines = kinds.flatMap(({ kind, summary }) => {
    const [first = '', ...rest] = wrapText(summary, 80 - width);
    const hanging = rest.map((line) => ' '.repeat(width) + line);
    return [kind.padEnd(width) + first, ...hanging];
  });
  return `${lines.join('\n')}\n`;
}

function kindText(kind: FaultKind): string {
  const { metric, direction } = kind.moves;
  return [
    `${kind.kind}: ${kind.summary}`,
    '',
    `strikes ${kind.targets}; makes ${metric} go ${direction}`,
    '',
    'parameters',
    ...kind.parameters.flatMap(parameterLines),
    '',
    'example',
    ...kind.example.split('\n').map((line) => `  ${line}`),
    '',
  ].join('\n');
}

function parameterLines(parameter: ParameterSpec): readonly string[] {
  const { name, unit, range, summary, source } = parameter;
  const given =
    parameter.default === undefined ? 'required' : `default ${String(parameter.default)}`;
  const heading = `  ${name}  ${unit}, ${range}, ${given}`;
  const lines = wrapText(`${summary} Source: ${source}.`, 74);
  return [heading, ...lines.map((line) => `      ${line}`)];
}
