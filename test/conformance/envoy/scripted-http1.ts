/**
 * A connection of a scripted upstream that speaks HTTP/1.
 */
import type { Behaviour } from './case-file.ts';
import { headerOf, latin1, type Pairs, Reader } from './http-text.ts';
import { type Answerer, headersOf } from './scripted-answer.ts';
import type { ByteStream, Stage } from './stage.ts';

export class ScriptedHttp1 {
  private readonly stream: ByteStream;
  private readonly reader: Reader;
  private readonly stage: Stage;
  private readonly host: Answerer;

  constructor(stream: ByteStream, stage: Stage, host: Answerer) {
    this.stream = stream;
    this.reader = new Reader(stream);
    this.stage = stage;
    this.host = host;
  }

  async serve(): Promise<void> {
    while (await this.serveOne());
  }

  /** @returns whether another request may follow */
  private async serveOne(): Promise<boolean> {
    const { host, reader, stream } = this;
    const head = await reader.head();
    if (head === null) return false;
    const [method = '', path = ''] = head.line.split(' ');
    const { behaviour, attempt } = host.arrive(method, path, head.headers);
    try {
      if (behaviour.accept_continue && headerOf(head.headers, 'expect') === '100-continue') {
        stream.write(latin1('HTTP/1.1 100 Continue\r\n\r\n'));
      }
      if (behaviour.early !== true) attempt.body = await readBody(reader, head.headers);
      return await this.reply(behaviour, method, head.headers);
    } finally {
      host.leave();
    }
  }

  private async reply(b: Behaviour, method: string, request: Pairs): Promise<boolean> {
    const { reader, stream } = this;
    const { clock } = this.stage;
    if (b.delay_ms !== undefined && b.delay_ms > 0) await clock.sleep(b.delay_ms);
    if (b.hang) {
      await stream.read();
      return false;
    }
    if (b.reset === 'before') {
      stream.reset();
      return false;
    }
    if (b.close === 'before') return false;
    if (b.raw !== undefined) {
      stream.write(latin1(b.raw));
      if (b.raw_hold) await stream.read();
      return false;
    }
    for (const status of b.interim ?? []) {
      stream.write(latin1(`HTTP/1.1 ${status} Early\r\nx-interim: ${status}\r\n\r\n`));
      await clock.sleep(20);
    }
    const status = b.status ?? 200;
    const body = latin1(String(b.body ?? 'ok').repeat(b.body_times ?? 1));
    const isBroken = b.reset !== undefined || b.close !== undefined || b.body_hang === true;
    const isBodiless = status === 204 || status === 304 || status < 200;
    stream.write(latin1(this.headText(b, status, body.length, request)));
    if (status === 101) return echo(stream, reader);
    if (b.reset === 'after_headers' || b.close === 'after_headers') {
      await clock.sleep(b.then_ms ?? 50);
      if (b.reset !== undefined) stream.reset();
      return false;
    }
    if (method !== 'HEAD' && !isBodiless) await this.writeBody(b, body);
    if (isBroken) {
      if (b.body_hang) await stream.read();
      else {
        await clock.sleep(b.then_ms ?? 50);
        if (b.reset !== undefined) stream.reset();
      }
      return false;
    }
    return b.conn_close !== true && b.close_after !== true;
  }

  private headText(b: Behaviour, status: number, bytes: number, request: Pairs): string {
    const fields = headersOf(b, this.host.name, this.stage.clock);
    const lines = [`HTTP/1.1 ${status} S`, ...fields.map(([name, value]) => `${name}: ${value}`)];
    const isBroken = b.reset !== undefined || b.close !== undefined || b.body_hang === true;
    if (status === 101) {
      lines.push('connection: upgrade', `upgrade: ${headerOf(request, 'upgrade') ?? 'websocket'}`);
    } else if (status !== 204 && status !== 304 && status >= 200) {
      const isChunked = b.trailers !== undefined || b.slow_body !== undefined;
      lines.push(
        isChunked
          ? 'transfer-encoding: chunked'
          : `content-length: ${bytes + (isBroken ? 100 : 0)}`,
      );
    }
    if (b.conn_close) lines.push('connection: close');
    return `${lines.join('\r\n')}\r\n\r\n`;
  }

  private async writeBody(b: Behaviour, body: Buffer): Promise<void> {
    const { stream } = this;
    if (b.slow_body !== undefined) {
      for (let i = 0; i < b.slow_body.chunks; i++) {
        await this.stage.clock.sleep(b.slow_body.gap_ms);
        stream.write(latin1('3\r\nabc\r\n'));
      }
      stream.write(latin1('0\r\n\r\n'));
    } else if (b.trailers !== undefined) {
      stream.write(latin1(`${body.length.toString(16)}\r\n`));
      stream.write(body);
      const lines = Object.entries(b.trailers).map(([name, value]) => `${name}: ${value}\r\n`);
      stream.write(latin1(`\r\n0\r\n${lines.join('')}\r\n`));
    } else stream.write(body);
  }
}

async function readBody(reader: Reader, headers: Pairs): Promise<string> {
  if (headerOf(headers, 'transfer-encoding') === 'chunked') {
    return (await reader.chunked()).body.toString('latin1');
  }
  const length = Number(headerOf(headers, 'content-length') ?? 0);
  return length === 0 ? '' : (await reader.exactly(length)).toString('latin1');
}

async function echo(stream: ByteStream, reader: Reader): Promise<boolean> {
  for (let bytes = await reader.some(); bytes !== null; bytes = await reader.some()) {
    stream.write(Buffer.concat([latin1('echo:'), bytes]));
  }
  return false;
}
