/**
 * How routes change requests and responses on their way, or answer with another address.
 *
 * Source: policy-engine.md §8.3 to 8.5; Envoy, RouteAction, RedirectAction, HeaderValueOption.
 */
/** Changes of headers: first what is removed, then what is added, in order. */
export interface HeaderMutations {
  /** Lower-case; never `host` nor a name with a colon. */
  readonly remove: readonly string[];
  readonly add: readonly HeaderAddition[];
}

export interface HeaderAddition {
  /** Lower-case; never `host` nor a name with a colon. */
  readonly name: string;
  /** With Envoy's commands, such as `%REQ(x-user)%`; `%%` is one percent sign. */
  readonly value: string;
  readonly action: HeaderAppendAction;
  /** Whether a value that comes out empty is added all the same. */
  readonly keepsEmpty: boolean;
}

export type HeaderAppendAction =
  | 'append-if-exists-or-add'
  | 'add-if-absent'
  | 'overwrite-if-exists-or-add'
  | 'overwrite-if-exists';

/** `prefix` replaces what the route's match has matched; `regex` every match in the whole path. */
export type PathRewrite =
  | { readonly kind: 'prefix'; readonly value: string }
  | { readonly kind: 'regex'; readonly pattern: string; readonly substitution: string };

export type HostRewrite =
  | { readonly kind: 'literal'; readonly value: string }
  /** The value of a request header, lower-case name; nothing happens without it. */
  | { readonly kind: 'header'; readonly name: string }
  /** The path without query, after the replacement. */
  | { readonly kind: 'path-regex'; readonly pattern: string; readonly substitution: string };

/** Answer with another address. What is not given stays as the request has it. */
export interface RedirectAction {
  readonly kind: 'redirect';
  readonly status: 301 | 302 | 303 | 307 | 308;
  /** '' = the request's. */
  readonly scheme: string;
  /** '' = the request's. */
  readonly host: string;
  /** 0 = the request's. */
  readonly port: number;
  /** A new path, with or without a query of its own; null = the request's. */
  readonly path: { readonly kind: 'whole'; readonly value: string } | PathRewrite | null;
  readonly stripsQuery: boolean;
}
