/**
 * `local_reply_config` of a connection manager, and formats of bodies.
 *
 * Source: Envoy v3 API, LocalReplyConfig, AccessLogFilter, SubstitutionFormatString.
 */
import type {
  LocalReplyConfig,
  ReplyCondition,
  ReplyFormat,
  ReplyMapper,
} from '../../mesh/config/local-replies.ts';
import { headerAddition } from './headers.ts';
import { headerMatch } from './matchers.ts';
import { filled, flag, given, type Message, message, unless } from './message.ts';

export function localReplies({ mappers, format }: LocalReplyConfig): Message {
  return message({
    mappers: filled(mappers.map(replyMapper)),
    body_format: given(format, replyFormat),
  });
}

function replyMapper({ condition, status, body, headers, format }: ReplyMapper): Message {
  return message({
    filter: filter(condition),
    status_code: status ?? undefined,
    body: given(body, (text) => ({ inline_string: text })),
    headers_to_add: filled(headers.map(headerAddition)),
    body_format_override: given(format, replyFormat),
  });
}

/** A key that no runtime sets. */
const UNSET = 'meshquake.unset';

function filter(condition: ReplyCondition): Message {
  switch (condition.kind) {
    case 'always':
      return { runtime_filter: { runtime_key: UNSET, percent_sampled: { numerator: 100 } } };
    case 'never':
      return { runtime_filter: { runtime_key: UNSET } };
    case 'and':
      return { and_filter: { filters: condition.of.map(filter) } };
    case 'or':
      return { or_filter: { filters: condition.of.map(filter) } };
    case 'status': {
      const value = { default_value: condition.value, runtime_key: UNSET };
      const op = condition.relation.toUpperCase();
      return { status_code_filter: { comparison: { op, value } } };
    }
    case 'flags':
      return { response_flag_filter: message({ flags: filled(condition.flags) }) };
    case 'header':
      return { header_filter: { header: headerMatch(condition.match) } };
    case 'grpc-status': {
      const { statuses, isExcluded } = condition;
      return { grpc_status_filter: message({ statuses, exclude: flag(isExcluded) }) };
    }
  }
}

export function replyFormat(format: ReplyFormat): Message {
  return message({
    text_format_source: format.kind === 'text' ? { inline_string: format.text } : undefined,
    json_format: format.kind === 'json' ? format.value : undefined,
    content_type: unless(format.contentType, ''),
    omit_empty_values: flag(format.omitsEmpty),
  });
}
