/**
 * Dialling: from the engine's `dial` to `onConnected` or `onConnectFailed`.
 *
 * Over a link a connection takes one round trip, with TLS two (TLS 1.3); a host that is down answers
 * with a reset after one. Certificates are judged here and never again: first the caller looks at the
 * server's, then the server at the caller's, who learns of a refusal only when it has sent something. Both sides learn of the connection when the near side does. From an
 * inbound proxy to its own application no time passes.
 */
import {
  FAILURE_OF_PROBLEM,
  PLAIN_TEXT_PEER_TEXT,
  verifyErrorText,
} from '../../core/certificate.ts';
import { connectFailureText } from '../../core/connect-failure-text.ts';
import { childUid } from '../../core/draws.ts';
import type { DialPlan, Endpoint, PeerFacts } from '../../core/engine.ts';
import { ConnectFailure } from '../../core/engine.ts';
import { portOf } from '../../core/socket-address.ts';
import type { Commons } from '../commons.ts';
import { EventKind, TurnKind } from '../event-kind.ts';
import type { Host } from '../host/host.ts';
import type { Pki } from '../identity/pki.ts';
import type { SimProxy } from '../sim-proxy.ts';
import type { AcceptSpec } from '../world-spec.ts';
import type { Closing } from './closing.ts';
import type { Link } from './link.ts';
import type { Messages } from './messages.ts';
import { HANDSHAKE_PERSISTENCE, retransmissionOffset } from './network.ts';
import type { WireTable } from './wire-table.ts';
import { WireFlag, WirePhase } from './wire-table.ts';

/** Port of every simulated client socket, for logs. */
const CLIENT_PORT = 40000;
const LOCAL_LINK = -1;

const REFUSED_TEXT = connectFailureText('ECONNREFUSED');
const NO_ROUTE_TEXT = connectFailureText('EHOSTUNREACH');

export class Connector {
  private readonly commons: Commons;
  private readonly wires: WireTable;
  private readonly messages: Messages;
  private readonly closing: Closing;
  /** null = certificates are good for ever. */
  private readonly pki: Pki | null;
  /** Host ids by `ip:port`. */
  private readonly byAddress: Map<string, number>;
  private readonly facts: Map<string, PeerFacts>;
  /** What TLS clients that are dialling ask for, by wire. */
  private readonly serverNames: Map<number, string>;

  constructor(commons: Commons, messages: Messages, closing: Closing, pki: Pki | null) {
    this.commons = commons;
    this.wires = commons.wires;
    this.messages = messages;
    this.closing = closing;
    this.pki = pki;
    this.byAddress = new Map();
    this.facts = new Map();
    this.serverNames = new Map();
  }

  /** @throws RangeError when another host has the address */
  addAddress(address: string, host: number): void {
    const other = this.byAddress.get(address);
    if (other !== undefined && other !== host) {
      throw new RangeError(`two hosts have the address ${address}`);
    }
    this.byAddress.set(address, host);
  }

  /** Port `dial`. */
  dial(proxy: SimProxy, wire: number, endpoint: Endpoint, plan: DialPlan): void {
    const { commons, wires } = this;
    if (plan.protocol !== 'http1') {
      throw new RangeError(`the simulated network speaks HTTP/1 upstream, not ${plan.protocol}`);
    }
    if (proxy.isInbound) {
      wires.take(wire, proxy.id, LOCAL_LINK, proxy.host);
      const isUp = commons.hosts[proxy.host]!.isUp;
      commons.turns.push(isUp ? TurnKind.connectedToApp : TurnKind.connectFails, wire);
      return;
    }
    const host = this.byAddress.get(endpoint.address);
    if (host === undefined || !commons.hosts[proxy.host]!.isUp) {
      wires.take(wire, proxy.id, LOCAL_LINK, proxy.host);
      commons.turns.push(TurnKind.connectFails, wire);
      return;
    }
    const link = commons.network.linkBetween(proxy.host, host);
    wires.take(wire, proxy.id, link.index, host);
    wires.setUid(wire, childUid(link.recordId, link.dialCount++));
    const inbound = commons.hosts[host]!.inbound;
    if (inbound !== null) wires.setDownstream(wire, inbound.listenerAt(portOf(endpoint.address)));
    if (plan.tls !== null) {
      wires.set(wire, WireFlag.tls);
      this.serverNames.set(wire, plan.tls.serverName);
    }
    if (!proxy.isFree || inbound?.isFree === false) wires.set(wire, WireFlag.hasOverhead);
    this.messages.sendHandshake(wire, link);
  }

  /** The handshake is over, one way or another. */
  onDialEnds(wire: number): void {
    const { commons, wires } = this;
    this.messages.forget(wire);
    const proxy = commons.proxyOfWire(wire);
    const link = commons.network.links[wires.linkOf(wire)]!;
    const host = commons.hosts[link.to]!;
    const accepting = host.spec.accepting;
    if (accepting !== undefined && host.isUp && !wires.has(wire, WireFlag.accepted)) {
      this.accept(wire, host, accepting);
      return;
    }
    const listener = wires.downstreamOf(wire);
    wires.setDownstream(wire, -1);
    if (!host.isUp) {
      wires.free(wire);
      proxy.engine.onConnectFailed(wire, 'tcp', ConnectFailure.refused, REFUSED_TEXT);
      return;
    }
    const isTls = wires.has(wire, WireFlag.tls);
    if (isTls && !speaksTls(host, listener)) {
      wires.free(wire);
      proxy.engine.onConnectFailed(wire, 'tls', ConnectFailure.tls, PLAIN_TEXT_PEER_TEXT);
      return;
    }
    if (isTls && this.pki !== null && this.isRefused(wire, this.pki, host, listener)) return;
    wires.setPhase(wire, WirePhase.idle);
    if (host.inbound !== null) this.openFar(wire, link, host.inbound, listener);
    proxy.engine.onConnected(wire, this.nearFacts(link, host, listener, isTls));
  }

  /** Whether one side refuses the other's certificate; then both have been told. */
  private isRefused(wire: number, pki: Pki, server: Host, listener: number): boolean {
    const { commons, wires } = this;
    const link = commons.network.links[wires.linkOf(wire)]!;
    const caller = commons.hosts[link.from]!;
    const near = commons.proxyOfWire(wire).engine;
    const far = server.inbound!;
    const id = far.listeners[listener]?.id ?? 0;
    const ofServer = pki.problemOf(server, caller);
    if (ofServer !== null) {
      wires.free(wire);
      far.engine.onDownstreamRefused(id, 'protocol', clientAddress(caller));
      near.onConnectFailed(wire, 'tls', FAILURE_OF_PROBLEM[ofServer], verifyErrorText(ofServer));
      return true;
    }
    const ofCaller = pki.problemOf(caller, server);
    if (ofCaller === null) return false;
    // TLS 1.3: the caller is done before the server has judged it, and already sends.
    wires.setPhase(wire, WirePhase.idle);
    far.engine.onDownstreamRefused(id, ofCaller, clientAddress(caller));
    near.onConnected(wire, this.nearFacts(link, server, listener, true));
    this.closing.closeFar(wire);
    return true;
  }

  /**
   * The host takes its time over a connection, one after another. It does not know whether the other
   * side still waits: a dial that is given up costs as much as any.
   */
  private accept(wire: number, host: Host, { setupNs, backlog }: AcceptSpec): void {
    const { commons, wires } = this;
    const { kernel } = commons;
    const startNs = Math.max(kernel.nowNs, host.acceptFreeNs);
    if (backlog > 0 && startNs - kernel.nowNs > backlog * setupNs) {
      this.dropFirstPacket(wire);
      return;
    }
    host.acceptFreeNs = startNs + setupNs;
    wires.set(wire, WireFlag.accepted);
    wires.setOverhead(wire, 0);
    wires.setEvent(wire, kernel.schedule(host.acceptFreeNs, EventKind.dialEnds, 0, wire));
  }

  /** The backlog is full: the other side sends again after 1 s, 2 s, 4 s … as after a loss. */
  private dropFirstPacket(wire: number): void {
    const { commons, wires } = this;
    const sent = wires.overheadOf(wire) + 1;
    wires.setOverhead(wire, sent);
    const gapNs =
      retransmissionOffset(HANDSHAKE_PERSISTENCE, sent) -
      retransmissionOffset(HANDSHAKE_PERSISTENCE, sent - 1);
    const isLast = sent > HANDSHAKE_PERSISTENCE.retransmissions;
    const kind = isLast ? EventKind.deliveryFails : EventKind.dialEnds;
    const atNs = commons.kernel.nowNs + gapNs;
    wires.setEvent(wire, commons.kernel.schedule(atNs, kind, 0, wire));
  }

  /** Turn entry: an inbound proxy is connected to its application. */
  onConnectedToApp(wire: number): void {
    if (this.wires.phaseOf(wire) !== WirePhase.dialing) return;
    if (this.wires.has(wire, WireFlag.nearClosed)) return;
    this.wires.setPhase(wire, WirePhase.idle);
    const proxy = this.commons.proxyOfWire(wire);
    const address = this.commons.hosts[proxy.host]!.spec.address;
    proxy.engine.onConnected(wire, this.factsOf(false, '', address, address));
  }

  /** Turn entry: nobody has the address, or this host is down. */
  onConnectFails(wire: number): void {
    if (this.wires.has(wire, WireFlag.nearClosed)) return;
    const proxy = this.commons.proxyOfWire(wire);
    const isUp = this.commons.hosts[proxy.host]!.isUp;
    const reason = isUp ? ConnectFailure.unreachable : ConnectFailure.refused;
    this.wires.free(wire);
    proxy.engine.onConnectFailed(wire, 'tcp', reason, isUp ? NO_ROUTE_TEXT : REFUSED_TEXT);
  }

  /** What an outbound proxy knows of the application in front of it. */
  loopbackFacts(host: Host, destination: string): PeerFacts {
    return this.factsOf(false, '', clientAddress(host), destination);
  }

  private openFar(wire: number, link: Link, inbound: SimProxy, listener: number): void {
    const { commons, wires } = this;
    const connection = commons.downstreams.allocate(inbound.id, wire);
    wires.setDownstream(wire, connection);
    const caller = commons.hosts[link.from]!;
    const isTls = wires.has(wire, WireFlag.tls);
    const local = listenAddress(commons.hosts[link.to]!, listener);
    const identity = isTls ? (caller.spec.identity ?? '') : '';
    const serverName = isTls ? (this.serverNames.get(wire) ?? '') : '';
    this.serverNames.delete(wire);
    const facts = this.factsOf(isTls, identity, clientAddress(caller), local, serverName);
    inbound.engine.onDownstreamOpen(connection, inbound.listeners[listener]?.id ?? 0, facts);
  }

  private nearFacts(link: Link, host: Host, listener: number, isTls: boolean): PeerFacts {
    const caller = this.commons.hosts[link.from]!;
    const identity = isTls ? (host.spec.identity ?? '') : '';
    const remote = listenAddress(host, listener);
    return this.factsOf(isTls, identity, remote, clientAddress(caller));
  }

  /** Equal facts are one object: connections come and go, peers stay. */
  private factsOf(
    tls: boolean,
    identity: string,
    remote: string,
    local: string,
    serverName = '',
  ): PeerFacts {
    const key = `${tls} ${identity} ${remote} ${local} ${serverName}`;
    const known = this.facts.get(key);
    if (known !== undefined) return known;
    const made: PeerFacts = {
      tls,
      validated: tls,
      sans: identity === '' ? [] : [{ type: 'uri', value: identity }],
      serverName: serverName === '' ? null : serverName,
      protocol: 'http1',
      remoteAddress: remote,
      localAddress: local,
    };
    this.facts.set(key, made);
    return made;
  }
}

function speaksTls({ inbound }: Host, listener: number): boolean {
  return inbound !== null && inbound.listeners[listener]?.isPlainTextOnly !== true;
}

function clientAddress(host: Host): string {
  const { address } = host.spec;
  return `${address.slice(0, address.lastIndexOf(':'))}:${CLIENT_PORT}`;
}

/** Where a host's inbound listener stands; its main address when it has no listeners. */
function listenAddress(host: Host, listener: number): string {
  const plan = host.inbound?.listeners[listener];
  if (plan === undefined) return host.spec.address;
  const { address } = host.spec;
  return `${address.slice(0, address.lastIndexOf(':'))}:${plan.port}`;
}
