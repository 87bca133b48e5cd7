/**
 * A request's head as the connection manager takes it in: path, host, client, identity.
 *
 * Applied before anything else looks at the head, on listeners with a client trust or an edge. What
 * cannot be taken in is refused in the order in which Envoy checks.
 * Source: policy-engine.md §0.4, 11; Envoy, connection manager (decodeHeaders) and its utility.
 */
import type { Head, HeaderList, PeerFacts } from '../../core/engine.ts';
import { HttpHead, isGrpc } from '../../core/head.ts';
import { portOf } from '../../core/socket-address.ts';
import type { ListenerConfig } from '../config/config.ts';
import type { EdgeConfig } from '../config/edge.ts';
import { normalizedPath } from '../route/path-normalization.ts';
import { ClientFacts } from './client-trust.ts';
import type { HttpStats } from './stats.ts';

/** An answer in place of everything else. */
export interface IntakeRefusal {
  readonly status: number;
  readonly details: string;
  /** Of a redirect; '' = none. */
  readonly location: string;
}

const ABSOLUTE_PATH: IntakeRefusal = {
  status: 404,
  details: 'absolute_path_rejected',
  location: '',
};
const UNFIT = { kind: 'rejected' } as const;
const BAD_PATH: IntakeRefusal = { status: 400, details: 'path_normalization_failed', location: '' };

const NO_HOST: IntakeRefusal = { status: 400, details: 'missing_host_header', location: '' };

/** One listener's intake. */
export class RequestIntake {
  /** Of the head that `take` returned last; null = it may pass. */
  refusal: IntakeRefusal | null;
  /** Whether the client waits for a `100 Continue` before it sends its body. */
  wantsContinue: boolean;
  private readonly edge: EdgeConfig | null;
  private readonly trust: ClientFacts | null;
  private readonly stats: HttpStats;
  /** Of the request with this uid. */
  private readonly idOf: (uid: number) => string;

  constructor(config: ListenerConfig, stats: HttpStats, idOf: (uid: number) => string) {
    this.refusal = null;
    this.wantsContinue = false;
    this.edge = config.edge ?? null;
    this.trust = config.clientTrust === undefined ? null : new ClientFacts(config.clientTrust);
    this.stats = stats;
    this.idOf = idOf;
  }

  take(head: Head, peer: PeerFacts, uid: number): Head {
    this.refusal = null;
    this.wantsContinue = false;
    const { edge, trust } = this;
    const arrived = edge === null ? head : this.atEdge(head, peer, edge);
    if (this.refusal !== null) return arrived;
    const known = trust === null ? arrived : trust.addedTo(arrived, peer);
    return edge === null ? known : this.identified(known, peer, uid, edge);
  }

  /** Expectation, path and host. */
  private atEdge(head: Head, peer: PeerFacts, edge: EdgeConfig): Head {
    let made = head;
    if (edge.answersContinue && head.get('expect')?.toLowerCase() === '100-continue') {
      this.wantsContinue = true;
      made = made.with({ remove: ['expect'] });
    }
    if (head.authority === '') {
      this.refusal = NO_HOST;
      return made;
    }
    if (head.method !== 'CONNECT') {
      made = this.withPath(made, edge);
      if (this.refusal !== null) return made;
    }
    const authority = hostOf(head.authority, edge, portOf(peer.localAddress));
    return authority === made.authority ? made : made.with({ authority });
  }

  private withPath(head: Head, edge: EdgeConfig): Head {
    if (!head.path.startsWith('/')) {
      this.refusal = ABSOLUTE_PATH;
      return head;
    }
    const hasFragment = head.path.includes('#');
    const result = hasFragment ? UNFIT : normalizedPath(head.path, edge.path);
    if (result.kind === 'path') {
      return result.path === head.path ? head : head.with({ path: result.path });
    }
    if (result.kind === 'redirect' && !isGrpc(head)) {
      this.stats.rqRedirectedPath++;
      this.refusal = { ...BAD_PATH, status: 307, location: result.path };
    } else {
      this.stats.rqFailedPath++;
      this.refusal = BAD_PATH;
    }
    return head;
  }

  /** What the proxy adds once it knows the client. */
  private identified(head: Head, peer: PeerFacts, uid: number, edge: EdgeConfig): Head {
    const set: [string, string][] = [];
    if (head.get('x-forwarded-proto') === undefined) {
      set.push(['x-forwarded-proto', peer.tls ? 'https' : 'http']);
    }
    const isInternal = head.get('x-envoy-internal') === 'true';
    const { requestId, userAgent, via } = edge;
    const replaces = this.trust?.isEdge === true && !isInternal && !requestId.isPreserved;
    if (requestId.isMade && (replaces || head.get('x-request-id') === undefined)) {
      set.push(['x-request-id', this.idOf(uid)]);
    }
    if (userAgent !== null) {
      set.push(['x-envoy-downstream-service-cluster', userAgent.cluster]);
      if ((head.get('user-agent') ?? '') === '') set.push(['user-agent', userAgent.cluster]);
      if (userAgent.node !== '') set.push(['x-envoy-downstream-service-node', userAgent.node]);
    }
    if (edge.appendsForwardedPort && this.setsForwarded(head, 'x-forwarded-port')) {
      set.push(['x-forwarded-port', String(portOf(peer.localAddress))]);
    }
    if (via !== '') set.push(['via', joined(head.get('via'), via)]);
    return set.length === 0 ? head : head.with({ set });
  }

  private setsForwarded(head: Head, name: string): boolean {
    return this.trust?.replacesForwarded === true || head.get(name) === undefined;
  }
}

/** What the listener adds to responses on their way out. */
export class ResponseTail {
  private readonly edge: EdgeConfig;
  /** The router says nothing of its own. */
  private readonly isSilent: boolean;

  constructor(edge: EdgeConfig, isSilent: boolean) {
    this.edge = edge;
    this.isSilent = isSilent;
  }

  /**
   * @param requestId of the request, as it went upstream; undefined = it has none
   * @param serviceTimeMs of the upstream that answered; -1 = nobody did
   */
  addedTo(head: Head, requestId: string | undefined, serviceTimeMs: number): Head {
    const { serverHeader, serverName, via } = this.edge;
    const set: [string, string][] = [];
    const hasServer = head.get('server') !== undefined;
    if (serverHeader === 'overwrite' || (serverHeader === 'append-if-absent' && !hasServer)) {
      set.push(['server', serverName]);
    }
    if (via !== '') set.push(['via', joined(head.get('via'), via)]);
    if (this.edge.requestId.isAnswered && requestId !== undefined) {
      set.push(['x-request-id', requestId]);
    }
    if (serviceTimeMs >= 0 && !this.isSilent) {
      set.push(['x-envoy-upstream-service-time', String(serviceTimeMs)]);
    }
    return set.length === 0 ? head : head.with({ set });
  }
}

/** For clients that wait with their body. */
export const CONTINUE_HEAD: Head = new HttpHead({ status: 100 });

/** A redirect to the path as it should have been. */
export function locationHeaders(refusal: IntakeRefusal): HeaderList {
  return refusal.location === '' ? [] : [['location', refusal.location]];
}

function joined(known: string | undefined, value: string): string {
  return known === undefined || known === '' ? value : `${known}, ${value}`;
}

function hostOf(host: string, edge: EdgeConfig, listenerPort: number): string {
  const { stripsHostDot, strippedPort } = edge;
  const match = /^(.*?)(?::(\d+))?$/.exec(host)!;
  let [, name = '', port] = match;
  if (name.startsWith('[') && !name.endsWith(']')) [name, port] = [host, undefined];
  if (stripsHostDot && name.endsWith('.')) name = name.slice(0, -1);
  const isStripped =
    strippedPort === 'any' || (strippedPort === 'matching' && Number(port) === listenerPort);
  return port === undefined || isStripped ? name : `${name}:${port}`;
}
