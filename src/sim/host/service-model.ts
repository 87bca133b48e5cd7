/**
 * What applications do with requests: queue, compute, call others, answer.
 *
 *   request → [queue] → worker: own computing → errors? → [cache] → calls, step by step → answer
 *
 * A worker is held from the start of computing until the answer, also while calls wait. When the
 * caller gives up, a host does what its `onAbandon` says: works on, skips what is still queued, or
 * stops. Every row begun ends by exactly one `workDone`, except those that a crash took.
 */
import { RecordKind } from '../../core/records.ts';
import type { Commons } from '../commons.ts';
import { EventKind, TurnKind } from '../event-kind.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Applications } from '../net/applications.ts';
import type { WireTable } from '../net/wire-table.ts';
import type { Observer } from '../observer.ts';
import type { RequestObserver } from '../request-observer.ts';
import type { AppCalls, CallsListener } from './app-calls.ts';
import type { CacheUser } from './cache.ts';
import { CacheAnswer, CacheRows } from './cache-rows.ts';
import type { Host } from './host.ts';
import type { WorkTable } from './work-table.ts';
import { WorkState } from './work-table.ts';

/** How an application's answer leaves it; the network's part. */
export interface Responder {
  sendResponse(wire: number, shape: number): void;
}

export class ServiceModel implements Applications, CallsListener {
  private readonly commons: Commons;
  private readonly observer: Observer;
  private readonly requestObserver: RequestObserver | null;
  private readonly hosts: Host[];
  private readonly kernel: Kernel;
  private readonly work: WorkTable;
  private readonly wires: WireTable;
  private readonly fullShape: number;
  private readonly failedShape: number;
  private readonly cacheRows: CacheRows;
  private responder: Responder | null;
  private calls: AppCalls | null;

  constructor(commons: Commons) {
    this.commons = commons;
    this.observer = commons.observer;
    this.requestObserver = commons.requestObserver;
    this.hosts = commons.hosts;
    this.kernel = commons.kernel;
    this.work = commons.work;
    this.wires = commons.wires;
    this.fullShape = commons.heads.intern({ status: 503 });
    this.failedShape = commons.heads.intern({ status: 502 });
    this.cacheRows = new CacheRows(commons);
    this.responder = null;
    this.calls = null;
  }

  /** Set-up only: the three need each other. */
  connect(responder: Responder, calls: AppCalls): void {
    this.responder = responder;
    this.calls = calls;
  }

  onRequest(wire: number, host: Host): void {
    this.requestObserver?.workArrived(host.id, this.wires.uidOf(wire));
    if (!host.hasFreeWorker && host.isQueueFull) {
      host.rejected++;
      const uid = this.wires.uidOf(wire);
      this.observer.record(RecordKind.workRejected, host.id, uid, host.id, 0);
      this.responder!.sendResponse(wire, this.fullShape);
      return;
    }
    const row = this.work.allocate(host.id, wire, this.wires.uidOf(wire));
    this.wires.setPeer(wire, row);
    if (host.hasFreeWorker) this.begin(row, host);
    else this.enqueue(row, host);
  }

  onCallerGone(row: number): void {
    const { work } = this;
    const host = this.hosts[work.hostOf(row)]!;
    work.setOrigin(row, -1);
    if (host.onAbandon === 'cancel') this.cancel(row, host);
  }

  /** The row's computing is over. */
  onWorkEnds(row: number): void {
    const { work } = this;
    const host = this.hosts[work.hostOf(row)]!;
    work.setLink(row, -1);
    if (work.stateOf(row) === WorkState.dropped) {
      this.release(row, host);
      return;
    }
    const errorShape = this.drawError(row, host);
    if (errorShape > 0) this.finish(row, host, errorShape);
    else if (host.plan.steps.length === 0) this.finish(row, host, host.okShape);
    else if (host.cacheUser === null) this.call(row, host);
    else this.askCache(row, host, host.cacheUser);
  }

  onCallsDone(row: number, isGood: boolean): void {
    const host = this.hosts[this.work.hostOf(row)]!;
    const { cacheUser } = host;
    const isAnswered = cacheUser === null ? isGood : this.cacheRows.fetched(row, cacheUser, isGood);
    const shape = isAnswered ? host.okShape : this.failedShape;
    let waiter = cacheUser === null ? -1 : this.cacheRows.takeWaiters(row);
    host.addCalling(-1);
    this.finish(row, host, shape);
    while (waiter >= 0) {
      const next = this.work.linkOf(waiter);
      host.addCalling(-1);
      this.finish(waiter, host, shape);
      waiter = next;
    }
  }

  /**
   * The slow-down of a host changes: what is left of every computation is multiplied by `factor`, or
   * divided by it again. Rounded up one way and down the other, which gives back the very instant.
   */
  stretch(host: Host, factor: number, isBack: boolean): void {
    const { kernel, work } = this;
    for (let row = 0; row < work.rowCount; row++) {
      if (work.stateOf(row) !== WorkState.computing || work.hostOf(row) !== host.id) continue;
      const event = work.linkOf(row);
      if (event < 0) continue;
      const leftNs = kernel.timeOf(event) - kernel.nowNs;
      const newNs = isBack ? Math.floor(leftNs / factor + TOLERANCE) : Math.ceil(leftNs * factor);
      work.setLink(row, kernel.reschedule(event, kernel.nowNs + newNs));
    }
  }

  /** A crash: all work of the host is gone, nobody is told; its open calls end with it. */
  loseAll(host: Host): void {
    const { commons, work } = this;
    for (let row = 0; row < work.rowCount; row++) {
      const state = work.stateOf(row);
      if (state === WorkState.free || work.hostOf(row) !== host.id) continue;
      if (state === WorkState.computing && work.linkOf(row) >= 0) {
        this.kernel.cancel(work.linkOf(row));
      }
      if (state === WorkState.calling) this.calls!.disown(row);
      const wire = work.originOf(row);
      if (wire >= 0) commons.wires.setPeer(wire, -1);
      work.free(row);
    }
    host.clearWork();
    host.cacheUser?.restart();
  }

  private call(row: number, host: Host): void {
    host.addCalling(1);
    this.work.setState(row, WorkState.calling);
    this.calls!.advance(row);
  }

  private askCache(row: number, host: Host, user: CacheUser): void {
    const answer = this.cacheRows.ask(row, user);
    const uid = this.work.uidOf(row);
    this.observer.record(RecordKind.cacheAsked, host.id, uid, host.id, answer);
    if (answer === CacheAnswer.hit) {
      host.cacheHits++;
      this.finish(row, host, host.okShape);
      return;
    }
    host.cacheMisses++;
    if (answer === CacheAnswer.miss) {
      this.call(row, host);
      return;
    }
    host.addCalling(1);
    this.work.setState(row, WorkState.waiting);
  }

  private begin(row: number, host: Host): void {
    const { kernel, work, commons } = this;
    const uid = work.uidOf(row);
    host.addBusy(1);
    work.setState(row, WorkState.computing);
    this.observer.record(RecordKind.workStarted, host.id, uid, host.id, host.queueLength);
    if (host.serviceStream < 0) host.serviceStream = commons.draws.stream(host.label('time'));
    let ns = host.serviceTime.sample(commons.draws, host.serviceStream, uid, 0);
    if (host.slowFactor !== 1) ns = Math.ceil(ns * host.slowFactor);
    if (ns > 0) work.setLink(row, kernel.schedule(kernel.nowNs + ns, EventKind.workEnds, 0, row));
    else {
      work.setLink(row, -1);
      commons.turns.push(TurnKind.workEnds, row);
    }
  }

  private finish(row: number, host: Host, shape: number): void {
    const { work } = this;
    const wire = work.originOf(row);
    const isWasted = wire < 0;
    host.served++;
    if (isWasted) host.wasted++;
    this.recordDone(row, host, isWasted);
    if (!isWasted) this.responder!.sendResponse(wire, shape);
    this.release(row, host);
  }

  /** Gives the worker back and begins the next request. */
  private release(row: number, host: Host): void {
    this.work.free(row);
    host.addBusy(-1);
    while (host.queueHead >= 0 && host.hasFreeWorker) {
      const next = this.dequeue(host);
      if (next >= 0) this.begin(next, host);
    }
  }

  private enqueue(row: number, host: Host): void {
    const { work } = this;
    work.setState(row, WorkState.queued);
    work.setLink(row, -1);
    if (host.queueTail < 0) host.queueHead = row;
    else work.setLink(host.queueTail, row);
    host.queueTail = row;
    host.addQueued(1);
  }

  /** Takes the first row out of the queue; -1 when it is one that is to be skipped. */
  private dequeue(host: Host): number {
    const { work } = this;
    const row = host.queueHead;
    host.queueHead = work.linkOf(row);
    if (host.queueHead < 0) host.queueTail = -1;
    const isDropped = work.stateOf(row) === WorkState.dropped;
    if (!isDropped) host.addQueued(-1);
    if (isDropped || (work.originOf(row) < 0 && host.onAbandon !== 'keep-working')) {
      work.free(row);
      return -1;
    }
    return row;
  }

  private cancel(row: number, host: Host): void {
    const { work } = this;
    switch (work.stateOf(row)) {
      case WorkState.queued:
        host.addQueued(-1);
        work.setState(row, WorkState.dropped);
        return;
      case WorkState.computing:
        this.recordDone(row, host, true);
        if (work.linkOf(row) < 0) {
          work.setState(row, WorkState.dropped); // its turn entry frees it
          return;
        }
        this.kernel.cancel(work.linkOf(row));
        break;
      case WorkState.waiting:
        host.addCalling(-1);
        this.cacheRows.leave(row, host.cacheUser!);
        this.recordDone(row, host, true);
        break;
      default:
        host.addCalling(-1);
        this.calls!.abandon(row);
        if (host.cacheUser !== null) this.passFetchOn(row, host.cacheUser);
        this.recordDone(row, host, true);
    }
    this.release(row, host);
  }

  /** The one that fetched is cancelled: the first of those who wait for it fetches now. */
  private passFetchOn(row: number, user: CacheUser): void {
    const next = this.cacheRows.giveUp(row, user);
    if (next < 0) return;
    this.work.setLink(next, -1);
    this.work.setState(next, WorkState.calling);
    this.calls!.advance(next);
  }

  /** @returns shape of the error's head; 0 = no error */
  private drawError(row: number, host: Host): number {
    const { errors } = host;
    if (errors.length === 0) return 0;
    const { draws } = this.commons;
    if (host.errorStream < 0) host.errorStream = draws.stream(host.label('errors'));
    let left = draws.unit(host.errorStream, this.work.uidOf(row), 0);
    for (let index = 0; index < errors.length; index++) {
      left -= errors[index]!.ratio;
      if (left < 0) return host.errorShapes[index]!;
    }
    return 0;
  }

  private recordDone(row: number, host: Host, isWasted: boolean): void {
    const uid = this.work.uidOf(row);
    const wasted = isWasted ? 1 : 0;
    this.observer.record(RecordKind.workDone, host.id, uid, host.id, wasted);
  }
}

/** Makes up for the division's rounding; far below the 1/factor that it may add. */
const TOLERANCE = 1e-6;
