/**
 * A connection of the virtual proxy to an upstream, whatever it speaks: how it comes up and ends.
 */
import { PLAIN_TEXT_PEER_TEXT } from '../../../../src/core/certificate.ts';
import { connectFailureText } from '../../../../src/core/connect-failure-text.ts';
import type { Endpoint, Head, HeaderList, PeerFacts, Slot } from '../../../../src/core/engine.ts';
import { CloseReason, ConnectFailure } from '../../../../src/core/engine.ts';
import { latin1 } from '../http-text.ts';
import type { VirtualContext } from './context.ts';
import { HOP_NS, type Receiver, type WireEnd } from './wire.ts';

/** What stands behind an address. */
export type Dialled =
  | 'refused'
  | 'silent'
  /** It closes the connection before it is up. */
  | 'hung-up'
  | { readonly failure: ConnectFailure; readonly detail: string }
  | {
      readonly end: WireEnd;
      /** null = plain text, where it was asked for. */
      readonly tls: Partial<PeerFacts> | null;
      /** It speaks plain text, where TLS was asked for. */
      readonly isMistaken?: boolean;
    };

/** What Envoy says when it greets a peer that has hung up. */
const BROKEN_PIPE = 'TLS_error:|33554464:system library:OPENSSL_internal:Broken pipe:TLS_error_end';
const CLIENT_HELLO = '\x16\x03\x01\x02\x00\x01';

/** The proxy's side of one request. */
export interface UpstreamStream {
  sendBody(chunk: Uint8Array, end: boolean): void;
  sendTrailers(trailers: HeaderList): void;
  resetStream(): void;
  setReading(on: boolean): void;
}

export abstract class UpstreamConnection implements Receiver {
  readonly slot: Slot;
  protected readonly context: VirtualContext;
  protected end: WireEnd | null = null;
  protected isGone = false;
  private readonly endpoint: Endpoint;

  constructor(
    context: VirtualContext,
    slot: Slot,
    endpoint: Endpoint,
    dial: (address: string) => Dialled,
  ) {
    this.context = context;
    this.slot = slot;
    this.endpoint = endpoint;
    context.time.afterNs(HOP_NS, () => this.connected(dial(endpoint.address)));
  }

  abstract openStream(stream: Slot, head: Head, end: boolean): void;
  abstract onBytes(bytes: Uint8Array): void;

  /** Its streams are over. */
  protected abstract resetAll(reason: CloseReason): void;

  /** Bytes without protocol. */
  sendRaw(bytes: Uint8Array, _end: boolean): void {
    this.end?.write(bytes);
  }

  closeBy(): void {
    this.context.time.afterNs(0, () => this.lost(CloseReason.local));
  }

  onEnd(): void {
    this.lost(CloseReason.remoteEnd);
  }

  onReset(): void {
    this.lost(CloseReason.remoteReset);
  }

  protected lost(reason: CloseReason): void {
    if (this.isGone) return;
    this.isGone = true;
    this.end?.close();
    this.resetAll(reason);
    this.context.upstreams.remove(this.slot);
    this.context.input((engine) => engine.onConnectionClosed(this.slot, reason));
  }

  private connected(dialled: Dialled): void {
    if (this.isGone || dialled === 'silent') return;
    const { context, slot } = this;
    if (dialled === 'refused') {
      const detail = connectFailureText('ECONNREFUSED');
      this.failConnect('tcp', ConnectFailure.refused, detail);
    } else if (dialled === 'hung-up') {
      this.failConnect('tls', ConnectFailure.closed, '');
    } else if ('failure' in dialled) {
      this.failConnect('tls', dialled.failure, dialled.detail);
    } else if (dialled.isMistaken === true) this.greet(dialled.end);
    else {
      this.end = dialled.end;
      dialled.end.receiver = this;
      const peer = { ...peerOf(this.endpoint.address), ...dialled.tls };
      context.input((engine) => engine.onConnected(slot, peer));
    }
  }

  private failConnect(stage: 'tcp' | 'tls', reason: ConnectFailure, detail: string): void {
    const { context, slot } = this;
    this.isGone = true;
    context.upstreams.remove(slot);
    context.input((engine) => engine.onConnectFailed(slot, stage, reason, detail));
  }

  /** The other side answers our hello in plain text, or goes away. */
  private greet(end: WireEnd): void {
    end.receiver = {
      onBytes: () => {
        if (this.isGone) return;
        end.close();
        this.failConnect('tls', ConnectFailure.tls, PLAIN_TEXT_PEER_TEXT);
      },
      onEnd: () => {
        if (!this.isGone) this.failConnect('tls', ConnectFailure.closed, BROKEN_PIPE);
      },
      onReset: () => {
        if (!this.isGone) this.failConnect('tls', ConnectFailure.closed, '');
      },
    };
    this.end = end;
    end.write(latin1(CLIENT_HELLO));
  }
}

function peerOf(address: string): PeerFacts {
  return {
    tls: false,
    validated: false,
    sans: [],
    serverName: null,
    protocol: 'http1',
    remoteAddress: address,
    localAddress: '127.0.0.1:50001',
  };
}
