/**
 * What a target offers to a case: time, connections, upstream addresses, counters.
 *
 * Two stages exist: `virtual/` (the engine in virtual time) and `live/` (a program on sockets). The
 * scripted client and the scripted upstreams are the same on both and speak HTTP/1 in bytes.
 */
import type { ClientTls, UpstreamTls } from './case-file.ts';

/** The other side reset the connection. */
export class ConnectionReset extends Error {}
/** The stream ended where more was expected. */
export class UnexpectedEnd extends Error {}
/** The TLS handshake failed. */
export class TlsFailure extends Error {}
/** This case means nothing on this stage. */
export class NotApplicable extends Error {}

/** One end of a connection. */
export interface ByteStream {
  /** The next bytes; null = the other side ended. @throws ConnectionReset */
  read(): Promise<Uint8Array | null>;
  write(bytes: Uint8Array): void;
  /** Ends and forgets the connection. */
  close(): void;
  /** Resets it. */
  reset(): void;
}

export interface Clock {
  /** Monotonic. */
  nowMs(): number;
  wallMs(): number;
  sleep(ms: number): Promise<void>;
}

/** Somebody who takes connections. */
export type Acceptor = (stream: ByteStream) => Promise<void>;

/** How an upstream's port behaves before any byte. */
export interface PortPlan {
  readonly refuses: boolean;
  readonly isBlackhole: boolean;
  readonly tls: UpstreamTls | null;
}

export interface Stage {
  readonly clock: Clock;
  /** The folder of the case's files. */
  readonly folder: string;
  /** Of `listener`, `listener2`, `admin` and `dead`. */
  readonly ports: Readonly<Record<string, number>>;
  /** Reserves a port, and takes connections to it unless the plan says otherwise. */
  addUpstream(plan: PortPlan, accept: Acceptor): Promise<UpstreamPort>;
  writeFile(name: string, text: string): Promise<void>;
  makeCertificates(): Promise<void>;
  /** @returns false when the proxy refused the bootstrap (`startProblem` says why) */
  start(bootstrap: string): Promise<boolean>;
  readonly startProblem: string;
  connect(to: 'listener' | 'listener2', tls: ClientTls | null): Promise<ByteStream>;
  /** Lines of `/stats` as `name: value`. @param only one name */
  stats(only: string | null): Promise<string>;
  /** Lines of `/clusters`. */
  clusters(): Promise<string>;
  /** Ends the proxy, if it runs. */
  stop(): Promise<void>;
  /** The access log's text; after `stop`. */
  accessLog(): Promise<string>;
  /** Runs the script of a case on this stage's time. */
  run(script: () => Promise<void>): Promise<void>;
}

export interface UpstreamPort {
  readonly port: number;
  /** Starts to listen where nothing listened. */
  listen(): Promise<void>;
  close(): void;
}
