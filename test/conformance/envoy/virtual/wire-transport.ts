/**
 * A transport of the proxy's HTTP/1 on a virtual wire.
 *
 * The wire has no flow control, and what is written leaves at once.
 */
import type { Transport, TransportUser } from '../../../../src/proxy/http1/transport.ts';
import { latin1 } from '../http-text.ts';
import type { VirtualTime } from './time.ts';
import type { Receiver, WireEnd } from './wire.ts';

export class WireTransport implements Transport, Receiver {
  isGone = false;
  private readonly end: WireEnd;
  private readonly time: VirtualTime;
  private user: TransportUser | null = null;

  constructor(end: WireEnd, time: VirtualTime) {
    this.end = end;
    this.time = time;
    end.receiver = this;
  }

  attach(user: TransportUser): void {
    this.user = user;
  }

  write(bytes: Uint8Array | string): boolean {
    this.end.write(typeof bytes === 'string' ? latin1(bytes) : bytes);
    return true;
  }

  setReading(): void {}

  finish(): void {
    this.time.afterNs(0, () => this.close(false));
  }

  abort(): void {
    this.finish();
  }

  onBytes(bytes: Uint8Array): void {
    if (!this.isGone) this.user?.onBytes(Buffer.from(bytes));
  }

  onEnd(): void {
    if (!this.isGone) this.user?.onEnd();
  }

  onReset(): void {
    this.close(true);
  }

  private close(wasReset: boolean): void {
    if (this.isGone) return;
    this.isGone = true;
    this.end.close();
    this.user?.onGone(wasReset);
  }
}
