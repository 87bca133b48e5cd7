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
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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

async function start(args: readonly string[]): Promise<Peer> {
  const child = spawn(process.execPath, ['--import', 'tsx', ...args], {
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
  const file = join(mkdtempSync(join(tmpdir(), 'meshquake-bench-')), 'mesh.yaml');
  writeFileSync(
    file,
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
  return file;
}

function proxyRow(name: string, startProxy: (backend: Peer) => Promise<Peer>): Row {
  return {
    name,
    unit: UNIT,
    best: 'highest',
    ratioTo: name === 'proxy.http1.node-http' ? [] : ['proxy.http1.node-http'],
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
];
