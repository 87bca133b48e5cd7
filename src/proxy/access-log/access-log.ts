/**
 * The access log: one line per finished request, to a file or to standard output.
 *
 * Lines are gathered and written in batches; `close` writes what is left. A log that cannot be
 * written any more is an error of the environment and ends the proxy.
 */
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import type { RequestLogEntry } from '../../core/engine.ts';
import { EnvironmentError } from '../../core/errors.ts';
import { MILLISECOND, type Ns } from '../../core/time.ts';
import type { ExchangeTimes } from '../http1/exchange.ts';
import type { LineFormatter } from './format.ts';

/** Where lines go. */
export interface LogSink {
  write(text: string): void;
  close(): Promise<void>;
}

const FLUSH_MS = 100;
const FLUSH_CHARACTERS = 64 * 1024;

export class AccessLog {
  private readonly format: LineFormatter;
  private readonly sink: LogSink;
  private pending = '';
  private flushTimer: NodeJS.Timeout | null = null;

  constructor(format: LineFormatter, sink: LogSink) {
    this.format = format;
    this.sink = sink;
  }

  /**
   * @param nowNs the engine's time, to tell when the request started by the wall clock
   * @param times of its parts, where they are known
   */
  log(entry: RequestLogEntry, nowNs: Ns, times: ExchangeTimes | null): void {
    this.pending += this.format({
      entry,
      startMs: Date.now() - (nowNs - entry.startNs) / MILLISECOND,
      requestDurationMs: durationMs(times, times?.requestEndMs ?? -1),
      responseDurationMs: durationMs(times, times?.responseStartMs ?? -1),
    });
    if (this.pending.length >= FLUSH_CHARACTERS) this.flush();
    else this.flushTimer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  /** Resolves once every line is written. */
  close(): Promise<void> {
    this.flush();
    return this.sink.close();
  }

  private flush(): void {
    if (this.flushTimer !== null) clearTimeout(this.flushTimer);
    this.flushTimer = null;
    if (this.pending !== '') this.sink.write(this.pending);
    this.pending = '';
  }
}

function durationMs(times: ExchangeTimes | null, endMs: number): number {
  return times === null || endMs < 0 ? -1 : endMs - times.startMs;
}

/** Does not end the stream, which others use too. */
export function streamSink(stream: Writable): LogSink {
  return {
    write: (text) => stream.write(text),
    close: () => new Promise((resolve) => stream.write('', () => resolve())),
  };
}

/**
 * Appends to a file.
 * @param onFailure told once when writing fails later on
 * @throws EnvironmentError when the file cannot be opened
 */
export async function openFileSink(
  path: string,
  onFailure: (error: EnvironmentError) => void,
): Promise<LogSink> {
  try {
    await (await open(path, 'a')).close();
  } catch (cause) {
    throw cannotWrite(path, cause as NodeJS.ErrnoException);
  }
  const stream = createWriteStream(path, { flags: 'a' });
  stream.on('error', (cause) => onFailure(cannotWrite(path, cause)));
  return {
    write: (text) => stream.write(text),
    close: () => new Promise((resolve) => stream.end(() => resolve())),
  };
}

function cannotWrite(path: string, cause: NodeJS.ErrnoException): EnvironmentError {
  const code = cause.code ?? 'EUNKNOWN';
  return new EnvironmentError(code, `cannot write the access log ${path}: ${code}`, { cause });
}
