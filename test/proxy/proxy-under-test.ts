/**
 * A real proxy in front of one raw upstream, with everything it logs.
 */
import type { RequestLogEntry } from '../../src/core/engine.ts';
import { parseAddress } from '../../src/proxy/addresses.ts';
import { type ProxyOptions, type RunningProxy, startProxy } from '../../src/proxy/main.ts';
import {
  AUTHORITY,
  type MeshStory,
  meshConfigOf,
} from '../conformance/engine-driver/mesh-config.ts';
import { RawClient, type RawUpstream } from './sockets.ts';

export const ANY_PORT = parseAddress('127.0.0.1:0')!;
export const GET = `GET / HTTP/1.1\r\nhost: ${AUTHORITY}\r\n`;

export class ProxyUnderTest {
  /** `status flags details` of each finished request. */
  readonly log: string[] = [];
  private readonly clients: RawClient[] = [];
  private proxy: RunningProxy | null = null;

  /** @param upstream null = `options` brings a configuration */
  async start(
    upstream: RawUpstream | null,
    mesh: Partial<MeshStory> = {},
    options: Partial<ProxyOptions> = {},
  ): Promise<this> {
    await upstream?.listen();
    const addresses = new Map([['a', upstream?.address ?? '127.0.0.1:9']]);
    const story = { clusters: [{ name: 'orders', endpoints: ['a'] }], ...mesh };
    this.proxy = await startProxy({
      config: meshConfigOf(story, addresses),
      seed: 'test',
      listen: [{ direction: 'outbound', address: ANY_PORT }],
      admin: null,
      accessLog: null,
      allowNonLoopback: false,
      onRequestLog: (entry: RequestLogEntry) => {
        this.log.push(`${entry.status} ${entry.flags} ${entry.details}`);
      },
      ...options,
    });
    return this;
  }

  get running(): RunningProxy {
    if (this.proxy === null) throw new Error('the proxy was not started');
    return this.proxy;
  }

  connect(): RawClient {
    const client = new RawClient(this.running.addresses[0]!);
    this.clients.push(client);
    return client;
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.destroy();
    await this.proxy?.stop(0);
  }
}
