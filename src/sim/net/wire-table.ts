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
 * A row's columns lie side by side (44 bytes), because an event touches most of them.
 */
import { assert } from '../../core/assert.ts';
import { grownInts } from '../columns.ts';

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

/** Bits of the same word; the phase has the lowest three. */
export const WireFlag = {
  nearClosed: 8,
  /** The next response says `connection: close`. */
  goAway: 16,
  /** The far side closes right behind the response. */
  closeAfterResponse: 32,
  /** The head is there, the end of the message is not. */
  composing: 64,
  tls: 128,
  /** Some proxy on the way takes time. */
  hasOverhead: 2048,
  /** The message waits for a partition to heal; `event` is when its sender gives up. */
  messageHeld: 256,
  /** Likewise for the near side's close. */
  closeHeld: 512,
  /** The message is on the link itself, not inside a proxy. */
  onLink: 1024,
  /** The far side has taken its time over the connection. */
  accepted: 4096,
} as const;

const INITIAL_ROWS = 64;
const PHASE_MASK = 7;

// Positions of the columns in a row of 32-bit words.
/** Phase and flags. */
const STATE = 0;
/** The near side's proxy. */
const PROXY = 1;
/** Index of the link towards the far side; -1 = the application behind an inbound proxy. */
const LINK = 2;
const STREAM = 3;
const UID = 4;
/** Shape of the head under way or last sent. */
const SHAPE = 5;
const EVENT = 6;
/** While serving: request slot at the inbound engine, or work row. */
const PEER = 7;
/** The inbound engine's connection, or -1. While dialing: position of its listener. */
const DOWNSTREAM = 8;
/** Proxies' share of one direction's delay, ns. While dialing: first packets dropped. */
const OVERHEAD = 9;
/** The host at the far end. */
const HOST = 10;
const WORDS = 11;

export class WireTable {
  /** Rows ever used; every taken row is below. */
  rowCount: number;
  private words: Int32Array;
  /** Indexed by stream slot. */
  private wireByStream: Int32Array;

  constructor() {
    this.rowCount = 0;
    this.words = new Int32Array(INITIAL_ROWS * WORDS);
    this.wireByStream = new Int32Array(INITIAL_ROWS);
  }

  /** Takes the row of an engine's connection slot. */
  take(row: number, proxy: number, link: number, host: number): void {
    while (row * WORDS >= this.words.length) this.words = grownInts(this.words);
    if (row >= this.rowCount) this.rowCount = row + 1;
    const { words } = this;
    const at = row * WORDS;
    assert(words[at + STATE] === WirePhase.free, 'connection slots must be unique in a run');
    words[at + STATE] = WirePhase.dialing;
    words[at + PROXY] = proxy;
    words[at + LINK] = link;
    words[at + HOST] = host;
    words[at + STREAM] = -1;
    words[at + UID] = 0;
    words[at + EVENT] = -1;
    words[at + PEER] = -1;
    words[at + DOWNSTREAM] = -1;
    words[at + OVERHEAD] = 0;
  }

  free(row: number): void {
    this.words[row * WORDS + STATE] = WirePhase.free;
  }

  /** Notes the exchange that begins on an open wire. */
  begin(row: number, stream: number, uid: number, shape: number): void {
    const { words } = this;
    const at = row * WORDS;
    words[at + STREAM] = stream;
    words[at + UID] = uid;
    words[at + SHAPE] = shape;
    while (stream >= this.wireByStream.length) this.wireByStream = grownInts(this.wireByStream);
    this.wireByStream[stream] = row;
  }

  phaseOf(row: number): WirePhase {
    return (this.words[row * WORDS + STATE]! & PHASE_MASK) as WirePhase;
  }
  setPhase(row: number, phase: WirePhase): void {
    const at = row * WORDS + STATE;
    this.words[at] = (this.words[at]! & ~PHASE_MASK) | phase;
  }
  has(row: number, flag: number): boolean {
    return (this.words[row * WORDS + STATE]! & flag) !== 0;
  }
  set(row: number, flag: number): void {
    const at = row * WORDS + STATE;
    this.words[at] = this.words[at]! | flag;
  }
  clear(row: number, flag: number): void {
    const at = row * WORDS + STATE;
    this.words[at] = this.words[at]! & ~flag;
  }
  proxyOf(row: number): number {
    return this.words[row * WORDS + PROXY]!;
  }
  linkOf(row: number): number {
    return this.words[row * WORDS + LINK]!;
  }
  /** Id of the host at the far end. */
  farHostOf(row: number): number {
    return this.words[row * WORDS + HOST]!;
  }
  /** The open exchange's stream at the near engine, or -1. Not after the near side closed. */
  streamOf(row: number): number {
    return this.words[row * WORDS + STREAM]!;
  }
  setStream(row: number, stream: number): void {
    this.words[row * WORDS + STREAM] = stream;
  }
  /** Of a wire that the near side closed. */
  closeEventOf(row: number): number {
    return this.words[row * WORDS + STREAM]!;
  }
  setCloseEvent(row: number, event: number): void {
    this.words[row * WORDS + STREAM] = event;
  }
  wireOfStream(stream: number): number {
    return this.wireByStream[stream]!;
  }
  uidOf(row: number): number {
    return this.words[row * WORDS + UID]!;
  }
  setUid(row: number, uid: number): void {
    this.words[row * WORDS + UID] = uid;
  }
  shapeOf(row: number): number {
    return this.words[row * WORDS + SHAPE]!;
  }
  setShape(row: number, shape: number): void {
    this.words[row * WORDS + SHAPE] = shape;
  }
  eventOf(row: number): number {
    return this.words[row * WORDS + EVENT]!;
  }
  setEvent(row: number, event: number): void {
    this.words[row * WORDS + EVENT] = event;
  }
  peerOf(row: number): number {
    return this.words[row * WORDS + PEER]!;
  }
  setPeer(row: number, peer: number): void {
    this.words[row * WORDS + PEER] = peer;
  }
  downstreamOf(row: number): number {
    return this.words[row * WORDS + DOWNSTREAM]!;
  }
  setDownstream(row: number, connection: number): void {
    this.words[row * WORDS + DOWNSTREAM] = connection;
  }
  overheadOf(row: number): number {
    return this.words[row * WORDS + OVERHEAD]!;
  }
  setOverhead(row: number, ns: number): void {
    this.words[row * WORDS + OVERHEAD] = ns;
  }
}
