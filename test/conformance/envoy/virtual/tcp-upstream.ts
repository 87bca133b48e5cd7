/**
 * An upstream connection of the virtual proxy that carries a client's bytes; each side ends for itself.
 */
import { CloseReason } from '../../../../src/core/engine.ts';
import { UpstreamConnection } from './upstream-connection.ts';

export class TcpUpstream extends UpstreamConnection {
  private hasEnded = false;
  private hasSentEnd = false;

  openStream(): void {
    throw new Error('a connection without protocol has no streams');
  }

  override sendRaw(bytes: Uint8Array, end: boolean): void {
    if (bytes.length > 0) this.end?.write(bytes);
    if (!end) return;
    this.end?.finish();
    this.hasSentEnd = true;
    if (this.hasEnded) this.closeBy();
  }

  onBytes(bytes: Uint8Array): void {
    const { slot } = this;
    this.context.input((engine) => engine.onUpstreamData(slot, bytes.length, bytes, false));
  }

  override onEnd(): void {
    if (this.isGone) return;
    const { slot } = this;
    this.hasEnded = true;
    this.context.input((engine) => engine.onUpstreamData(slot, 0, null, true));
    if (this.hasSentEnd) this.lost(CloseReason.remoteEnd);
  }

  protected resetAll(): void {}
}
