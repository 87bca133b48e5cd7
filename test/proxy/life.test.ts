/**
 * The life of the real proxy: start, refusals, admin pages, access log, drain.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EnvironmentError, UsageError } from '../../src/core/errors.ts';
import { SECOND } from '../../src/core/time.ts';
import { AccessLog, openFileSink } from '../../src/proxy/access-log/access-log.ts';
import { parseFormat } from '../../src/proxy/access-log/format.ts';
import { parseAddress } from '../../src/proxy/addresses.ts';
import { meshConfigOf } from '../conformance/engine-driver/mesh-config.ts';
import { ANY_PORT, GET, ProxyUnderTest } from './proxy-under-test.ts';
import { RawClient, RawUpstream, response } from './sockets.ts';

let upstream: RawUpstream;
let proxy: ProxyUnderTest;
let folder: string;

beforeEach(async () => {
  upstream = new RawUpstream(() => response('ok'));
  proxy = new ProxyUnderTest();
  folder = await mkdtemp(join(tmpdir(), 'proxy-'));
});

afterEach(async () => {
  await proxy.stop();
  upstream.close();
  await rm(folder, { recursive: true });
});

function refused(): never {
  throw new Error('writing failed');
}

async function logTo(path: string): Promise<AccessLog> {
  return new AccessLog(
    parseFormat('%REQ(:PATH)% %RESPONSE_CODE%'),
    await openFileSink(path, refused),
  );
}

describe('starting', () => {
  it('fails with the system’s word when the port is in use', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const listen = [{ direction: 'outbound', address: { host: '127.0.0.1', port } }] as const;
    const starting = proxy.start(upstream, {}, { listen });
    await expect(starting).rejects.toThrow(EnvironmentError);
    await expect(starting).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: EADDRINUSE`);
    taken.close();
  });

  it('frees the ports it has when a later one is in use', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const admin = { host: '127.0.0.1', port };
    await expect(proxy.start(upstream, {}, { admin })).rejects.toThrow('EADDRINUSE');
    taken.close();
  });

  it.each(['0.0.0.0:0', '[::]:0'])('refuses %s unless others may reach it', async (text) => {
    const address = parseAddress(text)!;
    const listen = [{ direction: 'outbound', address }] as const;
    const starting = proxy.start(upstream, {}, { listen });
    await expect(starting).rejects.toThrow(UsageError);
    await expect(starting).rejects.toThrow(/not a loopback address/);
  });

  it('refuses an admin address that others could reach', async () => {
    const admin = parseAddress('0.0.0.0:0')!;
    await expect(proxy.start(upstream, {}, { admin })).rejects.toThrow(/not a loopback address/);
  });

  it('binds any address when others may reach it', async () => {
    const listen = [{ direction: 'outbound', address: parseAddress('0.0.0.0:0')! }] as const;
    await proxy.start(upstream, {}, { listen, allowNonLoopback: true });
    expect(proxy.running.addresses[0]).toMatch(/^0\.0\.0\.0:\d+$/);
  });

  it('fails when the access log cannot be written', async () => {
    await expect(logTo(join(folder, 'missing', 'log'))).rejects.toThrow(EnvironmentError);
  });
});

describe('the admin address', () => {
  beforeEach(async () => {
    await proxy.start(upstream, {}, { admin: ANY_PORT });
    const client = proxy.connect();
    client.write(`${GET}\r\n`);
    await client.has('ok');
  });

  async function page(path: string, init: RequestInit = {}): Promise<[number, string]> {
    const answer = await fetch(`http://${proxy.running.adminAddress}${path}`, init);
    return [answer.status, await answer.text()];
  }

  it('shows counters as sorted lines', async () => {
    const [status, text] = await page('/stats');
    const lines = text.trimEnd().split('\n');
    expect(status).toBe(200);
    expect(lines).toContain('cluster.orders.upstream_rq_200: 1');
    expect(lines).toEqual([...lines].sort());
    for (const line of lines) expect(line).toMatch(/^\S+: \d+$/);
  });

  it('shows counters to Prometheus', async () => {
    const [, text] = await page('/stats?format=prometheus');
    expect(text).toContain('# TYPE meshquake_cluster_orders_upstream_rq_200 counter\n');
    expect(text).toContain('meshquake_cluster_orders_upstream_rq_200 1\n');
  });

  it('shows the gauges of each endpoint as Envoy does', async () => {
    const [, text] = await page('/clusters');
    const address = upstream.address;
    expect(text).toContain('orders::default_priority::max_connections::1024\n');
    expect(text).toContain(`orders::${address}::rq_success::1\n`);
    expect(text).toContain(`orders::${address}::cx_active::1\n`);
    expect(text).toContain(`orders::${address}::health_flags::healthy\n`);
  });

  it('says whether it is ready, and what pages there are', async () => {
    expect(await page('/ready')).toEqual([200, 'LIVE\n']);
    expect((await page('/'))[1]).toContain('/clusters');
    expect((await page('/nothing'))[0]).toBe(404);
    expect((await page('/stats', { method: 'POST' }))[0]).toBe(405);
  });

  it('answers no page for another host’s name, as a browser would send it after a DNS trick', async () => {
    const client = new RawClient(proxy.running.adminAddress!);
    client.write('GET /stats HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n');
    expect(await client.closed()).toMatch(/^HTTP\/1.1 403 /);
  });
});

describe('one socket, several listeners', () => {
  it('an idle timeout of one leaves a request to another alone', async () => {
    let answer = () => {};
    upstream = new RawUpstream((_request, index, socket) => {
      if (index === 0) return response('first');
      answer = () => socket.write(response('second'));
      return '';
    });
    await upstream.listen();
    const config = meshConfigOf(
      { clusters: [{ name: 'orders', endpoints: ['a'] }] },
      new Map([['a', upstream.address]]),
    );
    const [first] = config.listeners;
    const idle = { ...first!, id: 1, port: 8080, downstreamIdleTimeoutMs: 40 };
    await proxy.start(null, {}, { config: { ...config, listeners: [first!, idle] } });
    const client = proxy.connect();
    client.write('GET / HTTP/1.1\r\nhost: orders.test:8080\r\n\r\n');
    await client.has('first');
    client.write(`${GET}\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 150));
    answer();
    expect(await client.has('second')).toContain('second');
  });

  it('a connection that never asks for anything is closed after the idle timeout', async () => {
    await proxy.start(upstream, { listener: { downstreamIdleTimeoutMs: 40 } });
    expect(await proxy.connect().closed()).toBe('');
  });
});

describe('stopping', () => {
  it('lets a running request finish, tells its client, and writes the log out', async () => {
    let answer = () => {};
    upstream = new RawUpstream((_request, _index, socket) => {
      answer = () => socket.write(response('late'));
      return '';
    });
    const path = join(folder, 'access.log');
    await proxy.start(upstream, {}, { accessLog: await logTo(path) });
    const address = proxy.running.addresses[0]!;
    const idle = proxy.connect();
    const busy = proxy.connect();
    busy.write(`${GET}\r\n`);
    while (upstream.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const stopped = proxy.running.stop(5 * SECOND);
    await idle.closed();
    await expect(new RawClient(address).closed()).resolves.toBe('');
    answer();
    expect(await busy.closed()).toMatch(/connection: close\r\n\r\nlate$/);
    await stopped;
    expect(await readFile(path, 'utf8')).toBe('/ 200\n');
  });

  it('cuts off what lasts longer than the drain time', async () => {
    upstream = new RawUpstream(() => '');
    const path = join(folder, 'access.log');
    await proxy.start(upstream, {}, { accessLog: await logTo(path) });
    const client = proxy.connect();
    client.write(`${GET}\r\n`);
    while (upstream.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await proxy.running.stop(SECOND / 50);
    expect(await client.closed()).toBe('');
    expect(await readFile(path, 'utf8')).toBe('/ 0\n');
  });
});
