/**
 * Buffer filter: a request goes on once all of its body is here, if that is not too large.
 *
 * The engine keeps the body; this filter only says when it is complete, or too much.
 * Source: policy-engine.md §11 (`request_payload_too_large`); Envoy, buffer filter.
 */
import { Flag } from '../../core/records.ts';
import type { BufferConfig } from '../config/filters.ts';
import type { FilterResult, FilterStream, HttpFilter, LocalReply } from './http-filter.ts';

const TOO_LARGE: LocalReply = {
  status: 413,
  grpcStatus: null,
  body: 'Payload Too Large',
  flag: Flag.none,
  details: 'request_payload_too_large',
};

export class BufferFilter implements HttpFilter {
  readonly name = 'envoy.filters.http.buffer';
  private readonly config: BufferConfig;
  private tooLarge = 0;

  constructor(config: BufferConfig) {
    this.config = config;
  }

  onRequestHead(stream: FilterStream, end: boolean): FilterResult {
    if (this.refuses(stream)) return 'pause';
    if (!end) return 'pause';
    if (stream.bodyBytes > 0) this.tellLength(stream);
    return 'continue';
  }

  onRequestBody(stream: FilterStream, end: boolean): void {
    if (this.refuses(stream) || !end) return;
    this.tellLength(stream);
    stream.resume();
  }

  visitStats(visit: (name: string, kind: 'counter' | 'gauge', value: number) => void): void {
    visit('downstream_rq_too_large', 'counter', this.tooLarge);
  }

  private refuses(stream: FilterStream): boolean {
    const { maxRequestBytes } = stream.routeFilter('buffer')?.config ?? this.config;
    if (stream.bodyBytes <= maxRequestBytes) return false;
    this.tooLarge += 1;
    stream.respond(TOO_LARGE);
    return true;
  }

  /** A body that is known in whole is sent with its length. */
  private tellLength(stream: FilterStream): void {
    if (stream.head.get('content-length') !== undefined) return;
    const value = String(stream.bodyBytes);
    const action = 'add-if-absent' as const;
    stream.addRequestHeaders([{ name: 'content-length', value, action, keepsEmpty: false }]);
  }
}
