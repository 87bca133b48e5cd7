/**
 * The `proxy.http1.*` rows: requests per CPU second of one proxy process on loopback.
 *
 * Each row starts three processes: a backend, the proxy, and (this one) the load generator. The CPU
 * time counted is the proxy's alone, so the generator's limit does not distort the ratios; for
 * `direct` it is the backend's. Source: performance.md B.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { envoyPath, missingProgram } from './peers.ts';
import type { Row } from './row.ts';

const CONNECTIONS = 16;
const WARM_UP = 3_000;
const REQUESTS = 20_000;
const UNIT = 'requests per CPU second';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

interface Peer {
  readonly process: ChildProcess;
  readonly port: number;
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A program that says nothing when it is ready: asked until it answers. */
async function startProgram(program: string, args: readonly string[], port: number): Promise<Peer> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  for (let tries = 0; tries < 200; tries++) {
    if (await answers(port)) return { process: child, port };
    await sleep(50);
  }
  child.kill('SIGKILL');
  throw new Error(`${program} does not listen on ${port}`);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

async function start(args: readonly string[]): Promise<Peer> {
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { process: child, port: Number(/(\d+)\s*$/.exec(line.toString().split('\n')[0]!)![1]) };
}

function stop(...peers: Peer[]): void {
  for (const peer of peers) peer.process.kill('SIGKILL');
}

/** User and system time of a process so far, seconds. Linux: clock ticks of 10 ms. */
function cpuSeconds(peer: Peer): number {
  const stat = readFileSync(`/proc/${peer.process.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** @returns requests per second of `measured`'s CPU time */
async function load(port: number, host: string, measured: Peer): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  await requests(agent, port, host, WARM_UP);
  const before = cpuSeconds(measured);
  await requests(agent, port, host, REQUESTS);
  const used = cpuSeconds(measured) - before;
  agent.destroy();
  return REQUESTS / used;
}

async function requests(agent: Agent, port: number, host: string, count: number): Promise<void> {
  let left = count;
  const worker = async () => {
    while (left-- > 0) await request(agent, port, host);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
}

function request(agent: Agent, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get({ agent, host: '127.0.0.1', port, path: '/', headers: { host } }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
      response.resume();
      response.on('end', resolve);
    }).on('error', reject);
  });
}

const startBackend = () => start([here('peers/backend.ts')]);

function meshFor(backend: Peer): string {
  return inTemporaryFile(
    'mesh.yaml',
    `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: backend, namespace: default }
spec:
  hosts: [backend.test]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: 80, name: http, protocol: HTTP, targetPort: ${backend.port} }]
  endpoints: [{ address: 127.0.0.1 }]
`,
  );
}

function inTemporaryFile(name: string, text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'meshquake-bench-')), name);
  writeFileSync(file, text);
  return file;
}

/** One thread, kept-alive connections to the backend, no log. */
async function startHaproxy(backend: Peer): Promise<Peer> {
  const port = await freePort();
  const text = `global
  nbthread 1
defaults
  mode http
  option http-keep-alive
  http-reuse always
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend in
  bind 127.0.0.1:${port}
  default_backend out
backend out
  server one 127.0.0.1:${backend.port}
`;
  return startProgram('haproxy', ['-db', '-f', inTemporaryFile('haproxy.cfg', text)], port);
}

/** One worker, a plain route, no access log: what our proxy does in the row beside it. */
async function startEnvoy(backend: Peer): Promise<Peer> {
  const port = await freePort();
  const address = (number: number) => ({
    socket_address: { address: '127.0.0.1', port_value: number },
  });
  const manager = {
    '@type':
      'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'in',
    route_config: {
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, route: { cluster: 'out' } }],
        },
      ],
    },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
        },
      },
    ],
  };
  const filter = {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: manager,
  };
  const endpoint = { endpoint: { address: address(backend.port) } };
  const bootstrap = {
    static_resources: {
      listeners: [{ name: 'in', address: address(port), filter_chains: [{ filters: [filter] }] }],
      clusters: [
        {
          name: 'out',
          type: 'STATIC',
          connect_timeout: '5s',
          load_assignment: { cluster_name: 'out', endpoints: [{ lb_endpoints: [endpoint] }] },
        },
      ],
    },
  };
  const file = inTemporaryFile('envoy.json', JSON.stringify(bootstrap));
  const quiet = ['--concurrency', '1', '-l', 'error', '--use-dynamic-base-id'];
  return startProgram(envoyPath(), ['-c', file, ...quiet], port);
}

function proxyRow(
  name: string,
  startProxy: (backend: Peer) => Promise<Peer>,
  missing: () => string | null = () => null,
): Row {
  return {
    missing,
    name,
    unit: UNIT,
    best: 'highest',
    ratioTo: ['proxy.http1.node-http', 'proxy.http1.haproxy'].filter((other) => other !== name),
    async measure() {
      const backend = await startBackend();
      const proxy = await startProxy(backend);
      const rate = await load(proxy.port, 'backend.test', proxy);
      stop(proxy, backend);
      return rate;
    },
  };
}

const direct: Row = {
  name: 'proxy.http1.direct',
  unit: UNIT,
  best: 'highest',
  ratioTo: [],
  async measure() {
    const backend = await startBackend();
    const rate = await load(backend.port, 'backend.test', backend);
    stop(backend);
    return rate;
  },
};

export const PROXY_ROWS: readonly Row[] = [
  direct,
  proxyRow('proxy.http1.node-http', (backend) =>
    start([here('peers/node-http-proxy.ts'), String(backend.port)]),
  ),
  proxyRow('proxy.http1.meshquake', (backend) =>
    start([here('peers/meshquake-proxy.ts'), meshFor(backend)]),
  ),
  proxyRow('proxy.http1.haproxy', startHaproxy, () => missingProgram('haproxy', '-v')),
  proxyRow('proxy.http1.envoy', startEnvoy, () => missingProgram(envoyPath(), '--version')),
];
