import { createServer } from 'node:http';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HeaderList } from '../../../src/core/engine.ts';
import type { CodecConfig } from '../../../src/mesh/config/edge.ts';
import {
  type Malformed,
  type ParsedRequest,
  RequestParser,
  type RequestSink,
} from '../../../src/proxy/http1/request-parser.ts';

/** Writes down what it is told; holds the parser after each request if asked to. */
class RecordingSink implements RequestSink {
  readonly events: string[] = [];
  readonly parser: RequestParser;

  constructor(codec?: Partial<CodecConfig>) {
    this.parser = new RequestParser(
      this,
      codec === undefined ? undefined : { ...CODEC, ...codec },
      true,
    );
  }
  onStart(): void {
    this.events.push('start');
  }
  onHead({ method, target, version, headers, end }: ParsedRequest): void {
    const fields = headers.map(([name, value]) => `${name}=${value}`).join(' ');
    this.events.push(`${method} ${target} ${version} [${fields}]${mark(end)}`);
  }
  onBody(bytes: Uint8Array, end: boolean): void {
    this.events.push(`body "${Buffer.from(bytes).toString('latin1')}"${mark(end)}`);
  }
  onTrailers(trailers: HeaderList): void {
    this.events.push(`trailers [${trailers.map(([name, value]) => `${name}=${value}`).join(' ')}]`);
  }
  onMalformed({ status, details }: Malformed): void {
    this.events.push(`${status} ${details}`);
  }
}

const CODEC: CodecConfig = {
  maxHeadBytes: 1000,
  maxHeaderCount: 5,
  underscores: 'allow',
  acceptsHttp10: false,
  http10Host: '',
  acceptsAbsoluteTargets: true,
  acceptsChunkedLength: false,
  acceptsAnyMethod: false,
  passesTrailers: false,
};
const CHUNKED = 'POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n';

function mark(end: boolean): string {
  return end ? ' end' : '';
}

function parse(text: string, codec?: Partial<CodecConfig>): string[] {
  const sink = new RecordingSink(codec);
  sink.parser.push(Buffer.from(text, 'latin1'));
  return sink.events;
}

/** Pieces of a body that followed each other are one. */
function joined(events: readonly string[]): string[] {
  const text = events.join('\n').replace(/"\nbody "/g, '');
  return text.split('\n');
}

describe('a request', () => {
  it('is a head, and a body by its length', () => {
    expect(parse('PUT /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc')).toEqual([
      'start',
      'PUT /a?b HTTP/1.1 [host=x content-length=3]',
      'body "abc" end',
    ]);
  });

  it('may follow empty lines, and another request', () => {
    const text = '\r\n\r\nGET / HTTP/1.1\r\nA:  b \r\n\r\nGET /2 HTTP/1.1\r\n\r\n';
    expect(parse(text)).toEqual([
      'start',
      'GET / HTTP/1.1 [a=b] end',
      'start',
      'GET /2 HTTP/1.1 [] end',
    ]);
  });

  it('has chunks with extensions, and trailers', () => {
    const text = `${CHUNKED}3;x=1\r\nabc\r\nA\r\n0123456789\r\n0\r\nSum: 9\r\n\r\n`;
    expect(parse(text).slice(2)).toEqual(['body "abc"', 'body "0123456789"', 'trailers [sum=9]']);
  });

  it('waits while the parser is held', () => {
    const sink = new RecordingSink();
    sink.parser.hold();
    sink.parser.push(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    expect(sink.events).toEqual([]);
    expect(sink.parser.backlogBytes).toBe(18);
    sink.parser.release();
    expect(sink.events).toHaveLength(2);
  });

  it('may turn into a tunnel, and a killed parser says nothing any more', () => {
    const sink = new RecordingSink();
    sink.parser.push(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    sink.parser.tunnel();
    sink.parser.push(Buffer.from('GET'));
    sink.parser.kill();
    sink.parser.push(Buffer.from('GET'));
    expect(sink.events.slice(2)).toEqual(['body "GET"']);
  });

  it.each([
    ['a bare line feed', 'GET / HTTP/1.1\nhost: a\r\n\r\n', '400 http1.codec_error'],
    ['a folded line', 'GET / HTTP/1.1\r\na: b\r\n c\r\n\r\n', '400 http1.codec_error'],
    ['a blank before the colon', 'GET / HTTP/1.1\r\na : b\r\n\r\n', '400 http1.codec_error'],
    ['a NUL', 'GET / HTTP/1.1\r\na: \0\r\n\r\n', '400 http1.invalid_characters'],
    ['an unknown method', 'FETCH / HTTP/1.1\r\n\r\n', '400 http1.codec_error'],
    ['HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', '426 low_version'],
    ['HTTP/2.0', 'GET / HTTP/2.0\r\n\r\n', '426 low_version'],
    ['two lengths', 'GET / HTTP/1.1\r\ncontent-length: 1, 1\r\n\r\na', '400 http1.codec_error'],
    ['a negative length', 'GET / HTTP/1.1\r\ncontent-length: -1\r\n\r\na', '400 http1.codec_error'],
    [
      'an unknown encoding',
      'GET / HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n',
      '501 http1.invalid_transfer_encoding',
    ],
    [
      'too many headers',
      `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(6)}\r\n`,
      '431 http1.too_many_headers',
    ],
    ['a huge head', `GET /${'x'.repeat(1000)}`, '431 http1.headers_too_large'],
  ])('is refused for %s', (_, text, problem) => {
    expect(parse(text, {}).filter((event) => !event.startsWith('start'))).toEqual([problem]);
  });

  it.each([
    ['a size that is no number', 'z\r\n'],
    ['a chunk longer than its size', '1\r\nabc\r\n'],
    ['a size line without end', `1;${'x'.repeat(5000)}`],
    ['a bare line feed behind the size', '1\na\r\n'],
    ['a trailer that is no header', '0\r\nnothing\r\n\r\n'],
  ])('is refused inside its body for %s', (_, body) => {
    expect(parse(`${CHUNKED}${body}`).at(-1)).toBe('400 http1.codec_error');
  });

  it('is taken as the codec of its listener says', () => {
    const odd = 'FETCH / HTTP/1.0\r\na_b: c\r\ncontent-length: 9\r\n';
    const codec = { acceptsHttp10: true, acceptsAnyMethod: true, acceptsChunkedLength: true };
    expect(parse(`${odd}transfer-encoding: chunked\r\n\r\n0\r\n\r\n`, codec)).toEqual([
      'start',
      'FETCH / HTTP/1.0 [a_b=c transfer-encoding=chunked]',
      'body "" end',
    ]);
    expect(parse('GET / HTTP/1.1\r\na_b: c\r\n\r\n', { underscores: 'drop' })[1]).toBe(
      'GET / HTTP/1.1 [] end',
    );
    expect(parse('GET / HTTP/1.1\r\na_b: c\r\n\r\n', { underscores: 'reject' })[1]).toBe(
      '400 http1.unexpected_underscore',
    );
  });
});

/** Requests whole and broken, from the words in which they differ. */
const text = fc
  .tuple(
    fc.constantFrom('GET / HTTP/1.1\r\n', 'POST /x HTTP/1.1\r\n', 'PUT * HTTP/1.1\n', 'GE'),
    fc.array(
      fc.constantFrom(
        'host: a\r\n',
        'x:y\r\n',
        'content-length: 3\r\n',
        'content-length: 4\r\n',
        'transfer-encoding: chunked\r\n',
        ' folded\r\n',
        'bare: a\rb\r\n',
        'a b: c\r\n',
        'x: \x7f\r\n',
      ),
      { maxLength: 4 },
    ),
    fc.constantFrom('\r\n', '\n', ''),
    fc.constantFrom(
      '',
      'abc',
      '3\r\nabc\r\n0\r\n\r\n',
      '3\r\nabcd',
      '3\nabc\r\n',
      '0\r\na: b\r\n\r\n',
    ),
    fc.constantFrom('', 'GET /2 HTTP/1.1\r\n\r\n'),
  )
  .map(([line, fields, blank, body, next]) => `${line}${fields.join('')}${blank}${body}${next}`);

describe('any bytes', () => {
  it('mean the same whatever pieces they come in', () => {
    fc.assert(
      fc.property(
        text,
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (whole, sizes) => {
          const sink = new RecordingSink({});
          for (let at = 0, turn = 0; at < whole.length; turn++) {
            const size = sizes[turn % sizes.length]!;
            sink.parser.push(Buffer.from(whole.slice(at, at + size), 'latin1'));
            at += size;
          }
          expect(joined(sink.events)).toEqual(joined(parse(whole, {})));
        },
      ),
    );
  });

  it('that are a whole request here are the same request to Node', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (whole) => {
        const mine = requestsOf(joined(parse(whole, {})));
        const theirs = await nodeReads(whole);
        expect(theirs.slice(0, mine.length)).toEqual(mine);
      }),
      { numRuns: 200 },
    );
  });
});

/** `METHOD target body` of each request that ended. */
function requestsOf(events: readonly string[]): string[] {
  const found: string[] = [];
  let line = '';
  for (const event of events) {
    const head = /^([A-Z]+ \S+) HTTP/.exec(event);
    if (head !== null) line = head[1]!;
    const body =
      /^body "(.*)" end$/s.exec(event) ?? (event.startsWith('trailers') ? ['', ''] : null);
    if (body !== null) found.push(`${line} ${body[1]}`);
    else if (head !== null && event.endsWith(' end')) found.push(`${line} `);
  }
  return found;
}

/** What Node's server makes of the same bytes; of the last request perhaps only a part. */
async function nodeReads(whole: string): Promise<string[]> {
  const found: string[] = [];
  const server = createServer({ requireHostHeader: false }, (message, response) => {
    const at = found.push(`${message.method} ${message.url} `) - 1;
    message.on('data', (bytes) => (found[at] += String(bytes)));
    message.on('end', () => response.end());
  });
  server.on('clientError', () => {});
  const wire = new Duplex({ read: () => {}, write: (_bytes, _encoding, done) => done() });
  server.emit('connection', wire);
  wire.push(Buffer.from(whole, 'latin1'));
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  wire.destroy();
  return found;
}
