/**
 * One proxy under test: an engine on recording ports, with peers that a test plays by hand.
 *
 * It allocates downstream slots as a driver does, and `settle` answers what every driver answers:
 * dialled connections come up (or are refused), closed ones are confirmed.
 */
import type { Endpoint, PeerFacts, RequestLogEntry, Slot } from '../../../src/core/engine.ts';
import { CloseReason, ConnectFailure, ResetReason } from '../../../src/core/engine.ts';
import type { HeadFields } from '../../../src/core/head.ts';
import { HttpHead } from '../../../src/core/head.ts';
import { plainPeer } from '../../../src/core/plain-peer.ts';
import {
  envoyCluster,
  envoyForward,
  envoyListener,
  envoyOutlier,
  envoyRetryPolicy,
  envoyRoute,
  envoyThresholds,
  envoyVirtualHost,
} from '../../../src/mesh/config/complete.ts';
import type {
  ClusterConfig,
  ForwardAction,
  ListenerConfig,
  MeshConfig,
  OutlierConfig,
  RetryPolicyConfig,
  RouteConfig,
  Thresholds,
  VirtualHostConfig,
} from '../../../src/mesh/config/config.ts';
import { EngineTables, PolicyEngine } from '../../../src/mesh/engine/engine.ts';
import { RecordingPorts } from '../../helpers/recording-ports.ts';

export const DOWNSTREAM_PEER: PeerFacts = plainPeer('10.9.9.9:5555', '10.0.0.1:80');

export function anEndpoint(id: number, partial: Partial<Endpoint> = {}): Endpoint {
  return {
    id,
    address: `10.0.0.${id}:80`,
    hostname: `host-${id}`,
    labels: {},
    locality: '',
    weight: 1,
    priority: 0,
    health: 'healthy',
    ...partial,
  };
}

/** What a test says of its proxy; everything else is Envoy's default. */
export interface ProxySketch {
  readonly endpoints?: number | readonly Endpoint[];
  readonly cluster?: Partial<ClusterConfig>;
  readonly thresholds?: Partial<Thresholds>;
  readonly outlier?: Partial<OutlierConfig>;
  readonly route?: Partial<RouteConfig>;
  readonly forward?: Partial<ForwardAction>;
  readonly retry?: Partial<RetryPolicyConfig>;
  readonly virtualHost?: Partial<VirtualHostConfig>;
  readonly listener?: Partial<ListenerConfig>;
  readonly moreClusters?: readonly ClusterConfig[];
}

/** One listener, one route, one cluster `cluster` with round robin over its endpoints. */
export function meshConfig(sketch: ProxySketch, version = 1): MeshConfig {
  const { endpoints = 1 } = sketch;
  const members =
    typeof endpoints === 'number'
      ? Array.from({ length: endpoints }, (_, i) => anEndpoint(i + 1))
      : endpoints;
  const thresholds = envoyThresholds(sketch.thresholds);
  const cluster = envoyCluster({
    id: 7,
    endpoints: { version, members },
    circuitBreakers: { default: thresholds, high: envoyThresholds() },
    outlier: sketch.outlier === undefined ? null : envoyOutlier(sketch.outlier),
    ...sketch.cluster,
  });
  const retry = sketch.retry === undefined ? null : envoyRetryPolicy(sketch.retry);
  const action = envoyForward({ timeoutMs: 0, retry, ...sketch.forward });
  const route = envoyRoute({ name: 'all', action, ...sketch.route });
  const listener = envoyListener({
    id: 3,
    statPrefix: 'in',
    streamIdleTimeoutMs: 0,
    downstreamIdleTimeoutMs: 0,
    routes: {
      name: 'routes',
      virtualHosts: [envoyVirtualHost({ routes: [route], ...sketch.virtualHost })],
      ignorePortInHostMatching: false,
    },
    ...sketch.listener,
  });
  const clusters = [cluster, ...(sketch.moreClusters ?? [])];
  return { version, proxyName: 'proxy', listeners: [listener], clusters };
}

export class OneProxy {
  readonly ports: RecordingPorts;
  readonly engine: PolicyEngine;
  /** Addresses that refuse connections. */
  readonly refusing = new Set<string>();
  /** Addresses that never answer a connection attempt. */
  readonly hanging = new Set<string>();
  private nextRequest = 0;
  private nextConnection = 0;
  private nextUid = 1000;

  constructor(sketch: ProxySketch = {}, seed = 'test') {
    this.ports = new RecordingPorts(seed);
    this.engine = new PolicyEngine(meshConfig(sketch), this.ports, new EngineTables());
    this.ports.attach(this.engine);
    this.ports.afterTimer = () => this.settle();
  }

  /** A request on a connection of its own, complete unless `end` is false; peers then settle. */
  request(fields: HeadFields = {}, end = true): Slot {
    const slot = this.start(fields, end);
    this.settle();
    return slot;
  }

  /** As `request`, before any peer has answered. */
  start(fields: HeadFields = {}, end = true): Slot {
    const connection = this.nextConnection++;
    const request = this.nextRequest++;
    this.engine.onDownstreamOpen(connection, 3, DOWNSTREAM_PEER);
    const head = new HttpHead({ method: 'GET', authority: 'svc', path: '/', ...fields });
    this.engine.onRequest(request, connection, this.nextUid++, head, end);
    return request;
  }

  body(request: Slot, text: string, end = false): void {
    const chunk = new TextEncoder().encode(text);
    this.engine.onRequestBody(request, chunk.length, chunk, end);
  }

  /** Connections come up or are refused, closed ones are confirmed, until nothing is left. */
  settle(): void {
    const { closing, dialling } = this.ports;
    for (let more = true; more; ) {
      more = false;
      for (const connection of [...closing]) {
        closing.delete(connection);
        this.engine.onConnectionClosed(connection, CloseReason.local);
        more = true;
      }
      for (const [connection, { endpoint }] of [...dialling]) {
        if (this.hanging.has(endpoint.address) || !dialling.delete(connection)) continue;
        if (this.refusing.has(endpoint.address)) this.refuse(connection);
        else this.engine.onConnected(connection, DOWNSTREAM_PEER);
        more = true;
      }
    }
  }

  /** The newest open stream. */
  get stream(): Slot {
    const stream = this.ports.sentHeads.findLast((sent) => this.ports.openStreams.has(sent.stream));
    if (stream === undefined) throw new Error('no stream is open');
    return stream.stream;
  }

  /** A whole response without a body. */
  answer(status: number, stream: Slot = this.stream, headers: HeadFields['headers'] = []): void {
    this.ports.noteAnswered(stream);
    this.engine.onResponseHead(stream, new HttpHead({ status, headers }), true);
    this.settle();
  }

  /** The head of a response whose body is still to come. */
  answerHead(status: number, stream: Slot = this.stream): void {
    this.engine.onResponseHead(stream, new HttpHead({ status }), false);
  }

  answerBody(text: string, end: boolean, stream: Slot = this.stream): void {
    const chunk = new TextEncoder().encode(text);
    if (end) this.ports.noteAnswered(stream);
    this.engine.onResponseBody(stream, chunk.length, chunk, end);
    this.settle();
  }

  /** The upstream closes the connection under a stream. */
  resetUpstream(
    stream: Slot = this.stream,
    reason: ResetReason = ResetReason.connectionTermination,
  ): void {
    const connection = this.ports.openStreams.get(stream);
    if (connection === undefined) throw new Error('the stream is not open');
    this.ports.openStreams.delete(stream);
    this.engine.onStreamReset(stream, reason, '');
    this.engine.onConnectionClosed(connection, CloseReason.remoteEnd);
    this.settle();
  }

  /** The connection of a stream. */
  connectionOf(stream: Slot): Slot {
    return this.ports.openStreams.get(stream) ?? -1;
  }

  advance(ms: number): void {
    this.ports.advance(ms);
    this.settle();
  }

  /** The newest log entry. */
  get logged(): RequestLogEntry {
    const entry = this.ports.log.at(-1);
    if (entry === undefined) throw new Error('nothing was logged');
    return entry;
  }

  /** Status, flags and details of the newest log entry. */
  get outcome(): string {
    const { status, flags, details } = this.logged;
    return `${status} ${flags} ${details}`;
  }

  /** A counter or gauge by its whole name; absent = 0. */
  stat(name: string): number {
    let found = 0;
    this.engine.visitStats((key, _kind, value) => {
      if (key === name) found = value;
    });
    return found;
  }

  /** A counter or gauge of the cluster `cluster`. */
  clusterStat(name: string): number {
    return this.stat(`cluster.cluster.${name}`);
  }

  private refuse(connection: Slot): void {
    const text = 'delayed connect error: Connection refused';
    this.engine.onConnectFailed(connection, 'tcp', ConnectFailure.refused, text);
  }
}
