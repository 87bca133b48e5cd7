/**
 * The tables of a run: everything that exists per request, attempt and connection.
 *
 * A driver makes one and hands it to each engine it creates, so that ten thousand idle sidecars
 * share a few columns. Slots are therefore unique among all engines that share the tables.
 */
import type { ConnectionPool } from '../cluster/connection-pool.ts';
import { ConnectionTable } from '../cluster/connection-table.ts';
import { DownstreamTable } from './downstream-table.ts';
import { LocalReplies } from './local-reply.ts';
import { RequestTable } from './request-table.ts';
import { StreamTable } from './stream-table.ts';

export class EngineTables {
  readonly requests: RequestTable;
  readonly streams: StreamTable;
  readonly connections: ConnectionTable;
  readonly downstreams: DownstreamTable;
  /** Indexed by pool id. */
  readonly pools: ConnectionPool[];
  /** Answers that proxies give by themselves, by their content. */
  readonly replies: LocalReplies;
  /** Response flags as text, by their packed form. */
  readonly flagTexts: Map<number, string>;

  constructor() {
    this.requests = new RequestTable();
    this.streams = new StreamTable();
    this.connections = new ConnectionTable();
    this.downstreams = new DownstreamTable();
    this.pools = [];
    this.replies = new LocalReplies();
    this.flagTexts = new Map();
  }
}
