/**
 * `meshquake proxy` as a command: files, flags, what is printed, and how it ends.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CliContext, TextOutput } from '../../src/cli/cli-io.ts';
import { proxyCommand } from '../../src/cli/proxy.ts';
import { EnvironmentError, InputError, UsageError } from '../../src/core/errors.ts';
import { RawClient, RawUpstream, response } from './sockets.ts';

let folder: string;
let upstream: RawUpstream;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'proxy-command-'));
  upstream = new RawUpstream(() => response('ok'));
  await upstream.listen();
  await writeMesh();
});

afterEach(async () => {
  upstream.close();
  await rm(folder, { recursive: true });
});

async function writeMesh(timeout = '2s'): Promise<void> {
  const port = upstream.address.split(':')[1];
  const mesh = `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: orders, namespace: shop }
spec:
  hosts: [orders.test]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: 8080, name: http, protocol: HTTP, targetPort: ${port} }]
  workloadSelector: { labels: { app: orders } }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: orders-1, namespace: shop }
spec: { address: 127.0.0.1, labels: { app: orders } }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: orders, namespace: shop }
spec:
  hosts: [orders.test]
  http: [{ timeout: ${timeout}, route: [{ destination: { host: orders.test } }] }]
`;
  await writeFile(join(folder, 'mesh.yaml'), mesh);
}

/** Collects what is written. */
class Output implements TextOutput {
  text = '';
  readonly isTerminal = false;
  readonly columns = 80;
  write(text: string): void {
    this.text += text;
  }
}

/** One call of the command, in this process. */
class Run {
  readonly stdout = new Output();
  readonly stderr = new Output();
  readonly done: Promise<unknown>;
  private stop = (_signal: string) => {};

  constructor(flags: string) {
    const io = {
      stdout: this.stdout,
      stderr: this.stderr,
      readStdin: () => '',
      env: {},
      cwd: folder,
      hasThreads: false,
    };
    const context: CliContext = { io, exitCode: 0, argv: [] };
    const program = new Command('meshquake').exitOverride().configureOutput({
      writeOut: (text) => this.stdout.write(text),
      writeErr: (text) => this.stderr.write(text),
    });
    proxyCommand(program, context, () => new Promise((resolve) => (this.stop = resolve)));
    this.done = program.parseAsync(['proxy', ...flags.split(' ')], { from: 'user' });
    this.done.catch(() => {});
  }

  /** Waits until it serves. @returns its addresses by direction */
  async ready(): Promise<Map<string, string>> {
    while (!this.stderr.text.includes('ready\n')) {
      await Promise.race([this.done, new Promise((resolve) => setTimeout(resolve, 2))]);
    }
    const lines = this.stderr.text.matchAll(/^(outbound|inbound|admin) (?:http:\/\/)?([^\s/]+)/gm);
    return new Map([...lines].map(([, which = '', address = '']) => [which, address]));
  }

  async end(): Promise<void> {
    this.stop('SIGTERM');
    await this.done;
  }
}

const REQUEST = 'GET /x HTTP/1.1\r\nhost: orders.test:8080\r\nconnection: close\r\n\r\n';

async function ask(address: string | undefined): Promise<string> {
  const client = new RawClient(address!);
  client.write(REQUEST);
  return client.closed();
}

describe('meshquake proxy', () => {
  it('serves a client with the policy and the addresses of the files', async () => {
    const run = new Run('--config mesh.yaml --listen 127.0.0.1:0 --admin 127.0.0.1:0 --seed 7');
    const addresses = await run.ready();
    expect(await ask(addresses.get('outbound'))).toMatch(/^HTTP\/1.1 200 OK\r\n(?:.*\r\n)*\r\nok$/);
    expect(upstream.requests[0]).toContain('x-envoy-expected-rq-timeout-ms: 2000');
    const stats = await fetch(`http://${addresses.get('admin')}/stats`);
    expect(await stats.text()).toContain('cluster.outbound|8080||orders.test.upstream_rq_200: 1');
    await run.end();
    expect(run.stderr.text).toContain('seed 7');
    expect(run.stdout.text).toMatch(/^\[.*\] "GET \/x HTTP\/1\.1" 200 - 0 2 /);
  });

  it('serves a workload in both directions', async () => {
    const run = new Run(
      '--config . --workload shop/orders-1 --listen outbound=:0,inbound=:0 ' +
        '--access-log access.log --access-log-format %UPSTREAM_CLUSTER%',
    );
    const addresses = await run.ready();
    expect(await ask(addresses.get('inbound'))).toMatch(/^HTTP\/1.1 200 /);
    expect(await ask(addresses.get('outbound'))).toMatch(/^HTTP\/1.1 200 /);
    await run.end();
    expect(run.stdout.text).toBe('');
    const port = upstream.address.split(':')[1];
    const log = await readFile(join(folder, 'access.log'), 'utf8');
    expect(log).toBe(`inbound|${port}||\noutbound|8080||orders.test\n`);
  });

  it('shows mistakes in files with their place', async () => {
    await writeMesh('soon');
    const run = new Run('--config mesh.yaml --listen :0');
    await expect(run.done).rejects.toThrow(InputError);
    await run.done.catch((error: InputError) => {
      expect(error.render()).toMatch(/mesh\.yaml:\d+:\d+: error MQ-/);
    });
  });

  it('says which file is not there', async () => {
    const run = new Run('--config nothing.yaml');
    await expect(run.done).rejects.toThrow(/no file or folder "nothing.yaml"/);
    await expect(run.done).rejects.toThrow(InputError);
  });

  it.each([
    ['--config mesh.yaml --listen 127.0.0.1', /--listen: "127.0.0.1" is not an address/],
    ['--config mesh.yaml --listen :0,outbound=:0', /at most one address/],
    ['--config mesh.yaml --listen inbound=:0', /inbound needs --workload/],
    ['--config mesh.yaml --admin here', /--admin: "here" is not an address/],
    ['--config mesh.yaml --workload orders-1', /expected NAMESPACE\/NAME/],
    ['--config mesh.yaml --workload shop/orders-2', /did you mean "shop\/orders-1"\?/],
    ['--config mesh.yaml --access-log-format %STATUS%', /unknown operator %STATUS%/],
    ['--config mesh.yaml --drain-time soon', /--drain-time/],
    ['--config mesh.yaml --listen 0.0.0.0:0', /--allow-non-loopback/],
  ])('refuses %s', async (flags, message) => {
    const run = new Run(flags);
    await expect(run.done).rejects.toThrow(UsageError);
    await expect(run.done).rejects.toThrow(message);
  });

  it('fails with an error of the environment when a port is in use', async () => {
    const run = new Run(`--config mesh.yaml --listen ${upstream.address}`);
    await expect(run.done).rejects.toThrow(EnvironmentError);
  });

  it('explains itself', async () => {
    const run = new Run('--help');
    await expect(run.done).rejects.toThrow();
    expect(run.stdout.text).toContain('Examples:');
    expect(run.stdout.text).toContain('--access-log-format');
  });
});

describe('the process', () => {
  it('drains and writes its log out on SIGTERM', async () => {
    const script = `
      import { Command } from 'commander';
      import { processIo } from './src/cli/process-io.ts';
      import { proxyCommand } from './src/cli/proxy.ts';
      const program = new Command('meshquake');
      proxyCommand(program, { io: processIo(), exitCode: 0, argv: [] });
      program.parseAsync();
    `;
    const log = join(folder, 'access.log');
    const child = spawn(process.execPath, [
      ...['--import', 'tsx', '--input-type=module', '--eval', script, '--', 'proxy'],
      ...['--config', join(folder, 'mesh.yaml'), '--listen', ':0', '--access-log', log],
      ...['--access-log-format', '%RESPONSE_CODE% %RESPONSE_FLAGS%'],
    ]);
    const exit = new Promise<number | null>((resolve) => child.on('exit', resolve));
    let text = '';
    await new Promise<void>((resolve) => {
      child.stderr.on('data', (bytes: Buffer) => {
        text += bytes.toString();
        if (text.includes('ready')) resolve();
      });
      child.on('exit', () => resolve());
    });
    const address = /outbound (\S+)/.exec(text)?.[1];
    await ask(address);
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(await readFile(log, 'utf8')).toBe('200 -\n');
  });
});
