/**
 * A port on which connection attempts hang: its queue is full, and nobody takes from it.
 *
 * Node takes connections as soon as its loop turns, so a thread of its own listens and then sleeps.
 */
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

const THREAD = `
const { parentPort } = require('node:worker_threads');
const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
`;
/** The queue takes one more than its length; the others wait for it. */
const FILLING = 4;

export class BlackHole {
  readonly port: number;
  private readonly thread: Worker;
  private readonly filling: readonly Socket[];

  private constructor(thread: Worker, port: number, filling: readonly Socket[]) {
    this.thread = thread;
    this.port = port;
    this.filling = filling;
  }

  static async open(): Promise<BlackHole> {
    const thread = new Worker(THREAD, { eval: true });
    const port = await new Promise<number>((resolve, reject) => {
      thread.once('message', resolve);
      thread.once('error', reject);
    });
    const filling = Array.from({ length: FILLING }, () => connect(port, '127.0.0.1'));
    for (const socket of filling) socket.on('error', () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 20));
    return new BlackHole(thread, port, filling);
  }

  async close(): Promise<void> {
    for (const socket of this.filling) socket.destroy();
    await this.thread.terminate();
  }
}
