/**
 * What the real proxy does on the wire: heads, framing, connections, and bytes that are no HTTP.
 */
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { GET, ProxyUnderTest } from './proxy-under-test.ts';
import { type RawClient, RawUpstream, response } from './sockets.ts';

type Answer = (request: string, index: number, socket: Socket) => string;

let upstream: RawUpstream;
let proxy: ProxyUnderTest;

async function start(answer: Answer = () => response('ok')): Promise<RawClient> {
  upstream = new RawUpstream(answer);
  proxy = await new ProxyUnderTest().start(upstream);
  return proxy.connect();
}

afterEach(async () => {
  await proxy.stop();
  upstream.close();
});

describe('request heads', () => {
  it('keep Host and the order of headers, and lose what is hop by hop', async () => {
    const client = await start();
    client.write(
      `${GET}X-One: 1\r\nTE: trailers\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nX-Private: 2\r\n` +
        'Connection: keep-alive, X-Private\r\nX-Two: a\r\nX-Two: b\r\nX-Request-Id: mine\r\n\r\n',
    );
    await client.has('ok');
    expect(upstream.requests).toEqual([
      'GET / HTTP/1.1\r\nhost: orders.test\r\nx-one: 1\r\nx-two: a\r\nx-two: b\r\n' +
        'x-request-id: mine\r\nte: trailers\r\nx-forwarded-proto: http\r\nx-envoy-attempt-count: 1\r\n\r\n',
    ]);
  });

  it('get a request id where the client sent none', async () => {
    const client = await start();
    client.write(`${GET}\r\n`);
    await client.has('ok');
    expect(upstream.requests[0]).toMatch(/\r\nx-request-id: [0-9a-f-]{36}\r\n/);
  });

  it('may name the authority in the target, as clients of HTTP proxies do', async () => {
    const client = await start();
    client.write('GET http://orders.test/a?b HTTP/1.1\r\nhost: other\r\n\r\n');
    await client.has('ok');
    expect(upstream.requests[0]).toMatch(/^GET \/a\?b HTTP\/1.1\r\nhost: orders.test\r\n/);
  });

  it('choose the listener by the port of Host; an unknown port is refused and logged', async () => {
    const client = await start();
    client.write('GET / HTTP/1.1\r\nhost: orders.test:8081\r\n\r\n');
    expect(await client.closed()).toMatch(/^HTTP\/1.1 502 /);
    expect(proxy.log).toEqual(['502 NR no_listener_for_port']);
  });

  it('without Host are answered with 400', async () => {
    const client = await start();
    client.write('GET / HTTP/1.1\r\n\r\n');
    expect(await client.has('\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
    expect(proxy.log).toEqual(['400 - missing_host_header']);
    expect(upstream.requests).toEqual([]);
  });

  it('that ask for an upgrade which nobody allowed are answered with 403', async () => {
    const client = await start();
    client.write(`${GET}connection: upgrade\r\nupgrade: websocket\r\n\r\n`);
    expect(await client.has('\r\n\r\n')).toMatch(/^HTTP\/1.1 403 /);
    expect(upstream.requests).toEqual([]);
  });
});

describe('responses', () => {
  it('pass on with what the proxy adds to an upstream’s answer', async () => {
    const client = await start(() => response('ok', 'date: yesterday\r\nserver: theirs\r\n'));
    client.write(`${GET}\r\n`);
    expect((await client.has('ok')).replace(/time: \d+/, 'time: 0')).toBe(
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ndate: yesterday\r\nserver: theirs\r\n' +
        'x-envoy-upstream-service-time: 0\r\n\r\nok',
    );
  });

  it('of the proxy itself carry date and server', async () => {
    const client = await start();
    client.write('GET / HTTP/1.1\r\nhost: nobody.test\r\n\r\n');
    const text = await client.has('\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1.1 404 Not Found\r\ncontent-length: 0\r\ndate: .* GMT\r\n/);
    expect(text).toMatch(/\r\nserver: meshquake\r\n/);
  });

  it('come in the order of pipelined requests, one upstream request at a time', async () => {
    let open = 0;
    let mostOpen = 0;
    const client = await start((_, index, socket) => {
      mostOpen = Math.max(mostOpen, ++open);
      setTimeout(() => {
        open--;
        socket.write(response(`r${index}`));
      }, 5);
      return '';
    });
    client.write(`${GET}\r\n${GET}\r\n${GET}\r\n`);
    const text = await client.has('r2');
    expect([...text.matchAll(/\r\n\r\n(r\d)/g)].map((match) => match[1])).toEqual([
      'r0',
      'r1',
      'r2',
    ]);
    expect(mostOpen).toBe(1);
  });

  it('that are awaited stop the reading of a client that pipelines without end', async () => {
    const client = await start(() => '');
    client.write(`${GET}\r\n`.repeat(600_000));
    while (upstream.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(client.unsentBytes).toBeGreaterThan(10_000_000);
    expect(upstream.requests).toHaveLength(1);
  });

  it('that say connection: close are the last; pipelined requests behind them are not served', async () => {
    const client = await start();
    client.write(`POST / HTTP/1.1\r\nhost: nobody.test\r\ncontent-length: 2\r\n\r\n`);
    client.write(`ab${GET}\r\n`);
    expect(await client.closed()).toContain('HTTP/1.1 404 ');
    expect(upstream.requests).toEqual([]);
  });

  it('to a client that says connection: close end the connection', async () => {
    const client = await start();
    client.write(`${GET}connection: close\r\n\r\n`);
    expect(await client.closed()).toMatch(/connection: close\r\n\r\nok$/);
  });

  it('without length and chunks last until the upstream closes', async () => {
    const client = await start((_request, _index, socket) => {
      setTimeout(() => socket.end('part two'), 10);
      return 'HTTP/1.1 200 OK\r\n\r\npart one, ';
    });
    client.write(`${GET}\r\n`);
    const text = await client.has('\r\n0\r\n\r\n');
    expect(text).toContain('transfer-encoding: chunked');
    expect(text.replace(/\r\n[0-9a-f]+\r\n/g, '')).toContain('part one, part two');
    expect(proxy.log).toEqual(['200 - via_upstream']);
  });

  it('that are no HTTP become 502 UPE', async () => {
    const client = await start(() => 'HTTP/1.1 200 OK\ncontent-length: 0\r\n\r\n');
    client.write(`${GET}\r\n`);
    expect(await client.has('protocol error')).toMatch(/^HTTP\/1.1 502 /);
    expect(proxy.log).toEqual(['502 UPE upstream_reset_before_response_started{protocol_error}']);
  });

  it('that more bytes follow are passed on, but their connection is never used again', async () => {
    const client = await start((_request, index) => `${response(`ok${index}`)}${response('evil')}`);
    client.write(`${GET}\r\n`);
    await client.has('ok0');
    client.write(`${GET}\r\n`);
    const text = await client.has('ok1');
    expect(text).not.toContain('evil');
    expect(upstream.connectionCount).toBe(2);
  });
});

describe('bodies', () => {
  it('wait for the proxy’s 100 where the client expects one; the upstream never hears of it', async () => {
    const client = await start();
    client.write(
      `POST / HTTP/1.1\r\nhost: orders.test\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n`,
    );
    await client.has('HTTP/1.1 100 Continue\r\n\r\n');
    client.write('body');
    await client.has('HTTP/1.1 200 OK');
    expect(upstream.requests[0]).toMatch(/\r\n\r\nbody$/);
    expect(upstream.requests[0]).not.toContain('expect');
  });

  it('keep their framing: chunks stay chunks, lengths stay lengths', async () => {
    const client = await start();
    client.write(
      'POST / HTTP/1.1\r\nhost: orders.test\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n',
    );
    await client.has('ok');
    client.write('PUT / HTTP/1.1\r\nhost: orders.test\r\ncontent-length: 2\r\n\r\ncd');
    await client.until(() => client.received.split('HTTP/1.1 200').length === 3);
    expect(upstream.requests[0]).toMatch(/transfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n$/);
    expect(upstream.requests[1]).toMatch(/\r\ncontent-length: 2\r\n(?:.*\r\n)*\r\ncd$/);
  });
});

describe('what is no request', () => {
  it('behind a request that is answered ends the connection', async () => {
    const client = await start();
    client.write(`${GET}\r\n`);
    await client.has('ok');
    client.write('SSH-2.0-OpenSSH\r\n\r\n');
    expect(await client.closed()).toContain('HTTP/1.1 400 ');
  });

  it('in the same packet as a request is answered behind it', async () => {
    const client = await start();
    client.write(`${GET}\r\nSSH-2.0-OpenSSH\r\n\r\n`);
    expect(await client.closed()).toMatch(/^HTTP\/1.1 200 (?:.*\r\n)*\r\nokHTTP\/1.1 400 /);
    expect(proxy.log).toEqual(['200 - via_upstream', '400 DPE http1.codec_error']);
  });

  it('in the middle of a body ends the connection and the attempt', async () => {
    const client = await start();
    client.write(
      'POST / HTTP/1.1\r\nhost: orders.test\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\nzz\r\n',
    );
    expect(await client.closed()).toMatch(/^HTTP\/1.1 400 /);
    expect(proxy.log).toEqual(['400 DPE http1.codec_error']);
    expect(upstream.requests).toEqual([]);
  });

  it.each([
    ['bytes of another protocol', 'SSH-2.0-OpenSSH\r\n\r\n', 400, 'http1.codec_error'],
    [
      'two framings at once',
      'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'http1.content_length_and_chunked_not_allowed',
    ],
    [
      'two different lengths',
      'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef',
      400,
      'http1.codec_error',
    ],
    ['a space before the colon', 'GET / HTTP/1.1\r\nhost : a\r\n\r\n', 400, 'http1.codec_error'],
    ['HTTP/1.0', 'GET / HTTP/1.0\r\nhost: orders.test\r\n\r\n', 426, 'low_version'],
    [
      'a huge head',
      `GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`,
      431,
      'http1.headers_too_large',
    ],
    [
      'too many headers',
      `GET / HTTP/1.1\r\nhost: a\r\n${'x: y\r\n'.repeat(120)}\r\n`,
      431,
      'http1.too_many_headers',
    ],
  ])('%s', async (_, bytes, status, details) => {
    const client = await start();
    client.write(bytes);
    expect(await client.closed()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(proxy.log).toEqual([`${status} DPE ${details}`]);
    expect(upstream.requests).toEqual([]);
  });
});
