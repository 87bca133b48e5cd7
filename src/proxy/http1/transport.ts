/**
 * What an HTTP/1 connection stands on: a socket, or a wire in virtual time.
 *
 * A transport never calls back from inside a call to it, except that `onBytes` of a peer in the same
 * process may follow in a later turn.
 */

/** One end of a connection that carries bytes both ways. */
export interface Transport {
  /** Nothing can be written any more. */
  readonly isGone: boolean;
  /** Names who is told; before anything arrives. */
  attach(user: TransportUser): void;
  /**
   * @param bytes text is latin1
   * @returns false when the transport holds as many bytes as it should
   */
  write(bytes: Uint8Array | string): boolean;
  /** Stops or resumes what comes from the peer. */
  setReading(on: boolean): void;
  /** Ends it once everything is written. */
  finish(): void;
  /** Ends it now. */
  abort(): void;
}

/** Told what happens to a transport. */
export interface TransportUser {
  onBytes(bytes: Buffer): void;
  /** The peer sends nothing more. */
  onEnd(): void;
  /** What `write` said was full has room again. */
  onRoom(): void;
  /** It is gone, whoever ended it; comes once, and nothing after it. */
  onGone(wasReset: boolean): void;
}
