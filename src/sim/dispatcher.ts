/**
 * Handles everything that happens in a world: every kernel event and every turn entry, by kind.
 *
 * One kernel event, then the turn entries it caused, one by one, until there are none: so inputs of
 * engines never nest, and a port never calls back inline.
 */
import type { TimerKind } from '../core/engine.ts';
import type { Clients } from './client/clients.ts';
import type { Commons } from './commons.ts';
import { EventKind, FIRST_TIMER_KIND, TurnKind } from './event-kind.ts';
import type { AppCalls } from './host/app-calls.ts';
import type { ServiceModel } from './host/service-model.ts';
import type { WorkTable } from './host/work-table.ts';
import type { Pki } from './identity/pki.ts';
import type { EventHandler } from './kernel/kernel.ts';
import type { Closing } from './net/closing.ts';
import type { Connector } from './net/connector.ts';
import type { Exchanges } from './net/exchanges.ts';
import { RequestKind } from './request-table.ts';
import type { SimProxy } from './sim-proxy.ts';
import type { TurnQueue } from './turn-queue.ts';

/** The parts of a world to which something can happen. */
export interface EventParts {
  readonly commons: Commons;
  readonly connector: Connector;
  readonly exchanges: Exchanges;
  readonly closing: Closing;
  readonly services: ServiceModel;
  readonly calls: AppCalls;
  readonly clients: Clients;
  readonly pki: Pki | null;
}

export class Dispatcher implements EventHandler {
  /** Makes the kernel stop as soon as nothing is under way any more. */
  stopsWhenQuiet: boolean;
  private readonly commons: Commons;
  private readonly proxies: SimProxy[];
  private readonly turns: TurnQueue;
  private readonly work: WorkTable;
  private readonly connector: Connector;
  private readonly exchanges: Exchanges;
  private readonly closing: Closing;
  private readonly services: ServiceModel;
  private readonly calls: AppCalls;
  private readonly clients: Clients;
  private readonly pki: Pki | null;
  private readonly actions: (() => void)[];

  constructor(parts: EventParts) {
    const { commons } = parts;
    this.stopsWhenQuiet = false;
    this.commons = commons;
    this.proxies = commons.proxies;
    this.turns = commons.turns;
    this.work = commons.work;
    this.connector = parts.connector;
    this.exchanges = parts.exchanges;
    this.closing = parts.closing;
    this.services = parts.services;
    this.calls = parts.calls;
    this.clients = parts.clients;
    this.pki = parts.pki;
    this.actions = [];
  }

  /** @returns the slot of its `EventKind.action` */
  addAction(action: () => void): number {
    return this.actions.push(action) - 1;
  }

  /** No client waits and no application works. */
  get isQuiet(): boolean {
    return this.clients.inFlight === 0 && this.work.size === 0;
  }

  onEvent(kind: number, owner: number, slot: number): void {
    if (kind >= FIRST_TIMER_KIND) {
      this.proxies[owner]!.engine.onTimer((kind - FIRST_TIMER_KIND) as TimerKind, slot);
    } else this.handle(kind as EventKind, owner, slot);
    if (this.turns.length > 0) this.drainTurns();
    if (this.stopsWhenQuiet && this.isQuiet) this.commons.kernel.stop();
  }

  /** Handles the turn entries, and those they cause. */
  drainTurns(): void {
    const { turns } = this;
    while (turns.length > 0) this.handleTurn(turns.take() as TurnKind, turns.slot);
  }

  private handle(kind: EventKind, owner: number, slot: number): void {
    switch (kind) {
      case EventKind.requestArrives:
        this.exchanges.onRequestArrives(slot);
        break;
      case EventKind.responseArrives:
        this.exchanges.onResponseArrives(slot);
        break;
      case EventKind.workEnds:
        this.services.onWorkEnds(slot);
        break;
      case EventKind.arrival:
        this.clients.onArrival(owner);
        break;
      case EventKind.closeArrives:
        this.closing.onCloseArrives(slot);
        break;
      case EventKind.farCloseArrives:
        this.closing.onFarCloseArrives(slot);
        break;
      case EventKind.dialEnds:
        this.connector.onDialEnds(slot);
        break;
      case EventKind.deliveryFails:
        this.exchanges.onDeliveryFails(slot);
        break;
      case EventKind.requestOnLink:
        this.exchanges.onRequestOnLink(slot);
        break;
      case EventKind.requestOffLink:
        this.exchanges.onRequestOffLink(slot);
        break;
      case EventKind.responseOnLink:
        this.exchanges.onResponseOnLink(slot);
        break;
      case EventKind.responseOffLink:
        this.exchanges.onResponseOffLink(slot);
        break;
      case EventKind.callTimesOut:
        this.calls.onTimeout(slot);
        break;
      case EventKind.deadline:
        this.clients.onDeadline(slot);
        break;
      case EventKind.extraArrival:
        this.clients.onExtraArrival(owner);
        break;
      case EventKind.userReady:
        this.clients.onUserReady(owner, slot);
        break;
      case EventKind.usersChange:
        this.clients.onUsersChange(owner);
        break;
      case EventKind.renewal:
        this.pki?.onRenewal(slot);
        break;
      case EventKind.action:
        this.actions[slot]!();
        break;
    }
  }

  private handleTurn(kind: TurnKind, slot: number): void {
    switch (kind) {
      case TurnKind.requestReachesApp:
        this.exchanges.onRequestReachesApp(slot);
        break;
      case TurnKind.answer:
        this.onAnswer(slot);
        break;
      case TurnKind.closeReachesApp:
        this.closing.onCloseReachesApp(slot);
        break;
      case TurnKind.closed:
        this.closing.onClosed(slot);
        break;
      case TurnKind.connectedToApp:
        this.connector.onConnectedToApp(slot);
        break;
      case TurnKind.connectFails:
        this.connector.onConnectFails(slot);
        break;
      case TurnKind.streamReset:
        this.closing.onStreamReset(slot);
        break;
      case TurnKind.requestReset:
        this.closing.onRequestReset(slot);
        break;
      case TurnKind.downstreamClosed:
        this.closing.onDownstreamClosed(slot);
        break;
      case TurnKind.workEnds:
        this.services.onWorkEnds(slot);
        break;
    }
  }

  private onAnswer(request: number): void {
    const isClients = this.commons.requests.kindOf(request) === RequestKind.fromClient;
    if (isClients) this.clients.onAnswer(request);
    else this.calls.onAnswer(request);
  }
}
