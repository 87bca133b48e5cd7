/**
 * Upstream connections of all engines as the network sees them, and the one exchange on each.
 *
 * A row is called a wire; its number is the engine's connection slot. HTTP/1 has one exchange at a
 * time per connection, so the exchange needs no row of its own. The near side is the engine that
 * dialled, the far side the host that was dialled (its inbound proxy or its application).
 *
 *   dialing → idle → request → serving → response → idle …        (phases of the far side's progress)
 *                 \______ any ______/ → farClosed → (closed)      the far side closed or crashed
 *   flag nearClosed: the engine has closed it; the row stays until the far side knows.
 *
 * A message under way has its kernel event in `event`; a close of the near side under way has its
 * own in `closeEvent`, which shares a column with the stream: a closed wire has none.
 */
import { assert } from '../../core/assert.ts';
import { grownBytes, grownInts } from '../columns.ts';

export const WirePhase = {
  free: 0,
  dialing: 1,
  idle: 2,
  request: 3,
  serving: 4,
  response: 5,
  farClosed: 6,
} as const;
export type WirePhase = (typeof WirePhase)[keyof typeof WirePhase];

/** Bits of one column. */
export const WireFlag = {
  nearClosed: 1,
  /** The next response says `connection: close`. */
  goAway: 2,
  /** The far side closes right behind the response. */
  closeAfterResponse: 4,
  /** The head is there, the end of the message is not. */
  composing: 8,
  tls: 16,
  /** The message waits for a partition to heal; `event` is when its sender gives up. */
  messageHeld: 32,
  /** Likewise for the near side's close. */
  closeHeld: 64,
  /** The message is on the link itself, not inside a proxy. */
  onLink: 128,
} as const;

const INITIAL_ROWS = 64;

export class WireTable {
  /** Rows ever used; every taken row is below. */
  rowCount: number;
  private phases: Uint8Array;
  private flags: Uint8Array;
  /** The near side's proxy. */
  private proxies: Int32Array;
  /** Index of the link towards the far side; -1 = the application behind an inbound proxy. */
  private links: Int32Array;
  private streams: Int32Array;
  private uids: Int32Array;
  /** Shape of the head under way or last sent. */
  private shapes: Int32Array;
  private events: Int32Array;
  /** While serving: request slot at the inbound engine, or work row. */
  private peers: Int32Array;
  /** The inbound engine's connection, or -1. While dialing: position of its listener. */
  private downstreams: Int32Array;
  /** Proxies' share of one direction's delay, ns. */
  private overheads: Int32Array;
  /** Indexed by stream slot. */
  private wireByStream: Int32Array;

  constructor() {
    this.rowCount = 0;
    this.phases = new Uint8Array(INITIAL_ROWS);
    this.flags = new Uint8Array(INITIAL_ROWS);
    this.proxies = new Int32Array(INITIAL_ROWS);
    this.links = new Int32Array(INITIAL_ROWS);
    this.streams = new Int32Array(INITIAL_ROWS);
    this.uids = new Int32Array(INITIAL_ROWS);
    this.shapes = new Int32Array(INITIAL_ROWS);
    this.events = new Int32Array(INITIAL_ROWS);
    this.peers = new Int32Array(INITIAL_ROWS);
    this.downstreams = new Int32Array(INITIAL_ROWS);
    this.overheads = new Int32Array(INITIAL_ROWS);
    this.wireByStream = new Int32Array(INITIAL_ROWS);
  }

  /** Takes the row of an engine's connection slot. */
  take(row: number, proxy: number, link: number): void {
    while (row >= this.phases.length) this.grow();
    if (row >= this.rowCount) this.rowCount = row + 1;
    assert(this.phases[row] === WirePhase.free, 'connection slots must be unique in a run');
    this.phases[row] = WirePhase.dialing;
    this.flags[row] = 0;
    this.proxies[row] = proxy;
    this.links[row] = link;
    this.streams[row] = -1;
    this.uids[row] = 0;
    this.events[row] = -1;
    this.peers[row] = -1;
    this.downstreams[row] = -1;
    this.overheads[row] = 0;
  }

  free(row: number): void {
    this.phases[row] = WirePhase.free;
    this.flags[row] = 0;
  }

  /** Notes the exchange that begins on an open wire. */
  begin(row: number, stream: number, uid: number, shape: number): void {
    this.streams[row] = stream;
    this.uids[row] = uid;
    this.shapes[row] = shape;
    while (stream >= this.wireByStream.length) this.growStreams();
    this.wireByStream[stream] = row;
  }

  phaseOf(row: number): WirePhase {
    return this.phases[row]! as WirePhase;
  }
  setPhase(row: number, phase: WirePhase): void {
    this.phases[row] = phase;
  }
  has(row: number, flag: number): boolean {
    return (this.flags[row]! & flag) !== 0;
  }
  set(row: number, flag: number): void {
    this.flags[row] = this.flags[row]! | flag;
  }
  clear(row: number, flag: number): void {
    this.flags[row] = this.flags[row]! & ~flag;
  }
  proxyOf(row: number): number {
    return this.proxies[row]!;
  }
  linkOf(row: number): number {
    return this.links[row]!;
  }
  /** The open exchange's stream at the near engine, or -1. Not after the near side closed. */
  streamOf(row: number): number {
    return this.streams[row]!;
  }
  setStream(row: number, stream: number): void {
    this.streams[row] = stream;
  }
  /** Of a wire that the near side closed. */
  closeEventOf(row: number): number {
    return this.streams[row]!;
  }
  setCloseEvent(row: number, event: number): void {
    this.streams[row] = event;
  }
  wireOfStream(stream: number): number {
    return this.wireByStream[stream]!;
  }
  uidOf(row: number): number {
    return this.uids[row]!;
  }
  setUid(row: number, uid: number): void {
    this.uids[row] = uid;
  }
  shapeOf(row: number): number {
    return this.shapes[row]!;
  }
  setShape(row: number, shape: number): void {
    this.shapes[row] = shape;
  }
  eventOf(row: number): number {
    return this.events[row]!;
  }
  setEvent(row: number, event: number): void {
    this.events[row] = event;
  }
  peerOf(row: number): number {
    return this.peers[row]!;
  }
  setPeer(row: number, peer: number): void {
    this.peers[row] = peer;
  }
  downstreamOf(row: number): number {
    return this.downstreams[row]!;
  }
  setDownstream(row: number, connection: number): void {
    this.downstreams[row] = connection;
  }
  overheadOf(row: number): number {
    return this.overheads[row]!;
  }
  setOverhead(row: number, ns: number): void {
    this.overheads[row] = ns;
  }

  private grow(): void {
    const rows = 2 * this.phases.length;
    this.phases = grownBytes(this.phases, rows);
    this.flags = grownBytes(this.flags, rows);
    this.proxies = grownInts(this.proxies, rows);
    this.links = grownInts(this.links, rows);
    this.streams = grownInts(this.streams, rows);
    this.uids = grownInts(this.uids, rows);
    this.shapes = grownInts(this.shapes, rows);
    this.events = grownInts(this.events, rows);
    this.peers = grownInts(this.peers, rows);
    this.downstreams = grownInts(this.downstreams, rows);
    this.overheads = grownInts(this.overheads, rows);
  }

  private growStreams(): void {
    this.wireByStream = grownInts(this.wireByStream, 2 * this.wireByStream.length);
  }
}
