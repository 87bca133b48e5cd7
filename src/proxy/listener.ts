/**
 * One listening address of the proxy: its sockets become the engine's client connections.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { PeerFacts } from '../core/engine.ts';
import { EnvironmentError } from '../core/errors.ts';
import { plainPeer } from '../core/plain-peer.ts';
import { formatAddress, type SocketAddress } from './addresses.ts';
import { DownstreamConnection } from './http1/downstream-connection.ts';
import type { DownstreamContext } from './http1/downstream-context.ts';
import { SocketTransport } from './http1/socket-transport.ts';

/** Bytes that one socket may hold in each direction before the other side is slowed down. */
const BUFFER_LIMIT_BYTES = 256 * 1024;

/** A bound address that hands its connections to the engine. */
export class Listener {
  private readonly server: Server;
  private readonly context: DownstreamContext;
  private readonly connections = new Map<Socket, DownstreamConnection>();

  constructor(context: DownstreamContext) {
    this.context = context;
    const options = { allowHalfOpen: true, highWaterMark: BUFFER_LIMIT_BYTES, noDelay: true };
    this.server = createServer(options, (socket) => this.opened(socket));
  }

  /** @throws EnvironmentError when the address cannot be had */
  listen(address: SocketAddress): Promise<void> {
    return listenOn(this.server, address);
  }

  /** host:port, with the port that the system chose. */
  get address(): string {
    const { address, port } = this.server.address() as AddressInfo;
    return formatAddress(address, port);
  }

  get connectionCount(): number {
    return this.connections.size;
  }

  /** Takes no new connections, and lets the present ones end with their next response. */
  startDraining(): void {
    this.server.close();
    for (const connection of this.connections.values()) connection.drain();
  }

  /** Ends every connection now. */
  destroy(): void {
    for (const socket of this.connections.keys()) socket.destroy();
  }

  private opened(socket: Socket): void {
    // Before the connection's own: it may be refused at once.
    socket.on('close', () => this.connections.delete(socket));
    const transport = new SocketTransport(socket);
    const connection = new DownstreamConnection(transport, peerOf(socket), this.context);
    this.connections.set(socket, connection);
  }
}

function peerOf(socket: Socket): PeerFacts {
  return plainPeer(
    formatAddress(socket.remoteAddress ?? '', socket.remotePort ?? 0),
    formatAddress(socket.localAddress ?? '', socket.localPort ?? 0),
  );
}

/**
 * Binds a server.
 * @throws EnvironmentError with the system's code, e.g. `EADDRINUSE`
 */
export function listenOn(server: Server, { host, port }: SocketAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException) => {
      const code = cause.code ?? 'EUNKNOWN';
      const message = `cannot listen on ${formatAddress(host, port)}: ${code}`;
      reject(new EnvironmentError(code, message, { cause }));
    };
    server.once('error', refuse);
    server.listen({ host, port }, () => {
      server.off('error', refuse);
      resolve();
    });
  });
}
