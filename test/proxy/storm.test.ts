/**
 * Many requests at once, upstreams that fail in every way, clients that go away: afterwards nothing
 * is left over and everything was accounted for.
 */
import { Agent, createServer, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { Sequence } from '../../src/core/draws.ts';
import type { RequestLogEntry } from '../../src/core/engine.ts';
import { type RunningProxy, startProxy } from '../../src/proxy/main.ts';
import {
  AUTHORITY,
  type MeshStory,
  meshConfigOf,
} from '../conformance/engine-driver/mesh-config.ts';
import { ANY_PORT } from './proxy-under-test.ts';

const CLIENTS = 30;
const REQUESTS_PER_CLIENT = 15;
const ENDPOINTS = ['a', 'b', 'c'];

const MESH: MeshStory = {
  clusters: [
    {
      name: 'orders',
      endpoints: ENDPOINTS,
      limits: { maxConnections: 20, maxPendingRequests: 10, maxRetries: 5 },
      outlier: {
        consecutive5xx: 4,
        intervalMs: 50,
        baseEjectionTimeMs: 50,
        maxEjectionPercent: 60,
      },
      panicThresholdPercent: 50,
      bufferLimitBytes: 64 * 1024,
    },
  ],
  routes: [
    {
      to: { orders: 1 },
      timeoutMs: 150,
      retry: { retryOn: ['5xx', 'reset', 'connect-failure'], numRetries: 3, perTryTimeoutMs: 40 },
    },
  ],
};

const servers: Server[] = [];
let proxy: RunningProxy | null = null;

afterEach(async () => {
  await proxy?.stop(0);
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** One answer, good or bad. */
function answer(response: ServerResponse, fate: number): void {
  const { socket } = response;
  if (fate < 0.05) socket?.resetAndDestroy();
  else if (fate < 0.1) response.writeHead(503).end('no');
  else if (fate < 0.15) response.writeHead(200, { connection: 'close' }).end('closing');
  else if (fate < 0.2) response.write('part', () => socket?.destroy());
  else if (fate < 0.25) return;
  else if (fate < 0.35) setTimeout(() => response.end('late'), 60);
  else if (fate < 0.4) response.end(Buffer.alloc(200_000));
  else response.end('ok');
}

async function startEndpoint(sequence: Sequence): Promise<string> {
  const server = createServer((message, response) => {
    response.on('error', () => {});
    const isEarly = sequence.unit() < 0.1;
    const fate = sequence.unit();
    if (isEarly) answer(response, fate);
    else message.on('end', () => answer(response, fate));
    message.on('error', () => {});
    message.resume();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Resolves when the request is over, one way or another. */
function call(port: number, agent: Agent, sequence: Sequence): Promise<void> {
  return new Promise((resolve) => {
    const hasBody = sequence.unit() < 0.4;
    const sent = request({
      host: '127.0.0.1',
      port,
      agent,
      method: hasBody ? 'POST' : 'GET',
      headers: { host: AUTHORITY },
    });
    sent.on('response', (response) => {
      response.on('error', () => {});
      response.on('close', resolve);
      response.resume();
    });
    sent.on('error', () => resolve());
    sent.on('close', resolve);
    if (hasBody) sent.write(Buffer.alloc(Math.floor(sequence.unit() * 150_000)));
    if (!hasBody || sequence.unit() < 0.9) sent.end();
    if (sequence.unit() < 0.15) setTimeout(() => sent.destroy(), sequence.unit() * 60);
    else if (hasBody) setTimeout(() => sent.end(), 50);
  });
}

async function playClient(port: number, number: number): Promise<void> {
  const sequence = new Sequence('storm', `client ${number}`);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let count = 0; count < REQUESTS_PER_CLIENT; count++) await call(port, agent, sequence);
  agent.destroy();
}

function gauges(running: RunningProxy): Map<string, number> {
  const found = new Map<string, number>();
  running.engine.visitStats((name, kind, value) => {
    if (kind === 'gauge') found.set(name, value);
  });
  return found;
}

function openSockets(): Promise<number[]> {
  return Promise.all(
    servers.map(
      (server) => new Promise<number>((resolve) => server.getConnections((_, n) => resolve(n))),
    ),
  );
}

it('a storm leaves nothing behind', async () => {
  const addresses = new Map<string, string>();
  for (const name of ENDPOINTS)
    addresses.set(name, await startEndpoint(new Sequence('storm', name)));
  const log: string[] = [];
  proxy = await startProxy({
    config: meshConfigOf(MESH, addresses),
    seed: 'storm',
    listen: [{ direction: 'outbound', address: ANY_PORT }],
    admin: null,
    accessLog: null,
    allowNonLoopback: false,
    onRequestLog: (entry: RequestLogEntry) => log.push(entry.flags),
  });
  const port = Number(proxy.addresses[0]!.split(':')[1]);
  await Promise.all(Array.from({ length: CLIENTS }, (_, number) => playClient(port, number)));
  await new Promise((resolve) => setTimeout(resolve, 300));

  const counters = new Map<string, number>();
  proxy.engine.visitStats((name, _, value) => counters.set(name, value));
  const found = gauges(proxy);
  expect(log).toHaveLength(counters.get('http.outbound.downstream_rq_total')!);
  expect(log.length).toBeGreaterThan(CLIENTS * REQUESTS_PER_CLIENT * 0.8);
  expect(found.get('http.outbound.downstream_rq_active')).toBe(0);
  expect(found.get('cluster.orders.upstream_rq_active')).toBe(0);
  expect(found.get('cluster.orders.upstream_rq_pending_active')).toBe(0);
  const sockets = await openSockets();
  expect(found.get('cluster.orders.upstream_cx_active')).toBe(sockets.reduce((a, b) => a + b, 0));
  const { upstreamConnections, timers, ...others } = proxy.usage;
  expect(others).toEqual({ clientConnections: 0, requests: 0, streams: 0 });
  expect(upstreamConnections).toBe(found.get('cluster.orders.upstream_cx_active'));
  // Each idle connection has one, and so has the sweep of the outlier detection.
  expect(timers).toBeLessThanOrEqual(upstreamConnections + 1);
  await proxy.stop(0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(Object.values(proxy.usage)).toEqual([0, 0, 0, 0, 0]);
  const flags = new Set(log.flatMap((text) => text.split(',')));
  expect(flags.size).toBeGreaterThanOrEqual(4);
}, 60_000);
