/**
 * One listening address: Node's HTTP server with every decision of its own switched off.
 *
 * Timeouts, keep-alive and limits are the engine's or ours; Node's strict parser stays in charge of
 * what is a request at all, which keeps request smuggling out.
 */
import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { EnvironmentError } from '../core/errors.ts';
import { formatAddress, type SocketAddress } from './addresses.ts';
import { DownstreamConnection, type DownstreamContext } from './http1/downstream-connection.ts';
import type { Refusal } from './http1/request-head.ts';

/** Envoy's default limit of a request head, bytes. */
const MAX_HEAD_BYTES = 60 * 1024;
/** Bytes that one socket may hold in each direction before the other side is slowed down. */
const BUFFER_LIMIT_BYTES = 256 * 1024;

const SERVER_OPTIONS = {
  highWaterMark: BUFFER_LIMIT_BYTES,
  insecureHTTPParser: false,
  keepAliveTimeout: 0,
  headersTimeout: 0,
  requestTimeout: 0,
  maxHeaderSize: MAX_HEAD_BYTES,
  noDelay: true,
  requireHostHeader: false,
};

/** A bound address that hands its connections to the engine. */
export class Listener {
  private readonly server: Server;
  private readonly context: DownstreamContext;
  private readonly connections = new Map<Socket, DownstreamConnection>();

  constructor(context: DownstreamContext) {
    this.context = context;
    this.server = createServer(SERVER_OPTIONS);
    // Node drops header lines above its limit without a word; ours is checked per request.
    this.server.maxHeadersCount = 0;
    this.server.on('connection', (socket: Socket) => this.opened(socket));
    this.server.on('request', (message, response) => this.received(message, response));
    this.server.on('checkContinue', (message, response) => {
      response.writeContinue();
      this.received(message, response);
    });
    this.server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      this.malformed(error, socket as Socket);
    });
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
    for (const [socket, connection] of this.connections) {
      connection.goAway();
      if (connection.isIdle) socket.destroySoon();
    }
  }

  /** Ends every connection now. */
  destroy(): void {
    for (const socket of this.connections.keys()) socket.destroy();
  }

  private opened(socket: Socket): void {
    this.connections.set(socket, new DownstreamConnection(socket, this.context));
    socket.on('close', () => this.connections.delete(socket));
  }

  private received(message: IncomingMessage, response: ServerResponse): void {
    this.connections.get(message.socket)?.accept(message, response);
  }

  /** Node gives one error per piece of data; the first one ends the connection. */
  private malformed(error: NodeJS.ErrnoException, socket: Socket): void {
    const connection = this.connections.get(socket);
    if (connection === undefined || !socket.writable) {
      socket.destroy();
      return;
    }
    if (connection.hasEndedRequests) return;
    const message = new IncomingMessage(socket);
    message.httpVersionMajor = 1;
    message.httpVersionMinor = 1;
    const response = new ServerResponse(message);
    if (connection.isIdle && !assignTo(socket, response)) {
      socket.destroySoon();
      return;
    }
    connection.acceptMalformed(message, response, refusalOf(error.code));
  }
}

/** @returns false while Node still writes an earlier response */
function assignTo(socket: Socket, response: ServerResponse): boolean {
  try {
    response.assignSocket(socket);
  } catch {
    return false;
  }
  response.on('finish', () => socket.destroySoon());
  return true;
}

function refusalOf(code: string | undefined): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW') return { status: 431, details: 'http1.headers_too_large' };
  return { status: 400, details: 'http1.codec_error' };
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
