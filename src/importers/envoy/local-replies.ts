/**
 * `local_reply_config` of a connection manager, and formats of bodies.
 *
 * Source: Envoy v3 API, LocalReplyConfig, AccessLogFilter, SubstitutionFormatString.
 */
import { FLAG_NAMES } from '../../core/records.ts';
import { replyFormatProblem } from '../../mesh/config/header-commands.ts';
import type {
  JsonTemplate,
  LocalReplyConfig,
  ReplyCondition,
  ReplyFormat,
  ReplyMapper,
} from '../../mesh/config/local-replies.ts';
import type { SourceNode } from '../source-node.ts';
import { readInlineText } from './data-source.ts';
import type { Fields } from './fields.ts';
import { readAdditions } from './header-mutations.ts';
import { readHeaderMatch } from './matchers.ts';
import type { Runtime } from './runtime.ts';

/** undefined = answers stay as they are. */
export function readLocalReplies(manager: Fields, runtime: Runtime): LocalReplyConfig | undefined {
  const fields = manager.message('local_reply_config', 'LocalReplyConfig');
  if (fields === undefined) return undefined;
  const mappers = fields
    .messages('mappers', 'ResponseMapper')
    .map((mapper) => readMapper(mapper, runtime));
  const format = readReplyFormat(fields, 'body_format');
  fields.close();
  return { mappers, format };
}

function readMapper(fields: Fields, runtime: Runtime): ReplyMapper {
  const filter = fields.message('filter', 'AccessLogFilter');
  if (filter === undefined) fields.node.error('MQ-FIELD-003', 'a mapper has no filter');
  const source = fields.message('body', 'DataSource');
  const mapper = {
    condition: filter === undefined ? NEVER : readCondition(filter, runtime),
    status: fields.integer('status_code', 200, 599) ?? null,
    body: source === undefined ? null : readInlineText(source),
    headers: readAdditions(fields, 'headers_to_add'),
    format: readReplyFormat(fields, 'body_format_override'),
  };
  fields.close();
  return mapper;
}

const NEVER: ReplyCondition = { kind: 'never' };

function readCondition(fields: Fields, runtime: Runtime): ReplyCondition {
  const found = READERS.flatMap(([name, read]) => {
    const inner = fields.message(name, name);
    if (inner === undefined) return [];
    const condition = read(inner, runtime);
    inner.close();
    return [condition];
  });
  fields.close();
  const [condition] = found;
  if (condition === undefined) fields.node.error('MQ-FIELD-003', 'a filter says nothing');
  return condition ?? NEVER;
}

type Reader = (fields: Fields, runtime: Runtime) => ReplyCondition;

const READERS: readonly (readonly [string, Reader])[] = [
  ['status_code_filter', readStatus],
  ['response_flag_filter', readFlags],
  ['header_filter', readHeader],
  ['grpc_status_filter', readGrpcStatus],
  ['runtime_filter', readShare],
  ['and_filter', (fields, runtime) => ({ kind: 'and', of: readSet(fields, runtime) })],
  ['or_filter', (fields, runtime) => ({ kind: 'or', of: readSet(fields, runtime) })],
];

function readSet(fields: Fields, runtime: Runtime): readonly ReplyCondition[] {
  const filters = fields.messages('filters', 'AccessLogFilter');
  if (filters.length < 2) {
    fields.node.error('MQ-ENVOY-003', 'and_filter and or_filter need two filters at least');
  }
  return filters.map((filter) => readCondition(filter, runtime));
}

const OPERATORS = ['EQ', 'GE', 'LE', 'NE'] as const;
const RELATIONS = { EQ: 'eq', GE: 'ge', LE: 'le', NE: 'ne' } as const;

function readStatus(fields: Fields, runtime: Runtime): ReplyCondition {
  const comparison = fields.message('comparison', 'ComparisonFilter');
  const relation = RELATIONS[comparison?.oneOf('op', OPERATORS) ?? 'EQ'];
  const number = comparison?.message('value', 'RuntimeUInt32');
  const byDefault = number?.integer('default_value') ?? 0;
  const key = number?.text('runtime_key') ?? '';
  number?.close();
  comparison?.close();
  const value = (key === '' ? undefined : runtime.integer(key)) ?? byDefault;
  return { kind: 'status', relation, value };
}

function readFlags(fields: Fields): ReplyCondition {
  const flags = fields.texts('flags');
  for (const [at, name] of flags.entries()) {
    if (FLAG_NAMES.indexOf(name) > 0) continue;
    fields.list('flags')[at]?.error('MQ-ENVOY-003', `"${name}" is no response flag`);
  }
  return { kind: 'flags', flags };
}

function readHeader(fields: Fields): ReplyCondition {
  const match = fields.message('header', 'HeaderMatcher');
  return match === undefined ? NEVER : { kind: 'header', match: readHeaderMatch(match) };
}

const GRPC_STATUSES = [
  'OK',
  'CANCELED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

function readGrpcStatus(fields: Fields): ReplyCondition {
  const statuses = fields.list('statuses').map((node) => {
    if (typeof node.value === 'number') return node.integer(0, 16) ?? 0;
    return GRPC_STATUSES.indexOf(node.oneOf(GRPC_STATUSES) ?? 'OK');
  });
  return { kind: 'grpc-status', statuses, isExcluded: fields.flag('exclude') };
}

/** Shares between nothing and everything are refused: nothing else of a reply is drawn. */
function readShare(fields: Fields, runtime: Runtime): ReplyCondition {
  const key = fields.text('runtime_key') ?? '';
  const byDefault = fields.fraction('percent_sampled') ?? { numerator: 0, denominator: 100 };
  fields.ignore('use_independent_randomness');
  const { numerator, denominator } = runtime.fraction(key) ?? byDefault;
  if (numerator > 0 && numerator < denominator) {
    fields.node.error('MQ-ENVOY-002', 'shares of local replies are not modelled', {
      fix: 'use 0 or 100 percent',
    });
  }
  return { kind: numerator === 0 ? 'never' : 'always' };
}

/** A `SubstitutionFormatString`; null = there is none. */
export function readReplyFormat(owner: Fields, name: string): ReplyFormat | null {
  const fields = owner.message(name, 'SubstitutionFormatString');
  if (fields === undefined) return null;
  const source = fields.message('text_format_source', 'DataSource');
  const text = source === undefined ? fields.text('text_format') : readInlineText(source);
  const json = fields.get('json_format');
  const base = {
    contentType: fields.text('content_type') ?? '',
    omitsEmpty: fields.flag('omit_empty_values'),
  };
  if (json === undefined && text === undefined) {
    fields.node.error('MQ-FIELD-003', `${name} needs text_format_source or json_format`);
  }
  const at = source?.node ?? fields.get('text_format') ?? fields.node;
  if (text !== undefined) checkFormat(text, at);
  fields.close();
  if (json === undefined) return { kind: 'text', text: text ?? '', ...base };
  return { kind: 'json', value: readTemplate(json), ...base };
}

function checkFormat(text: string, at: SourceNode): void {
  const problem = replyFormatProblem(text);
  if (problem !== null) at.error('MQ-ENVOY-003', problem);
}

function readTemplate(node: SourceNode): JsonTemplate {
  switch (node.kind) {
    case 'map':
      return Object.fromEntries(node.entries().map(([key, item]) => [key, readTemplate(item)]));
    case 'list':
      return node.items().map(readTemplate);
    case 'null':
      return null;
    default:
      break;
  }
  const { value } = node;
  if (typeof value === 'boolean') return value;
  // Envoy reads what is no whole number in YAML as text.
  if (typeof value === 'number') return Number.isInteger(value) ? value : node.sourceText;
  const text = node.string() ?? '';
  checkFormat(text, node);
  return text;
}
