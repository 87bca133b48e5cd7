/**
 * The admin address: read-only pages about the running proxy.
 *
 * Pages are made on request from the engine's counters; nothing is kept here. Requests with a Host
 * of their own (a browser tricked by DNS) are refused on the loopback address.
 * Source: Envoy docs, operations/admin.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Engine } from '../../core/engine.ts';
import type { MeshConfig } from '../../mesh/config/config.ts';
import { formatAddress, isLoopback, parseAddress, type SocketAddress } from '../addresses.ts';
import { listenOn } from '../listener.ts';
import { clustersText, prometheusText, statsText } from './stats-text.ts';

/** What the pages are about. */
export interface AdminSubject {
  readonly engine: Engine<MeshConfig>;
  readonly config: MeshConfig;
  /** `LIVE` or `DRAINING`. */
  state(): string;
}

interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

type PageMaker = (subject: AdminSubject, query: URLSearchParams) => Page;

const TEXT = 'text/plain; charset=UTF-8';

const PAGES: ReadonlyMap<string, readonly [summary: string, make: PageMaker]> = new Map([
  ['/', ['this list', () => text(helpText())]],
  ['/clusters', ['circuit breakers, and gauges of each endpoint', clustersPage]],
  ['/ready', ['LIVE once requests are served', readyPage]],
  ['/stats', ['counters and gauges; ?format=prometheus, ?filter=REGEX', statsPage]],
] satisfies [string, [string, PageMaker]][]);

export class Admin {
  private readonly server: Server;
  private readonly subject: AdminSubject;

  constructor(subject: AdminSubject) {
    this.subject = subject;
    this.server = createServer((message, response) => this.answer(message, response));
  }

  /** @throws EnvironmentError when the address cannot be had */
  listen(address: SocketAddress): Promise<void> {
    return listenOn(this.server, address);
  }

  get address(): string {
    const { address, port } = this.server.address() as AddressInfo;
    return formatAddress(address, port);
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private answer(message: IncomingMessage, response: ServerResponse): void {
    const page = this.page(message);
    response.writeHead(page.status, {
      'content-type': page.type,
      'cache-control': 'no-cache, max-age=0',
      'x-content-type-options': 'nosniff',
    });
    response.end(page.body);
  }

  private page(message: IncomingMessage): Page {
    if (!isOwnHost(message)) return text('this address serves its own machine only\n', 403);
    if (message.method !== 'GET' && message.method !== 'HEAD') return text('only GET\n', 405);
    const url = new URL(message.url ?? '/', 'http://admin');
    const make = PAGES.get(url.pathname)?.[1];
    return make === undefined
      ? text(`no such page\n\n${helpText()}`, 404)
      : make(this.subject, url.searchParams);
  }
}

function text(body: string, status = 200): Page {
  return { status, type: TEXT, body };
}

function helpText(): string {
  const lines = [...PAGES].map(([path, [summary]]) => `  ${path.padEnd(10)} ${summary}\n`);
  return `admin pages:\n${lines.join('')}`;
}

function clustersPage({ engine, config }: AdminSubject): Page {
  return text(clustersText(engine, config));
}

function readyPage(subject: AdminSubject): Page {
  const state = subject.state();
  return text(`${state}\n`, state === 'LIVE' ? 200 : 503);
}

function statsPage({ engine }: AdminSubject, query: URLSearchParams): Page {
  const format = query.get('format') ?? 'text';
  if (format === 'prometheus') {
    return { status: 200, type: 'text/plain; version=0.0.4', body: prometheusText(engine) };
  }
  if (format !== 'text') return text(`unknown format; one of text, prometheus\n`, 400);
  const filter = query.get('filter');
  if (filter === null) return text(statsText(engine));
  try {
    return text(statsText(engine, new RegExp(filter)));
  } catch {
    return text('filter is no regular expression\n', 400);
  }
}

/** A page of another site can send a browser here, but not with a loopback Host. */
function isOwnHost(message: IncomingMessage): boolean {
  if (!isLoopback(message.socket.localAddress ?? '')) return true;
  const host = message.headers.host ?? '';
  return isLoopback(parseAddress(host)?.host ?? host);
}
