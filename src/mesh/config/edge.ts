/**
 * What a connection manager does to heads at its edge, and what its codec takes.
 *
 * Only listeners that were configured as Envoy's have one; all others leave heads as they are.
 * Source: policy-engine.md §0.4, 11; Envoy v3 API, HttpConnectionManager, HttpProtocolOptions.
 */

/** Requests on their way in, responses on their way out. */
export interface EdgeConfig {
  readonly path: PathNormalization;
  /** Which port is cut off the host: none, the listener's own, or any. */
  readonly strippedPort: 'none' | 'matching' | 'any';
  /** Whether the dot behind a host name is cut off. */
  readonly stripsHostDot: boolean;
  /** Added to `via` of requests and responses; '' = nothing. */
  readonly via: string;
  readonly serverName: string;
  readonly serverHeader: 'overwrite' | 'append-if-absent' | 'pass-through';
  /** Fills `user-agent` and the headers of the calling service in; null = it does not. */
  readonly userAgent: { readonly cluster: string; readonly node: string } | null;
  readonly appendsForwardedPort: boolean;
  readonly requestId: {
    readonly isMade: boolean;
    /** Whether clients from outside keep theirs. */
    readonly isPreserved: boolean;
    readonly isAnswered: boolean;
  };
  /** Whether `expect: 100-continue` is answered here instead of upstream. */
  readonly answersContinue: boolean;
  /** Whether refusals of an overloaded proxy say so in a header. */
  readonly tellsOverload: boolean;
}

export interface PathNormalization {
  /** Resolves dots, back-slashes and needless escapes. */
  readonly isNormalized: boolean;
  readonly mergesSlashes: boolean;
  /** What follows from `%2F` and `%5C` in a path. */
  readonly escapedSlashes: 'keep' | 'reject' | 'redirect' | 'unescape';
}

/** What the codec of a listener's clients takes; read by drivers. */
export interface CodecConfig {
  /** Of a request head, bytes. */
  readonly maxHeadBytes: number;
  /** Of a request. */
  readonly maxHeaderCount: number;
  /** Header names with an underscore. */
  readonly underscores: 'allow' | 'reject' | 'drop';
  readonly acceptsHttp10: boolean;
  /** The host of HTTP/1.0 requests that name none; '' = they are refused. */
  readonly http10Host: string;
  readonly acceptsAbsoluteTargets: boolean;
  /** Whether a content length beside chunks is dropped rather than an error. */
  readonly acceptsChunkedLength: boolean;
  readonly acceptsAnyMethod: boolean;
  readonly passesTrailers: boolean;
}
