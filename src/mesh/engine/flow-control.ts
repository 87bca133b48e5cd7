/**
 * Back-pressure: who does not take bytes makes the other side stop reading.
 *
 * A full upstream stops the request, a full downstream stops the response; nothing is buffered here
 * but what a retry may need. Invariant: `readingPaused` of a row mirrors the driver's last
 * `setReading`, so the driver hears of changes only.
 * Source: core/engine.ts, contract 4; policy-engine.md §2.7.
 */
import type { Slot } from '../../core/engine.ts';
import { NO_SLOT, Side } from '../../core/engine.ts';
import type { EngineContext } from './context.ts';
import { RequestBit as Bit } from './request-table.ts';
import { StreamBit } from './stream-table.ts';

export class FlowControl {
  private readonly context: EngineContext;

  constructor(context: EngineContext) {
    this.context = context;
  }

  /** The upstream peer takes bytes of this attempt again, or no more. */
  onStreamWritable(stream: Slot, isWritable: boolean): void {
    const { streams, requests, ports } = this.context;
    const request = streams.requestOf(stream);
    if (isWritable) streams.clear(stream, StreamBit.blocked);
    else streams.set(stream, StreamBit.blocked);
    if (requests.has(request, Bit.requestEnded)) return;
    if (requests.has(request, Bit.readingPaused) === !isWritable) return;
    if (isWritable) requests.clear(request, Bit.readingPaused);
    else requests.set(request, Bit.readingPaused);
    ports.setReading(Side.request, request, isWritable);
  }

  /** As `onStreamWritable`, for the stream that is on the connection, if any. */
  onUpstreamWritable(connection: Slot, isWritable: boolean): void {
    const stream = this.context.tables.connections.streamOf(connection);
    if (stream !== NO_SLOT) this.onStreamWritable(stream, isWritable);
  }

  /** The downstream peer takes bytes of this response again, or no more. */
  onRequestWritable(request: Slot, isWritable: boolean): void {
    const { requests } = this.context;
    if (isWritable) requests.clear(request, Bit.blocked);
    else requests.set(request, Bit.blocked);
    const stream = requests.streamOf(request);
    if (stream !== NO_SLOT && requests.has(request, Bit.headSent)) this.match(stream, isWritable);
  }

  private match(stream: Slot, isWritable: boolean): void {
    const { streams, ports } = this.context;
    if (streams.has(stream, StreamBit.readingPaused) === !isWritable) return;
    if (isWritable) streams.clear(stream, StreamBit.readingPaused);
    else streams.set(stream, StreamBit.readingPaused);
    ports.setReading(Side.stream, stream, isWritable);
  }
}
