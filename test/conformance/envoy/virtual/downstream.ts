/**
 * A client's connection to the virtual proxy: bytes ↔ the engine's downstream inputs and ports.
 */
import type { Head, HeaderList, PeerFacts, Slot } from '../../../../src/core/engine.ts';
import { CloseReason, NO_SLOT, ResetReason } from '../../../../src/core/engine.ts';
import { HttpHead } from '../../../../src/core/head.ts';
import type { Ns } from '../../../../src/core/time.ts';
import { MILLISECOND } from '../../../../src/core/time.ts';
import type { ListenerConfig } from '../../../../src/mesh/config/config.ts';
import {
  endToEnd,
  headerValue,
  type MutableHeaders,
  mayHaveBody,
  tokensOf,
  withLimitedTe,
} from '../../../../src/proxy/http1/headers.ts';
import { latin1 } from '../http-text.ts';
import { fieldLines, type VirtualContext } from './context.ts';
import {
  type Malformed,
  type ParsedRequest,
  RequestParser,
  type RequestSink,
} from './request-parser.ts';
import type { Receiver, WireEnd } from './wire.ts';

/** What a request slot stands for. */
export interface RequestSlot {
  readonly connection: VirtualDownstream;
}

export class VirtualDownstream implements Receiver, RequestSink {
  readonly slot: Slot;
  private readonly context: VirtualContext;
  private readonly end: WireEnd;
  private readonly listener: ListenerConfig;
  private readonly parser: RequestParser;
  private readonly scheme: 'http' | 'https';
  private isHttp10 = false;
  private request: Slot = NO_SLOT;
  private method = '';
  private hasRequestEnded = false;
  private hasResponseEnded = false;
  private isChunked = false;
  private isUpgrade = false;
  private isGoingAway = false;
  private isLingering = false;
  private isGone = false;

  constructor(context: VirtualContext, end: WireEnd, listener: ListenerConfig, peer: PeerFacts) {
    this.context = context;
    this.end = end;
    this.listener = listener;
    this.parser = new RequestParser(this, listener.codec);
    this.scheme = peer.tls ? 'https' : 'http';
    this.slot = context.downstreams.take(this);
    end.receiver = this;
    context.input((engine) => engine.onDownstreamOpen(this.slot, listener.id, peer));
  }

  // what arrives

  onBytes(bytes: Uint8Array): void {
    this.parser.push(bytes);
  }

  onEnd(): void {
    const { request } = this;
    if (this.isUpgrade && request !== NO_SLOT && !this.hasRequestEnded) {
      this.endRequest();
      this.context.input((engine) => engine.onRequestBody(request, 0, null, true));
    }
    this.close(CloseReason.remoteEnd);
  }

  onReset(): void {
    this.close(CloseReason.remoteReset);
  }

  onStart(): void {
    if (this.isLingering) return;
    this.request = this.context.requests.take({ connection: this });
    this.hasRequestEnded = false;
    this.hasResponseEnded = false;
    this.isUpgrade = false;
    const { request, slot } = this;
    this.context.input((engine) => engine.onRequestStart(request, slot));
  }

  onHead(parsed: ParsedRequest): void {
    const { request, slot, context } = this;
    if (request === NO_SLOT || this.isLingering) return;
    const uid = context.identity.nextUid();
    const head = requestHead(parsed, this.listener, this.scheme, () =>
      context.identity.requestId(uid),
    );
    const connection = tokensOf(headerValue(parsed.headers, 'connection'));
    this.isHttp10 = parsed.version === 'HTTP/1.0';
    const isLast = this.isHttp10
      ? !connection.includes('keep-alive')
      : connection.includes('close');
    if (isLast) this.isGoingAway = true;
    this.method = parsed.method;
    this.isUpgrade = head.upgrade !== '';
    const end = parsed.end && !this.isUpgrade;
    this.hasRequestEnded = end;
    if (this.isUpgrade) this.parser.tunnel();
    else if (end) this.parser.hold();
    context.input((engine) => engine.onRequest(request, slot, uid, head, end));
  }

  onBody(bytes: Uint8Array, end: boolean): void {
    const { request } = this;
    if (request === NO_SLOT) return;
    if (end) this.endRequest();
    this.context.input((engine) => engine.onRequestBody(request, bytes.length, bytes, end));
  }

  onTrailers(trailers: HeaderList): void {
    const { request } = this;
    if (request === NO_SLOT) return;
    this.endRequest();
    const head = new HttpHead({ headers: trailers });
    this.context.input((engine) => engine.onRequestTrailers(request, head));
  }

  onMalformed({ status, details }: Malformed): void {
    const { request } = this;
    if (request === NO_SLOT) return;
    this.isGoingAway = true;
    this.context.input((engine) => engine.onMalformedRequest(request, status, details));
  }

  // what the ports do

  respondInformational(head: Head): void {
    this.end.write(latin1(`HTTP/1.1 ${head.status} Early\r\n${fieldLines(head.headers)}\r\n`));
  }

  respondHead(head: Head, end: boolean): void {
    const isUpgraded = head.status === 101;
    const headers = endToEnd(head.headers.map(([name, value]) => [name, value]));
    if (tokensOf(head.get('connection')).includes('close')) this.isGoingAway = true;
    const hasLength = headerValue(headers, 'content-length') !== undefined;
    this.isChunked = false;
    if (isUpgraded) headers.push(['connection', 'upgrade'], ['upgrade', head.upgrade]);
    else if (mayHaveBody(this.method, head.status) && !hasLength) {
      this.isChunked = !end && !this.isHttp10;
      if (this.isHttp10 && !end) this.isGoingAway = true;
      if (end) headers.push(['content-length', '0']);
      else if (this.isChunked) headers.push(['transfer-encoding', 'chunked']);
    } else if (!hasLength && !this.isHttp10 && mayHaveBody('GET', head.status)) {
      // To a HEAD request.
      headers.push(['transfer-encoding', 'chunked']);
    }
    if (this.isGoingAway && !isUpgraded) headers.push(['connection', 'close']);
    else if (this.isHttp10) headers.push(['connection', 'keep-alive']);
    this.end.write(latin1(`HTTP/1.1 ${head.status} S\r\n${fieldLines(headers)}\r\n`));
    if (end) this.endResponse();
  }

  respondBody(chunk: Uint8Array, end: boolean): void {
    if (!this.isChunked) {
      if (chunk.length > 0) this.end.write(chunk);
    } else if (chunk.length > 0) {
      const size = latin1(`${chunk.length.toString(16)}\r\n`);
      this.end.write(Buffer.concat([size, chunk, latin1('\r\n')]));
    }
    if (!end) return;
    if (this.isChunked) this.end.write(latin1('0\r\n\r\n'));
    this.endResponse();
  }

  respondTrailers(trailers: Head): void {
    if (this.isChunked) this.end.write(latin1(`0\r\n${fieldLines(trailers.headers)}\r\n`));
    this.endResponse();
  }

  /** The engine gave the request up; it closes the connection next. */
  resetRequest(): void {
    this.freeRequest();
    this.parser.hold();
  }

  goAway(): void {
    this.isGoingAway = true;
  }

  closeBy(how: 'abort' | 'flush' | 'linger', lingerNs: Ns, reason: CloseReason): void {
    if (how === 'abort') this.isLingering = true;
    if (how === 'linger' && lingerNs > 0) this.linger(lingerNs, reason);
    else this.context.time.afterNs(0, () => this.close(reason));
  }

  private linger(lingerNs: Ns, reason: CloseReason): void {
    if (this.isLingering) return;
    this.isLingering = true;
    this.context.time.afterNs(lingerNs, () => this.close(reason));
  }

  private endRequest(): void {
    this.hasRequestEnded = true;
    if (this.hasResponseEnded) this.freeRequest();
    else this.parser.hold();
  }

  private endResponse(): void {
    this.hasResponseEnded = true;
    if (this.isGoingAway && this.hasRequestEnded) {
      const lingerNs = this.listener.delayedCloseTimeoutMs * MILLISECOND;
      if (lingerNs === 0) this.closeBy('flush', 0, CloseReason.local);
      else this.linger(lingerNs, CloseReason.local);
    }
    if (!this.hasRequestEnded) return;
    this.freeRequest();
    this.context.time.afterNs(0, () => {
      if (!this.isGone && !this.isLingering) this.parser.release();
    });
  }

  private freeRequest(): void {
    if (this.request === NO_SLOT) return;
    this.context.requests.free(this.request);
    this.request = NO_SLOT;
  }

  close(reason: CloseReason): void {
    if (this.isGone) return;
    this.isGone = true;
    this.end.close();
    const { request, slot, context } = this;
    if (request !== NO_SLOT) {
      this.freeRequest();
      context.input((engine) => engine.onRequestReset(request, ResetReason.connectionTermination));
    }
    context.downstreams.free(slot);
    context.input((engine) => engine.onDownstreamClosed(slot, reason));
  }
}

/** As `proxy/http1/request-head.ts` makes it of Node's message. */
function requestHead(
  parsed: ParsedRequest,
  { codec, edge }: ListenerConfig,
  scheme: string,
  requestId: () => string,
): HttpHead {
  const takesAbsolute = codec?.acceptsAbsoluteTargets !== false;
  const absolute = takesAbsolute ? /^http:\/\/([^/?#]*)(.*)$/i.exec(parsed.target) : null;
  const fallback = parsed.version === 'HTTP/1.0' ? (codec?.http10Host ?? '') : '';
  const host = headerValue(parsed.headers, 'host') ?? fallback;
  const authority = absolute === null ? host : absolute[1]!;
  const rest = absolute === null ? parsed.target : absolute[2]!;
  const headers: MutableHeaders = withLimitedTe(endToEnd(parsed.headers)).filter(
    ([name]) => name !== 'host' && (name !== 'expect' || edge !== undefined),
  );
  if (headerValue(headers, 'x-forwarded-proto') === undefined) {
    headers.push(['x-forwarded-proto', scheme]);
  }
  if (edge === undefined && headerValue(headers, 'x-request-id') === undefined) {
    headers.push(['x-request-id', requestId()]);
  }
  const isUpgrade = tokensOf(headerValue(parsed.headers, 'connection')).includes('upgrade');
  return new HttpHead({
    method: parsed.method,
    authority,
    path: absolute === null || rest.startsWith('/') ? rest : `/${rest}`,
    upgrade: isUpgrade ? (headerValue(parsed.headers, 'upgrade') ?? '') : '',
    headers,
  });
}
