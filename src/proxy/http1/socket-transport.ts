/**
 * A transport on a socket of Node.
 *
 * What is written within one turn of Node's loop leaves together: the socket is corked until then.
 */
import type { Socket } from 'node:net';
import type { Transport, TransportUser } from './transport.ts';

export class SocketTransport implements Transport {
  private readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  get isGone(): boolean {
    return this.socket.destroyed;
  }

  attach(user: TransportUser): void {
    const { socket } = this;
    let wasReset = false;
    socket.on('data', (bytes: Buffer) => user.onBytes(bytes));
    socket.on('end', () => user.onEnd());
    socket.on('drain', () => user.onRoom());
    socket.on('error', () => {
      wasReset = true;
    });
    socket.on('close', () => user.onGone(wasReset));
  }

  write(bytes: Uint8Array | string): boolean {
    const { socket } = this;
    if (socket.destroyed || socket.writableEnded) return true;
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    if (typeof bytes === 'string') socket.write(bytes, 'latin1');
    else socket.write(bytes);
    return !socket.writableNeedDrain;
  }

  setReading(on: boolean): void {
    if (on) this.socket.resume();
    else this.socket.pause();
  }

  finish(): void {
    this.socket.destroySoon();
  }

  abort(): void {
    this.socket.destroy();
  }
}
