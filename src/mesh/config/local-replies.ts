/**
 * How a listener words the answers that it gives by itself.
 *
 * Source: Envoy v3 API, HttpConnectionManager.local_reply_config, SubstitutionFormatString.
 */
import type { HeaderAddition } from './rewriting.ts';
import type { HeaderMatch } from './route-match.ts';

export interface LocalReplyConfig {
  /** The first that holds is used, and no other. */
  readonly mappers: readonly ReplyMapper[];
  /** Of all bodies, unless a mapper has its own; null = they stay. */
  readonly format: ReplyFormat | null;
}

export interface ReplyMapper {
  readonly condition: ReplyCondition;
  /** 200..599; null = it stays. */
  readonly status: number | null;
  /** Plain text, put in before any format; null = it stays. */
  readonly body: string | null;
  readonly headers: readonly HeaderAddition[];
  /** null = the common one. */
  readonly format: ReplyFormat | null;
}

export type ReplyCondition =
  | { readonly kind: 'always' | 'never' }
  | { readonly kind: 'and' | 'or'; readonly of: readonly ReplyCondition[] }
  | {
      readonly kind: 'status';
      readonly relation: 'eq' | 'ge' | 'le' | 'ne';
      readonly value: number;
    }
  /** Any of these is set, by their short names; none named = any at all. */
  | { readonly kind: 'flags'; readonly flags: readonly string[] }
  /** Of the request. */
  | { readonly kind: 'header'; readonly match: HeaderMatch }
  /** Of the gRPC status that stands for the reply's. */
  | {
      readonly kind: 'grpc-status';
      readonly statuses: readonly number[];
      readonly isExcluded: boolean;
    };

/** Text with Envoy's commands. */
export type ReplyFormat = (
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'json'; readonly value: JsonTemplate }
) & {
  /** '' = `text/plain`, or `application/json`. */
  readonly contentType: string;
  /** What has no value is left out; else it is `-`, or null in JSON. */
  readonly omitsEmpty: boolean;
};

/** A JSON object whose texts hold commands; a text that is one command alone keeps its type. */
export type JsonTemplate =
  | string
  | number
  | boolean
  | null
  | readonly JsonTemplate[]
  | { readonly [key: string]: JsonTemplate };
