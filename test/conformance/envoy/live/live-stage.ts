/**
 * The stage on real sockets: `meshquake proxy` or the program `envoy`, started for one case.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls';
import type { ClientTls, UpstreamTls } from '../case-file.ts';
import type { Acceptor, ByteStream, Clock, PortPlan, Stage, UpstreamPort } from '../stage.ts';
import { NotApplicable } from '../stage.ts';
import { BlackHole } from './black-hole.ts';
import { makeCertificateFiles } from './openssl.ts';
import { failureOf, SocketStream } from './socket-stream.ts';

const HOST = '127.0.0.1';
const START_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 3_000;
const POLL_MS = 10;

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const WALL_CLOCK: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  sleep,
};

/** What is under test. */
export type Program = 'meshquake' | 'envoy';

export class LiveStage implements Stage {
  readonly clock = WALL_CLOCK;
  folder = '';
  ports: Record<string, number> = {};
  startProblem = '';
  private readonly program: Program;
  private readonly servers: Server[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly holes: BlackHole[] = [];
  private child: ChildProcess | null = null;
  private exit: Promise<void> = Promise.resolve();
  private hasStarted = false;
  /** The end of what the program said on standard error. */
  private words = '';

  constructor(program: Program) {
    this.program = program;
  }

  async run(script: () => Promise<void>): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), 'conformance-'));
    for (const name of ['listener', 'listener2', 'admin', 'dead']) {
      this.ports[name] = await freePort();
    }
    await script();
  }

  async addUpstream(plan: PortPlan, accept: Acceptor): Promise<UpstreamPort> {
    if (plan.refuses) return this.refusingPort(accept);
    if (plan.isBlackhole) {
      const hole = await BlackHole.open();
      this.holes.push(hole);
      return { port: hole.port, listen: async () => {}, close: () => {} };
    }
    const take = (socket: Socket) => {
      this.keep(socket);
      void accept(new SocketStream(socket));
    };
    const server =
      plan.tls === null
        ? createServer({ noDelay: true }, take)
        : await this.tlsServer(plan.tls, take);
    const port = await listenOn(server, 0, 511);
    this.servers.push(server);
    return { port, listen: async () => {}, close: () => server.close() };
  }

  async writeFile(name: string, text: string): Promise<void> {
    const path = join(this.folder, name);
    await writeFile(`${path}.tmp`, text);
    await rename(`${path}.tmp`, path);
  }

  async makeCertificates(): Promise<void> {
    // The proxy learns TLS with a later issue; the scripts can already speak it with Envoy.
    if (this.program === 'meshquake') throw new NotApplicable('the proxy does not speak TLS yet');
    await makeCertificateFiles(this.folder);
  }

  /** A server that asks for certificates refuses whoever has none in the handshake. */
  private async tlsServer(tls: UpstreamTls, take: (socket: Socket) => void): Promise<Server> {
    const server = createTlsServer({
      ...(await this.identity(tls.cert)),
      ...(tls.client_ca === undefined
        ? {}
        : { ca: await this.fileOf(`${tls.client_ca}.crt`), requestCert: true }),
      ...(tls.max_version === '1.2' ? { maxVersion: 'TLSv1.2' as const } : {}),
    });
    server.on('secureConnection', take);
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    return server;
  }

  private async identity(name: string): Promise<{ cert: Buffer; key: Buffer }> {
    return { cert: await this.fileOf(`${name}.crt`), key: await this.fileOf(`${name}.key`) };
  }

  private fileOf(name: string): Promise<Buffer> {
    return readFile(join(this.folder, name));
  }

  async start(bootstrap: string): Promise<boolean> {
    const config = join(this.folder, 'bootstrap.yaml');
    await writeFile(config, bootstrap);
    const [command, ...rest] = commandOf(this.program, config, this.ports['admin']!);
    const child = spawn(command!, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.child = child;
    child.stderr.on('data', (bytes) => {
      this.words = (this.words + String(bytes)).slice(-1_500);
    });
    let hasEnded = false;
    this.exit = new Promise((resolve) => {
      child.on('exit', () => {
        hasEnded = true;
        resolve();
      });
      child.on('error', (error) => {
        this.words += error.message;
        hasEnded = true;
        resolve();
      });
    });
    const limitMs = this.clock.nowMs() + START_LIMIT_MS;
    while (!hasEnded && this.clock.nowMs() < limitMs) {
      const probe = await this.connect('listener').catch(() => null);
      if (probe !== null) {
        probe.close();
        this.hasStarted = true;
        return true;
      }
      await sleep(POLL_MS);
    }
    const [, missing] = /speaks ([\w/]+), which this proxy does not yet/.exec(this.words) ?? [];
    if (missing !== undefined) throw new NotApplicable(`the proxy does not speak ${missing} yet`);
    this.startProblem = this.words;
    return false;
  }

  async connect(to: 'listener' | 'listener2', tls: ClientTls | null = null): Promise<ByteStream> {
    const socket =
      tls === null
        ? connect(this.ports[to]!, HOST)
        : tlsConnect({
            host: HOST,
            port: this.ports[to]!,
            rejectUnauthorized: false,
            ...(tls.cert === undefined ? {} : await this.identity(tls.cert)),
            ...(tls.max_version === '1.2' ? { maxVersion: 'TLSv1.2' as const } : {}),
          });
    this.keep(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once(tls === null ? 'connect' : 'secureConnect', resolve);
      socket.once('error', (error) => reject(failureOf(error)));
    });
    return new SocketStream(socket);
  }

  stats(only: string | null): Promise<string> {
    const filter = only === null ? '' : `?filter=^${encodeURIComponent(escaped(only))}$`;
    return this.admin(`/stats${filter}`);
  }

  clusters(): Promise<string> {
    return this.admin('/clusters');
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await Promise.race([this.exit, sleep(STOP_LIMIT_MS)]);
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await this.exit;
    }
    for (const server of this.servers) server.close();
    await Promise.all(this.holes.map((hole) => hole.close()));
    for (const socket of this.sockets) socket.destroy();
    const code = child?.exitCode ?? 0;
    if (this.hasStarted && code !== 0) throw new Error(`it ended with ${code}: ${this.words}`);
  }

  async accessLog(): Promise<string> {
    const text = await readFile(join(this.folder, 'access.log'), 'utf8').catch(() => '');
    await rm(this.folder, { recursive: true, force: true });
    return text;
  }

  private async admin(path: string): Promise<string> {
    const response = await fetch(`http://${HOST}:${this.ports['admin']}${path}`);
    return response.text();
  }

  /** Nothing listens until `listen` is called. */
  private async refusingPort(accept: Acceptor): Promise<UpstreamPort> {
    const port = await freePort();
    const server = createServer({ noDelay: true }, (socket) => {
      this.keep(socket);
      void accept(new SocketStream(socket));
    });
    this.servers.push(server);
    const listen = async () => void (await listenOn(server, port, 511));
    return { port, listen, close: () => server.close() };
  }

  /** A server that accepts nothing more: its queue is full of connections nobody takes. */
  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.sockets.delete(socket));
  }
}

function commandOf(program: Program, config: string, baseId: number): string[] {
  if (program === 'meshquake') {
    const own = ['proxy', '--config', config, '--seed', 'conformance', '--drain-time', '1s'];
    const built = process.env['MESHQUAKE'];
    const cli = built === undefined ? ['--import', 'tsx', 'src/cli.ts'] : [built];
    return [process.execPath, ...cli, ...own];
  }
  const envoy = process.env['ENVOY'] ?? 'envoy';
  const options = ['--concurrency', '1', '--base-id', String(baseId), '-l', 'error'];
  return [envoy, '-c', config, ...options, '--drain-time-s', '1'];
}

function listenOn(server: Server, port: number, backlog: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: HOST, port, backlog }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOn(server, 0, 1);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
