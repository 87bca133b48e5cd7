/**
 * One end of a real connection, for scripts.
 */
import type { Socket } from 'node:net';
import type { ByteStream } from '../stage.ts';
import { ConnectionReset, TlsFailure } from '../stage.ts';

export class SocketStream implements ByteStream {
  private readonly socket: Socket;
  private readonly arrived: Uint8Array[] = [];
  private isOver = false;
  private failure: Error | null = null;
  private waiting: (() => void) | null = null;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes) => {
      this.arrived.push(bytes);
      this.wake();
    });
    socket.on('end', () => this.ended(null));
    socket.on('close', () => this.ended(null));
    socket.on('error', (error) => this.ended(error));
  }

  async read(): Promise<Uint8Array | null> {
    for (;;) {
      const bytes = this.arrived.shift();
      if (bytes !== undefined) return bytes;
      if (this.failure !== null) throw failureOf(this.failure);
      if (this.isOver) return null;
      await new Promise<void>((resolve) => {
        this.waiting = resolve;
      });
    }
  }

  write(bytes: Uint8Array): void {
    if (!this.socket.destroyed && this.socket.writable) this.socket.write(bytes);
  }

  close(): void {
    this.socket.destroySoon();
    this.ended(null);
  }

  reset(): void {
    this.socket.resetAndDestroy();
    this.ended(null);
  }

  private ended(failure: Error | null): void {
    if (!this.isOver) this.failure = failure;
    this.isOver = true;
    this.wake();
  }

  private wake(): void {
    const { waiting } = this;
    this.waiting = null;
    waiting?.();
  }
}

/** What a script is told of an error: TLS says of its own what it is. */
export function failureOf(error: Error & { code?: string }): Error {
  const isTls = /^(?:ERR_SSL|ERR_TLS|EPROTO)/.test(error.code ?? '');
  return isTls ? new TlsFailure(error.message) : new ConnectionReset(error.message);
}
