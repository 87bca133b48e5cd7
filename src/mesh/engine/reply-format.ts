/**
 * Bodies that a format makes: text with commands, or JSON whose texts hold commands.
 *
 * Source: Envoy, SubstitutionFormatString, command operators; seen on 1.40.0.
 */
import { HEADER_COMMAND } from '../config/header-commands.ts';
import type { JsonTemplate, ReplyFormat } from '../config/local-replies.ts';
import { compileHeaderValue, type HeaderContext } from '../route/header-value.ts';

/** What a format's commands speak about. */
export interface ReplyContext extends HeaderContext {
  readonly body: string;
  readonly details: string;
  /** Short names joined by ',', or `-`. */
  readonly flags: string;
}

/** A format, compiled. */
export interface ReplyPrinter {
  readonly contentType: string;
  /** Whether a line feed closes the body, which a `grpc-message` does without. */
  readonly isJson: boolean;
  print(context: ReplyContext): string;
}

type Value = string | number | null;
type Command = (context: ReplyContext) => Value;

export function compileReplyFormat(format: ReplyFormat): ReplyPrinter {
  const { contentType, omitsEmpty } = format;
  if (format.kind === 'text') {
    const print = compileText(format.text, omitsEmpty);
    return { contentType: contentType === '' ? 'text/plain' : contentType, isJson: false, print };
  }
  const make = compileJson(format.value, omitsEmpty);
  const type = contentType === '' ? 'application/json' : contentType;
  const print = (context: ReplyContext) => `${JSON.stringify(make(context) ?? {})}\n`;
  return { contentType: type, isJson: type === 'application/json', print };
}

function compileText(text: string, omitsEmpty: boolean): (context: ReplyContext) => string {
  const missing = omitsEmpty ? '' : '-';
  const parts = partsOf(text);
  return (context) =>
    parts
      .map((part) => (typeof part === 'string' ? part : String(part(context) ?? missing)))
      .join('');
}

function partsOf(text: string): readonly (string | Command)[] {
  const parts: (string | Command)[] = [];
  let from = 0;
  for (const match of text.matchAll(HEADER_COMMAND)) {
    if (match.index > from) parts.push(text.slice(from, match.index));
    parts.push(match[0] === '%%' ? '%' : compileCommand(match[0], match[1]!));
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}

function compileCommand(whole: string, name: string): Command {
  switch (name) {
    case 'LOCAL_REPLY_BODY':
      return ({ body }) => body;
    case 'RESPONSE_FLAGS':
      return ({ flags }) => flags;
    case 'RESPONSE_CODE':
      return ({ responseCode }) => responseCode;
  }
  const value: Command =
    name === 'RESPONSE_CODE_DETAILS' ? ({ details }) => details : compileHeaderValue(whole);
  return (context) => {
    const made = value(context);
    return made === '' ? null : made;
  };
}

/** @returns undefined where a value is left out: one that is missing, or an object without any */
type JsonMaker = (context: ReplyContext) => JsonTemplate | undefined;

function compileJson(template: JsonTemplate, omitsEmpty: boolean): JsonMaker {
  if (typeof template === 'string') return compileJsonText(template, omitsEmpty);
  if (template === null) return () => (omitsEmpty ? undefined : null);
  if (typeof template !== 'object') return () => template;
  if (isList(template)) {
    const items = template.map((item) => compileJson(item, omitsEmpty));
    return (context) =>
      items.flatMap((make) => {
        const value = make(context);
        return value === undefined ? [] : [value];
      });
  }
  const makers = Object.keys(template)
    .sort()
    .map((key) => [key, compileJson(template[key]!, omitsEmpty)] as const);
  return (context) => {
    const entries = makers.flatMap(([key, make]) => {
      const value = make(context);
      return value === undefined ? [] : [[key, value] as const];
    });
    return omitsEmpty && entries.length === 0 ? undefined : Object.fromEntries(entries);
  };
}

function compileJsonText(text: string, omitsEmpty: boolean): JsonMaker {
  const [first, ...others] = partsOf(text);
  if (typeof first === 'function' && others.length === 0) {
    return (context) => first(context) ?? (omitsEmpty ? undefined : null);
  }
  return compileText(text, omitsEmpty);
}

function isList(template: JsonTemplate): template is readonly JsonTemplate[] {
  return Array.isArray(template);
}
