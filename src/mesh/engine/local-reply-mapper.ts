/**
 * Rewords the answers that the proxy gives by itself, as its listener asks for.
 *
 * Asked by the responder where `local_reply_config` is given, with a head that says nothing of a
 * body yet: status, headers and text are mapped first, and only then is the body framed. What the
 * log, the counters and the client see is the mapped status.
 * Source: Envoy, LocalReplyConfig and Utility::prepareLocalReply; seen on 1.40.0.
 */
import type { Head } from '../../core/engine.ts';
import { flagNamesOf } from '../../core/records.ts';
import { encodeUtf8 } from '../../core/utf8.ts';
import type { LocalReplyConfig, ReplyCondition, ReplyMapper } from '../config/local-replies.ts';
import { HeaderEditor } from '../route/header-mutations.ts';
import type { HeaderContext } from '../route/header-value.ts';
import { compileHeaderMatch } from '../route/match.ts';
import { grpcStatusOf, percentEncoded, type ReplyForm } from './local-reply.ts';
import { compileReplyFormat, type ReplyPrinter } from './reply-format.ts';

/** A reply as it came about. */
export interface ReplyDraft {
  /** Without headers about a body. */
  readonly head: Head;
  readonly text: string;
  /** Of gRPC requests; null = it follows from the status. */
  readonly grpcStatus: number | null;
  readonly details: string;
  /** Packed, as in the request table. */
  readonly flags: number;
  /** `request`, names and addresses; the rest is filled in here. */
  readonly about: HeaderContext;
}

export interface MappedReply {
  readonly head: Head;
  /** null = no body. */
  readonly body: Uint8Array | null;
}

type Condition = (draft: ReplyDraft) => boolean;

interface CompiledMapper {
  readonly holds: Condition;
  readonly status: number | null;
  readonly body: string | null;
  readonly editor: HeaderEditor | null;
  readonly printer: ReplyPrinter | null;
}

export class LocalReplyMapper {
  private readonly mappers: readonly CompiledMapper[];
  private readonly printer: ReplyPrinter | null;

  constructor(config: LocalReplyConfig) {
    this.mappers = config.mappers.map(compileMapper);
    this.printer = config.format === null ? null : compileReplyFormat(config.format);
  }

  map(form: ReplyForm, draft: ReplyDraft): MappedReply {
    const mapper = this.mappers.find(({ holds }) => holds(draft));
    const text = mapper?.body ?? draft.text;
    const edited = editedBy(mapper?.editor ?? null, draft);
    const head = edited.with({ status: mapper?.status ?? draft.head.status });
    const printer = mapper?.printer ?? this.printer;
    const body = printer === null ? text : printer.print(contextOf(draft, head, text));
    const type = printer?.contentType ?? 'text/plain';
    if (form.isGrpc) {
      const line = printer?.isJson === true ? body.replace(/\n$/, '') : body;
      return { head: grpcHead(head, form.isHeadMethod ? '' : line, draft.grpcStatus), body: null };
    }
    const keepsType =
      head.get('content-type') !== undefined &&
      (body === draft.text || head.get('content-type') !== draft.head.get('content-type'));
    return framed(head, body, keepsType ? null : type, form.isHeadMethod);
  }
}

function compileMapper({ condition, status, body, headers, format }: ReplyMapper): CompiledMapper {
  return {
    holds: compileCondition(condition),
    status,
    body,
    editor: HeaderEditor.of([{ remove: [], add: headers }]),
    printer: format === null ? null : compileReplyFormat(format),
  };
}

function compileCondition(condition: ReplyCondition): Condition {
  switch (condition.kind) {
    case 'always':
      return () => true;
    case 'never':
      return () => false;
    case 'and': {
      const all = condition.of.map(compileCondition);
      return (draft) => all.every((holds) => holds(draft));
    }
    case 'or': {
      const any = condition.of.map(compileCondition);
      return (draft) => any.some((holds) => holds(draft));
    }
    case 'status':
      return compileRelation(condition.relation, condition.value);
    case 'flags': {
      const { flags } = condition;
      if (flags.length === 0) return (draft) => draft.flags !== 0;
      return (draft) => flagNamesOf(draft.flags).some((name) => flags.includes(name));
    }
    case 'header': {
      const matches = compileHeaderMatch(condition.match);
      return ({ about }) => matches(about.request);
    }
    case 'grpc-status': {
      const { statuses, isExcluded } = condition;
      return ({ head }) => statuses.includes(grpcStatusOf(head.status)) !== isExcluded;
    }
  }
}

function compileRelation(relation: 'eq' | 'ge' | 'le' | 'ne', value: number): Condition {
  switch (relation) {
    case 'eq':
      return ({ head }) => head.status === value;
    case 'ge':
      return ({ head }) => head.status >= value;
    case 'le':
      return ({ head }) => head.status <= value;
    case 'ne':
      return ({ head }) => head.status !== value;
  }
}

function editedBy(editor: HeaderEditor | null, { head, about }: ReplyDraft): Head {
  if (editor === null) return head;
  const context = { ...about, response: head, responseCode: head.status };
  return head.with(editor.editsFor(head, context));
}

function contextOf({ about, details, flags }: ReplyDraft, head: Head, body: string) {
  const names = flags === 0 ? '-' : flagNamesOf(flags).join(',');
  return { ...about, response: head, responseCode: head.status, body, details, flags: names };
}

function grpcHead(head: Head, message: string, grpcStatus: number | null): Head {
  const status = head.get('grpc-status') ?? String(grpcStatus ?? grpcStatusOf(head.status));
  const base = head.with({
    status: 200,
    remove: ['content-length'],
    set: [
      ['content-type', 'application/grpc'],
      ['grpc-status', status],
    ],
  });
  return message === '' ? base : base.with({ set: [['grpc-message', percentEncoded(message)]] });
}

/** @param type null = the head has one that stays */
function framed(head: Head, text: string, type: string | null, isHeadMethod: boolean): MappedReply {
  if (text === '') {
    return { head: head.with({ remove: ['content-length', 'content-type'] }), body: null };
  }
  const body = encodeUtf8(text);
  const sized = head.with({ set: [['content-length', String(body.length)]] });
  const typed = type === null ? sized : sized.with({ set: [['content-type', type]] });
  return { head: typed, body: isHeadMethod ? null : body };
}
