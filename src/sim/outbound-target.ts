/**
 * How the calls of one host to one service enter its outbound proxy.
 *
 * All of them share one loopback connection per target, opened with the first call and again after
 * the engine closed it.
 */
import type { CallTarget } from './world-spec.ts';

export class OutboundTarget {
  readonly host: number;
  readonly listener: number;
  readonly authority: string;
  /** ip:port that the application connects to. */
  readonly destination: string;
  /** Slot of the open loopback connection, -1 = none. */
  connection: number;

  constructor(host: number, port: number, target: CallTarget) {
    this.host = host;
    this.listener = target.listener;
    this.authority = target.authority;
    this.destination = target.originalDestination ?? `0.0.0.0:${port}`;
    this.connection = -1;
  }
}
