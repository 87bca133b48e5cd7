/**
 * A host goes down, and comes up again.
 *
 * A crash takes the whole instance: the application and its proxies. Its work is lost, its calls end,
 * callers hear a reset one trip later, and dialling is refused until the restart. The engines stay,
 * with their settings and what they know of others, but without requests and connections. Those whom
 * the host was calling hear of it at once instead of one trip later.
 */
import { CloseReason, ResetReason } from '../core/engine.ts';
import { RecordKind } from '../core/records.ts';
import type { Clients } from './client/clients.ts';
import type { Commons } from './commons.ts';
import type { Host } from './host/host.ts';
import type { ServiceModel } from './host/service-model.ts';
import type { Loopbacks } from './loopbacks.ts';
import type { Closing } from './net/closing.ts';
import { WirePhase } from './net/wire-table.ts';
import { RequestKind } from './request-table.ts';

/** The parts of a world that a crash concerns. */
export interface CrashParts {
  readonly commons: Commons;
  readonly services: ServiceModel;
  readonly clients: Clients;
  readonly closing: Closing;
  readonly loopbacks: Loopbacks;
  /** Handles what engines have entered into this instant's turn queue. */
  readonly drainTurns: () => void;
}

export class Crashes {
  private readonly parts: CrashParts;

  constructor(parts: CrashParts) {
    this.parts = parts;
  }

  /** Between events only. */
  crash(host: Host): void {
    const { commons, services, loopbacks, drainTurns } = this.parts;
    host.isUp = false;
    host.acceptFreeNs = 0;
    commons.observer.record(RecordKind.hostDown, host.id, host.id, 0, 0);
    services.loseAll(host);
    this.endRequests(host);
    drainTurns();
    this.endWires(host);
    loopbacks.closeAllOf(host.id);
    drainTurns();
  }

  restart(host: Host): void {
    host.isUp = true;
    this.parts.commons.observer.record(RecordKind.hostUp, host.id, host.id, 0, 0);
  }

  /** Whatever the host's engines are working on ends by a reset. */
  private endRequests(host: Host): void {
    const { commons, clients, loopbacks } = this.parts;
    const { requests } = commons;
    for (let request = 0; request < requests.rowCount; request++) {
      const kind = requests.kindOf(request);
      if (kind === RequestKind.free) continue;
      const connection = requests.connectionOf(request);
      const proxy = commons.proxyOfDownstream(connection);
      if (proxy.host !== host.id) continue;
      if (kind === RequestKind.fromClient) {
        clients.abandon(request);
        continue;
      }
      if (kind === RequestKind.fromWire) commons.wires.setPeer(requests.originOf(request), -1);
      if (requests.eventOf(request) >= 0) commons.kernel.cancel(requests.eventOf(request));
      requests.free(request);
      proxy.engine.onRequestReset(request, ResetReason.connectionTermination);
      if (kind === RequestKind.fromWork) loopbacks.end(connection);
    }
  }

  private endWires(host: Host): void {
    const { commons, closing } = this.parts;
    const { wires } = commons;
    for (let wire = 0; wire < wires.rowCount; wire++) {
      const phase = wires.phaseOf(wire);
      if (phase === WirePhase.free) continue;
      if (commons.proxyOfWire(wire).host === host.id) {
        closing.drop(wire, CloseReason.hostFailure, ResetReason.connectionTermination);
      } else if (phase !== WirePhase.dialing && commons.farHostOf(wire) === host) {
        closing.closeFar(wire);
      }
    }
  }
}
