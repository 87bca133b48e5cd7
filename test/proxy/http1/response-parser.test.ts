import { describe, expect, it } from 'vitest';
import type { HeaderList } from '../../../src/core/engine.ts';
import {
  type ParsedHead,
  ResponseParser,
  type ResponseSink,
} from '../../../src/proxy/http1/response-parser.ts';

/** Writes down what it is told; pauses the parser after as many events as asked. */
class RecordingSink implements ResponseSink {
  readonly events: string[] = [];
  readonly parser = new ResponseParser(this);
  pauseAfter = Number.POSITIVE_INFINITY;

  onInformational(head: ParsedHead): void {
    this.note(`informational ${head.status}`);
  }
  onHead(head: ParsedHead, end: boolean): void {
    const headers = head.headers.map(([name, value]) => `${name}=${value}`).join(' ');
    this.note(`head ${head.status} [${headers}]${head.keepsAlive ? '' : ' close'}${mark(end)}`);
  }
  onBody(chunk: Uint8Array, end: boolean): void {
    this.note(`body "${Buffer.from(chunk).toString('latin1')}"${mark(end)}`);
  }
  onTrailers(trailers: HeaderList): void {
    this.note(`trailers [${trailers.map(([name, value]) => `${name}=${value}`).join(' ')}]`);
  }
  onExcess(): void {
    this.note('excess');
  }

  private note(event: string): void {
    this.events.push(event);
    if (this.events.length >= this.pauseAfter) this.parser.pause();
  }
}

function mark(end: boolean): string {
  return end ? ' end' : '';
}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function parse(text: string, method = 'GET'): string[] {
  const sink = new RecordingSink();
  sink.parser.expect(method);
  sink.parser.push(bytes(text));
  return sink.events;
}

describe('what a response consists of', () => {
  it('reads a body by its length', () => {
    expect(parse('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A:  b \r\n\r\nhello')).toEqual([
      'head 200 [content-length=5 x-a=b]',
      'body "hello" end',
    ]);
  });

  it('ends at the head when the length is zero', () => {
    expect(parse('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')).toEqual([
      'head 200 [content-length=0] end',
    ]);
  });

  it('reads chunks with extensions, and trailers', () => {
    const text =
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x=1\r\nabc\r\nA\r\n0123456789\r\n0\r\nSum: 9\r\n\r\n';
    expect(parse(text)).toEqual([
      'head 200 [transfer-encoding=chunked]',
      'body "abc"',
      'body "0123456789"',
      'trailers [sum=9]',
    ]);
  });

  it('reads until the peer ends where no framing is given, and says that nothing may follow', () => {
    const sink = new RecordingSink();
    sink.parser.expect('GET');
    sink.parser.push(bytes('HTTP/1.1 200 OK\r\n\r\nabc'));
    expect(sink.parser.finish()).toBe(true);
    expect(sink.events).toEqual(['head 200 [] close', 'body "abc"', 'body "" end']);
  });

  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('expects no body for %s answered with %i', (method, status) => {
    const text = `HTTP/1.1 ${status} X\r\ncontent-length: 5\r\n\r\n`;
    expect(parse(text, method)).toEqual([`head ${status} [content-length=5] end`]);
  });

  it('is a tunnel behind a 101 that was asked for, and until the peer ends', () => {
    const sink = new RecordingSink();
    sink.parser.expect('GET', true);
    sink.parser.push(bytes('HTTP/1.1 101 Go\r\nupgrade: echo\r\n\r\nHTTP/1.1 200 '));
    expect(sink.parser.isTunnel).toBe(true);
    expect(sink.parser.finish()).toBe(true);
    expect(sink.events).toEqual(['head 101 [upgrade=echo]', 'body "HTTP/1.1 200 "', 'body "" end']);
  });

  it('passes informational heads on and goes on waiting', () => {
    const text =
      'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
    expect(parse(text)).toEqual(['informational 103', 'head 200 [content-length=0] end']);
  });

  it.each([
    ['HTTP/1.1', 'close', ' close'],
    ['HTTP/1.1', 'x, Close', ' close'],
    ['HTTP/1.1', 'keep-alive', ''],
    ['HTTP/1.0', 'keep-alive', ''],
    ['HTTP/1.0', 'x', ' close'],
  ])('knows of %s with connection: %s whether the connection lives on', (version, value, said) => {
    const [head] = parse(`${version} 200 OK\r\nconnection: ${value}\r\ncontent-length: 0\r\n\r\n`);
    expect(head).toBe(`head 200 [connection=${value} content-length=0]${said} end`);
  });

  it('gives the same events whatever pieces the bytes come in', () => {
    const text =
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nsum: 9\r\n\r\n';
    const sink = new RecordingSink();
    sink.parser.expect('GET');
    for (const letter of text) sink.parser.push(bytes(letter));
    expect(sink.events).toEqual([
      'head 200 [transfer-encoding=chunked]',
      'body "a"',
      'body "b"',
      'body "c"',
      'trailers [sum=9]',
    ]);
  });
});

describe('what is cut off or too much', () => {
  it.each([
    'HTTP/1.1 200',
    'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab',
  ])('says that %j is not a whole response', (text) => {
    const sink = new RecordingSink();
    sink.parser.expect('GET');
    sink.parser.push(bytes(text));
    expect(sink.parser.finish()).toBe(false);
  });

  it('never takes bytes behind a response for the next one', () => {
    const next = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
    expect(parse(`HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok${next}`)).toEqual([
      'head 200 [content-length=2]',
      'excess',
      'body "ok" end',
    ]);
  });

  it('refuses bytes that no request asked for', () => {
    const sink = new RecordingSink();
    expect(() => sink.parser.push(bytes('HTTP/1.1 408 Timeout\r\n\r\n'))).toThrow(/no request/);
  });

  it.each([
    ['a bare line feed', 'HTTP/1.1 200 OK\ncontent-length: 0\r\n\r\n'],
    ['a bare carriage return', 'HTTP/1.1 200 OK\r\na: b\rc\r\n\r\n'],
    ['a folded line', 'HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n'],
    ['a blank before the colon', 'HTTP/1.1 200 OK\r\ncontent-length : 5\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n'],
    ['a signed length', 'HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\n'],
    ['two framings', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n'],
    ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'],
    ['another encoding', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n'],
    [
      'a chunk size in decimal words',
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0x3\r\n`,
    ],
    [
      'a chunk longer than said',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabcd\r\n',
    ],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
    ['an unasked upgrade', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['a huge head', `HTTP/1.1 200 OK\r\na: ${'x'.repeat(70_000)}`],
  ])('refuses %s', (_, text) => {
    expect(() => parse(text)).toThrow();
  });
});

describe('a paused parser', () => {
  it('emits nothing until it is resumed, then exactly what was left', () => {
    const sink = new RecordingSink();
    sink.pauseAfter = 1;
    sink.parser.expect('GET');
    sink.parser.push(bytes('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab'));
    sink.parser.push(bytes('cd'));
    expect(sink.events).toHaveLength(1);
    expect(sink.parser.hasBacklog).toBe(true);
    sink.pauseAfter = Number.POSITIVE_INFINITY;
    sink.parser.resume();
    expect(sink.events.slice(1)).toEqual(['body "abcd" end']);
  });
});
