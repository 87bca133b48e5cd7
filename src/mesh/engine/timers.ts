/**
 * Which part of the engine a timer belongs to.
 *
 * Timers are armed with a kind and a slot; what the slot is a slot of follows from the kind.
 */
import { assertNever } from '../../core/assert.ts';
import type { Slot } from '../../core/engine.ts';
import { TimerKind } from '../../core/engine.ts';
import type { HostGate } from '../cluster/failure-accrual.ts';
import type { ActiveRequests } from './active-request.ts';
import type { AttemptTimeouts } from './attempt-timeouts.ts';
import type { EngineContext } from './context.ts';
import type { DownstreamConnections } from './downstream-connections.ts';
import type { Router } from './router.ts';
import type { TcpProxy } from './tcp-proxy.ts';

/** The parts that have timers. */
export interface TimerOwners {
  readonly context: EngineContext;
  readonly requests: ActiveRequests;
  readonly timeouts: AttemptTimeouts;
  readonly router: Router;
  readonly downstream: DownstreamConnections;
  readonly tcp: TcpProxy;
  /** By the slots of their timers. */
  readonly gates: readonly HostGate[];
}

export class EngineTimers {
  private readonly context: EngineContext;
  private readonly requests: ActiveRequests;
  private readonly timeouts: AttemptTimeouts;
  private readonly router: Router;
  private readonly downstream: DownstreamConnections;
  private readonly tcp: TcpProxy;
  private readonly gates: readonly HostGate[];

  constructor(owners: TimerOwners) {
    this.context = owners.context;
    this.requests = owners.requests;
    this.timeouts = owners.timeouts;
    this.router = owners.router;
    this.downstream = owners.downstream;
    this.tcp = owners.tcp;
    this.gates = owners.gates;
  }

  fire(kind: TimerKind, slot: Slot): void {
    switch (kind) {
      case TimerKind.routeTimeout:
        this.timeouts.onRouteTimeout(slot);
        break;
      case TimerKind.perTryTimeout:
        this.timeouts.onPerTryTimeout(slot);
        break;
      case TimerKind.perTryIdleTimeout:
        this.timeouts.onPerTryIdleTimeout(slot);
        break;
      case TimerKind.retryBackoff:
        this.router.retry(slot);
        break;
      case TimerKind.filter:
        this.requests.onFilterTimer(slot);
        break;
      case TimerKind.streamIdle:
        this.requests.onStreamIdle(slot);
        break;
      case TimerKind.requestTimeout:
        this.requests.onRequestTimeout(slot);
        break;
      case TimerKind.connectTimeout:
        this.context.poolOf(slot).onConnectTimeout(slot);
        break;
      case TimerKind.connectionIdle:
        this.context.poolOf(slot).onIdleTimer(slot);
        break;
      case TimerKind.connectionMaxDuration:
        this.context.poolOf(slot).onMaxDuration(slot);
        break;
      case TimerKind.downstreamIdle:
        this.downstream.onIdleTimer(slot);
        break;
      case TimerKind.drain:
        this.downstream.onDrainTimer(slot);
        break;
      case TimerKind.outlierSweep:
        this.context.directory.running(slot)?.ejections?.onSweep();
        break;
      case TimerKind.hostUpdateMerge:
        this.context.directory.running(slot)?.onMergeTimer();
        break;
      case TimerKind.overloadRefresh:
        this.context.overload?.onTick();
        break;
      case TimerKind.requestHeaders:
        this.requests.onHeadTimeout(slot);
        break;
      case TimerKind.maxStreamDuration:
        this.requests.onMaxDuration(slot);
        break;
      case TimerKind.upstreamMaxStreamDuration:
        this.timeouts.onMaxStreamDuration(slot);
        break;
      case TimerKind.downstreamMaxDuration:
        this.downstream.onMaxDuration(slot);
        break;
      case TimerKind.sideStream:
        this.context.side.streams.get(slot)?.onTimer?.();
        break;
      case TimerKind.healthCheck:
        this.context.probes[slot]!.onTimer();
        break;
      case TimerKind.gateBackoff:
        this.gates[slot]!.onBackoffOver();
        break;
      case TimerKind.responsePace:
        this.context.requests.extraOf(slot)?.pace?.onTimer();
        break;
      case TimerKind.tcpConnect:
      case TimerKind.tcpIdle:
      case TimerKind.tcpMaxDuration:
        this.tcp.onTimer(kind, slot);
        break;
      case TimerKind.failfast:
        this.router.onFailfastTimer(slot);
        break;
      default:
        assertNever(kind, 'timer kind');
    }
  }
}
