/**
 * The stage in virtual time: the policy engine on the simulator's kernel, its listeners and
 * upstreams on virtual wires.
 */
import { Diagnostics, renderDiagnostics } from '../../../../src/core/diagnostics.ts';
import { Draws } from '../../../../src/core/draws.ts';
import type {
  DialPlan,
  Endpoint,
  HandshakeFailure,
  Head,
  PeerFacts,
  Ports,
  RequestLogEntry,
  Slot,
  TimerId,
  TimerKind,
  TlsPlan,
} from '../../../../src/core/engine.ts';
import { type CloseReason, Side } from '../../../../src/core/engine.ts';
import { MILLISECOND, type Ns } from '../../../../src/core/time.ts';
import {
  type Bootstrap,
  readAssignment,
  readBootstrap,
} from '../../../../src/importers/envoy/bootstrap.ts';
import { NameIds } from '../../../../src/importers/name-ids.ts';
import type { ListenerConfig } from '../../../../src/mesh/config/config.ts';
import { PolicyEngine } from '../../../../src/mesh/engine/engine.ts';
import { EngineTables } from '../../../../src/mesh/engine/tables.ts';
import {
  DEFAULT_FORMAT,
  type LineFormatter,
  parseFormat,
} from '../../../../src/proxy/access-log/format.ts';
import { clustersText, statsText } from '../../../../src/proxy/admin/stats-text.ts';
import { Downstreams } from '../../../../src/proxy/downstreams.ts';
import { DownstreamConnection } from '../../../../src/proxy/http1/downstream-connection.ts';
import { RequestIdentity } from '../../../../src/proxy/request-identity.ts';
import type { ClientTls } from '../case-file.ts';
import type { Acceptor, ByteStream, PortPlan, Stage, UpstreamPort } from '../stage.ts';
import { ConnectionReset, TlsFailure } from '../stage.ts';
import { VirtualContext } from './context.ts';
import { Http1Upstream } from './http1-upstream.ts';
import { Http2Upstream } from './http2-upstream.ts';
import { TcpDownstream } from './tcp-downstream.ts';
import { TcpUpstream } from './tcp-upstream.ts';
import { EPOCH_MS, VirtualTime } from './time.ts';
import { VirtualTls } from './tls.ts';
import type { Dialled } from './upstream-connection.ts';
import { HOP_NS, type Receiver, ScriptStream, WireEnd } from './wire.ts';
import { WireTransport } from './wire-transport.ts';

const FIRST_UPSTREAM_PORT = 20_001;
const NO_BYTES = new Uint8Array(0);

interface VirtualPort {
  plan: PortPlan;
  readonly accept: Acceptor;
}

export class VirtualStage implements Stage, Ports {
  readonly clock = new VirtualTime();
  readonly folder = '/case';
  readonly ports = { listener: 10_001, listener2: 10_002, admin: 10_003, dead: 10_004 };
  readonly draws: Draws;
  startProblem = '';
  private readonly context: VirtualContext;
  private readonly downstreams: Downstreams;
  private readonly byPort = new Map<number, VirtualPort>();
  private readonly files = new Map<string, string>();
  private readonly ids = new NameIds();
  private engine: PolicyEngine | null = null;
  private bootstrap: Bootstrap | null = null;
  private formats = new Map<number, LineFormatter>();
  private log = '';
  private clientCount = 0;
  /** Client connections without protocol; those that are over stay until their slot is taken. */
  private readonly tcp = new Map<Slot, TcpDownstream>();
  private readonly tls = new VirtualTls(this.files, () => this.wallMs());

  constructor(seed: string) {
    this.draws = new Draws(seed);
    const { clock } = this;
    this.context = new VirtualContext(clock);
    const identity = new RequestIdentity(this.draws);
    this.downstreams = new Downstreams(this.context.turns, identity, clock, () => {});
  }

  run(script: () => Promise<void>): Promise<void> {
    return this.clock.run(script);
  }

  async addUpstream(plan: PortPlan, accept: Acceptor): Promise<UpstreamPort> {
    const port = FIRST_UPSTREAM_PORT + this.byPort.size;
    const made: VirtualPort = { plan, accept };
    this.byPort.set(port, made);
    return {
      port,
      listen: async () => {
        made.plan = { ...made.plan, refuses: false };
      },
      close: () => {},
    };
  }

  async writeFile(name: string, text: string): Promise<void> {
    this.files.set(`${this.folder}/${name}`, text);
    if (this.engine === null) return;
    this.tellPressure(`${this.folder}/${name}`, text);
    for (const source of this.bootstrap?.eds ?? []) {
      if (source.path !== `${this.folder}/${name}`) continue;
      const members = this.membersOf(source, new Diagnostics());
      if (members === null) continue;
      this.context.input((engine) => engine.onEndpoints(source.clusterId, members));
    }
  }

  private tellPressure(path: string, text: string): void {
    for (const monitor of this.bootstrap?.config.overload?.monitors ?? []) {
      if (monitor.path !== path) continue;
      this.context.input((engine) => engine.onPressure(monitor.name, Number(text)));
    }
  }

  async makeCertificates(): Promise<void> {}

  async start(text: string): Promise<boolean> {
    const diagnostics = new Diagnostics();
    const file = { path: 'bootstrap.yaml', text };
    const bootstrap = readBootstrap(file, this.ids, diagnostics);
    if (bootstrap === undefined || diagnostics.hasErrors) {
      const sources = new Map([[file.path, text]]);
      this.startProblem = renderDiagnostics(diagnostics.sorted(), sources);
      return false;
    }
    this.bootstrap = bootstrap;
    const clusters = bootstrap.config.clusters.map((cluster) => {
      const source = bootstrap.eds.find(({ clusterId }) => clusterId === cluster.id);
      const members = source === undefined ? null : this.membersOf(source, diagnostics);
      return members === null ? cluster : { ...cluster, endpoints: members };
    });
    for (const { config, accessLogs } of bootstrap.listeners) {
      const format = accessLogs[0]?.format ?? DEFAULT_FORMAT;
      this.formats.set(config.id, parseFormat(format));
    }
    this.engine = new PolicyEngine({ ...bootstrap.config, clusters }, this, new EngineTables());
    this.context.turns.attach(this.engine);
    for (const [path, content] of this.files) this.tellPressure(path, content);
    // As the runner for sockets does to see whether somebody listens.
    // A proxy listens once its first health checks are over.
    while (!this.engine.isReady) await this.clock.sleep(1);
    const probe = await this.connect('listener', null);
    probe.close();
    await this.clock.sleep(1);
    return true;
  }

  async connect(to: 'listener' | 'listener2', tls: ClientTls | null): Promise<ByteStream> {
    const port = this.ports[to];
    const listener = this.bootstrap?.config.listeners.find((item) => item.port === port);
    if (listener === undefined) throw new Error(`nobody listens on ${to}`);
    const [near, far] = WireEnd.pair(this.clock);
    const stream = new ScriptStream(near, this.clock);
    if (listener.tls === undefined) {
      this.clock.afterNs(HOP_NS, () => this.accepted(far, listener, null));
      if (tls !== null) await this.greet(stream);
      return stream;
    }
    if (tls === null) {
      const refuse = (reason: HandshakeFailure) => {
        this.context.input((engine) => engine.onDownstreamRefused(listener.id, reason, ''));
        far.close();
      };
      far.receiver = new Deaf(
        () => refuse('protocol'),
        () => refuse('closed'),
      );
      return stream;
    }
    await this.clock.sleep((2 * HOP_NS) / MILLISECOND);
    const outcome = this.tls.accept(listener.tls, tls);
    if (outcome.kind === 'up') {
      this.accepted(far, listener, outcome.peer);
      return stream;
    }
    this.context.input((engine) => engine.onDownstreamRefused(listener.id, outcome.reason, ''));
    if (!outcome.isLate) throw new TlsFailure(outcome.reason);
    return new RefusedStream(outcome.reason);
  }

  /** A TLS client gets an answer in plain text, or none. */
  private async greet(stream: ScriptStream): Promise<never> {
    stream.write(Buffer.from('\x16\x03\x01\x02\x00\x01', 'latin1'));
    const answer = await stream.read();
    stream.close();
    if (answer === null) throw new ConnectionReset('the proxy hung up');
    throw new TlsFailure('an answer in plain text');
  }

  async stats(only: string | null): Promise<string> {
    if (only === null) return statsText(this.engine!);
    let found = '';
    this.engine!.visitStats((name, _kind, value) => {
      if (name === only) found = `${name}: ${value}\n`;
    });
    return found;
  }

  async clusters(): Promise<string> {
    return clustersText(this.engine!, this.bootstrap!.config);
  }

  async stop(): Promise<void> {}

  async accessLog(): Promise<string> {
    return this.log;
  }

  // Ports

  wallMs(): number {
    return EPOCH_MS + this.clock.nowMs();
  }

  arm(atNs: Ns, kind: TimerKind, slot: Slot): TimerId {
    return this.clock.at(atNs, () => this.context.input((engine) => engine.onTimer(kind, slot)));
  }

  armAfter(delayMs: number, kind: TimerKind, slot: Slot): TimerId {
    return this.arm(this.clock.nowNs + delayMs * MILLISECOND, kind, slot);
  }

  disarm(timer: TimerId): void {
    this.clock.cancel(timer);
  }

  dial(slot: Slot, endpoint: Endpoint, plan: DialPlan): void {
    const { tls, protocol, isHalfOpen } = plan;
    const dial = (at: string) => this.dialled(at, tls);
    const made =
      protocol === 'http2'
        ? new Http2Upstream(this.context, slot, endpoint, dial)
        : isHalfOpen === true
          ? new TcpUpstream(this.context, slot, endpoint, dial)
          : new Http1Upstream(this.context, slot, endpoint, dial, protocol === 'tcp');
    this.context.upstreams.put(slot, made);
  }

  openStream(stream: Slot, connection: Slot, _uid: number, head: Head, end: boolean): void {
    this.context.upstreams.get(connection).openStream(stream, head, end);
  }

  sendBody(stream: Slot, _bytes: number, chunk: Uint8Array | null, end: boolean): void {
    this.context.streams.find(stream)?.sendBody(chunk ?? NO_BYTES, end);
  }

  sendTrailers(stream: Slot, trailers: Head): void {
    this.context.streams.find(stream)?.sendTrailers(trailers.headers);
  }

  resetStream(stream: Slot): void {
    this.context.streams.find(stream)?.resetStream();
  }

  sendUpstreamData(connection: Slot, _bytes: number, chunk: Uint8Array | null, end: boolean): void {
    this.context.upstreams.find(connection)?.sendRaw(chunk ?? NO_BYTES, end);
  }

  closeUpstream(connection: Slot): void {
    this.context.upstreams.find(connection)?.closeBy();
  }

  respondInformational(request: Slot, head: Head): void {
    this.downstreams.respondInformational(request, head);
  }

  respondHead(request: Slot, head: Head, end: boolean): void {
    this.downstreams.respondHead(request, head, end);
  }

  respondBody(request: Slot, _bytes: number, chunk: Uint8Array | null, end: boolean): void {
    this.downstreams.respondBody(request, chunk, end);
  }

  respondTrailers(request: Slot, trailers: Head): void {
    this.downstreams.respondTrailers(request, trailers);
  }

  resetRequest(request: Slot): void {
    this.downstreams.reset(request);
  }

  sendDownstreamData(
    connection: Slot,
    _bytes: number,
    chunk: Uint8Array | null,
    end: boolean,
  ): void {
    this.tcp.get(connection)?.send(chunk, end);
  }

  goAwayDownstream(connection: Slot): void {
    this.downstreams.goAway(connection);
  }

  closeDownstream(
    connection: Slot,
    how: 'abort' | 'flush' | 'linger',
    lingerNs: Ns,
    reason: CloseReason,
  ): void {
    this.downstreams.close(connection, how, lingerNs, reason);
  }

  setReading(side: Side, slot: Slot, on: boolean): void {
    if (side === Side.downstream) this.tcp.get(slot)?.setReading(on);
    else if (side === Side.stream) this.context.streams.find(slot)?.setReading(on);
    else this.downstreams.setReading(side, slot, on);
  }

  logRequest(entry: RequestLogEntry): void {
    const format = this.formats.get(entry.listener);
    const startMs = EPOCH_MS + entry.startNs / MILLISECOND;
    if (format === undefined) return;
    this.log += format({ entry, startMs, requestDurationMs: -1, responseDurationMs: -1 });
  }

  record(): void {}

  private accepted(
    end: WireEnd,
    listener: ListenerConfig,
    tls: Pick<PeerFacts, 'sans' | 'validated' | 'isUntrusted'> | null,
  ): void {
    const address = `127.0.0.1:${40_000 + (this.clientCount++ % 20_000)}`;
    const context = this.downstreams.contextOf(
      this.bootstrap!.config,
      listener.direction,
      listener.id,
    );
    const facts: PeerFacts = {
      tls: tls !== null,
      validated: tls?.validated === true,
      sans: tls?.sans ?? [],
      isUntrusted: tls?.isUntrusted === true,
      serverName: null,
      protocol: listener.protocol,
      remoteAddress: address,
      localAddress: `127.0.0.1:${listener.port}`,
    };
    if (listener.protocol === 'tcp') {
      const keep = (slot: Slot, made: TcpDownstream) => this.tcp.set(slot, made);
      void new TcpDownstream(end, this.context, context.connections, keep, listener.id, facts);
      return;
    }
    void new DownstreamConnection(new WireTransport(end, this.clock), facts, context);
  }

  private dialled(address: string, tls: TlsPlan | null): Dialled {
    const number = Number(address.slice(address.lastIndexOf(':') + 1));
    const port = this.byPort.get(number);
    if (port?.plan.isBlackhole === true) return 'silent';
    if (port === undefined || port.plan.refuses) return 'refused';
    const { tls: offered } = port.plan;
    if (offered === null)
      return { end: this.acceptedBy(port), tls: null, isMistaken: tls !== null };
    const [near, far] = WireEnd.pair(this.clock);
    if (tls === null) {
      far.receiver = new Deaf(() => far.close());
      return { end: near, tls: null };
    }
    const outcome = this.tls.dial(tls, offered, number);
    if (outcome.kind === 'hung-up') return 'hung-up';
    if (outcome.kind === 'failed') return { failure: outcome.reason, detail: outcome.detail };
    const facts = { tls: true, serverName: tls.serverName, ...outcome.peer };
    if (outcome.kind === 'up') return { end: this.acceptedBy(port), tls: facts };
    far.receiver = new Deaf(() => {});
    far.close();
    return { end: near, tls: facts };
  }

  private acceptedBy(port: VirtualPort): WireEnd {
    const [near, far] = WireEnd.pair(this.clock);
    const stream = new ScriptStream(far, this.clock);
    void port.accept(stream);
    this.clock.stir();
    return near;
  }

  private membersOf(source: Bootstrap['eds'][number], diagnostics: Diagnostics) {
    const text = this.files.get(source.path);
    if (text === undefined) return null;
    const file = { path: source.path, text };
    const members = readAssignment(file, source, this.ids, diagnostics);
    return members === undefined ? null : { version: 1, members };
  }
}

/** An end that understands nothing. */
class Deaf implements Receiver {
  private readonly onWords: () => void;
  private readonly onEnded: () => void;
  private isOver = false;

  constructor(onWords: () => void, onEnded: () => void = () => {}) {
    this.onWords = onWords;
    this.onEnded = onEnded;
  }

  onBytes(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.onWords();
  }
  onEnd(): void {
    if (!this.isOver) this.onEnded();
    this.isOver = true;
  }
  onReset(): void {
    this.onEnd();
  }
}

/** A client's connection whose server refuses it after the client's part of the handshake. */
class RefusedStream implements ByteStream {
  private readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }

  read(): Promise<never> {
    return Promise.reject(new TlsFailure(this.reason));
  }
  write(): void {}
  close(): void {}
  reset(): void {}
}
