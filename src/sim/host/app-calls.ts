/**
 * The calls that an application makes for a request in progress, step by step of its plan.
 *
 * `service-model.ts` starts it when the application's own computing is over, and hears when all steps
 * are done or one failed. A call enters the host's outbound proxy over the loopback connection; its
 * answer comes back as a turn entry, its own timeout as a kernel event.
 */
import { childUid } from '../../core/draws.ts';
import { ResetReason } from '../../core/engine.ts';
import { RecordKind } from '../../core/records.ts';
import type { Commons } from '../commons.ts';
import { EventKind } from '../event-kind.ts';
import type { Loopbacks } from '../loopbacks.ts';
import type { Observer } from '../observer.ts';
import type { RequestTable } from '../request-table.ts';
import { isFinalAnswer, isGood, RequestKind, statusOf } from '../request-table.ts';
import type { PlannedCall } from './call-plan.ts';
import type { Host } from './host.ts';
import type { WorkTable } from './work-table.ts';

/** Whom the calls of a request tell that they are through. */
export interface CallsListener {
  /** All steps are done, or one that had to succeed failed; no call is open any more. */
  onCallsDone(work: number, isGood: boolean): void;
}

export class AppCalls {
  private readonly commons: Commons;
  private readonly observer: Observer;
  private readonly hosts: Host[];
  private readonly work: WorkTable;
  private readonly requests: RequestTable;
  private readonly loopbacks: Loopbacks;
  private readonly listener: CallsListener;

  constructor(commons: Commons, loopbacks: Loopbacks, listener: CallsListener) {
    this.commons = commons;
    this.observer = commons.observer;
    this.hosts = commons.hosts;
    this.work = commons.work;
    this.requests = commons.requests;
    this.loopbacks = loopbacks;
    this.listener = listener;
  }

  /** Begins the row's current step, and those after it while there is nothing to wait for. */
  advance(row: number): void {
    const { work } = this;
    const host = this.hosts[work.hostOf(row)]!;
    const { steps } = host.plan;
    for (let at = work.stepOf(row); at < steps.length; at = work.nextStep(row)) {
      const { firsts } = steps[at]!;
      for (let index = 0; index < firsts.length; index++) {
        const position = firsts[index]!;
        if (this.drawsCall(row, host, host.plan.calls[position]!)) this.begin(row, host, position);
      }
      if (work.openCallsOf(row) > 0) return;
    }
    this.listener.onCallsDone(row, true);
  }

  /** Turn entry: the engine has answered or reset a call. */
  onAnswer(request: number): void {
    const { requests } = this;
    const row = requests.originOf(request);
    const status = statusOf(requests.answerOf(request), this.commons.heads);
    const position = requests.positionOf(request);
    if (requests.eventOf(request) >= 0) this.commons.kernel.cancel(requests.eventOf(request));
    if (row >= 0) this.unlink(row, request);
    this.loopbacks.end(requests.connectionOf(request));
    requests.free(request);
    if (row < 0) return; // the application had given it up before
    this.recordEnd(row, position, status);
    this.onEnded(row, position, isGood(status));
  }

  /** The application's own timeout. */
  onTimeout(request: number): void {
    const row = this.requests.originOf(request);
    const position = this.requests.positionOf(request);
    this.requests.setEvent(request, -1);
    this.unlink(row, request);
    this.giveUp(request);
    this.recordEnd(row, position, 0);
    this.onEnded(row, position, false);
  }

  /** Gives up every open call of a row: nobody needs them. */
  abandon(row: number): void {
    const { requests, work } = this;
    let request = work.linkOf(row);
    work.setLink(row, -1);
    while (request >= 0) {
      const next = requests.siblingOf(request);
      work.addOpenCalls(row, -1);
      this.recordEnd(row, requests.positionOf(request), 0);
      if (isFinalAnswer(requests.answerOf(request))) {
        requests.setOrigin(request, -1); // its turn entry frees it
      } else this.giveUp(request);
      request = next;
    }
  }

  /** The row is lost in a crash: its calls have ended, and whoever resets them finds no row. */
  disown(row: number): void {
    const { requests } = this;
    for (let call = this.work.linkOf(row); call >= 0; call = requests.siblingOf(call)) {
      this.recordEnd(row, requests.positionOf(call), 0);
      requests.setOrigin(call, -1);
    }
  }

  private onEnded(row: number, position: number, isGoodAnswer: boolean): void {
    const { work } = this;
    const host = this.hosts[work.hostOf(row)]!;
    const step = host.plan.steps[work.stepOf(row)]!;
    const call = host.plan.calls[position]!;
    work.addOpenCalls(row, -1);
    const open = work.openCallsOf(row);
    if (!isGoodAnswer && call.mustSucceed) work.setFailure(row, true);
    if (step.isAny) {
      if (isGoodAnswer) this.endStep(row, false);
      else if (open === 0) this.endStep(row, work.hasFailure(row));
    } else if (work.hasFailure(row)) this.endStep(row, true);
    else if (call.next >= 0) this.begin(row, host, call.next);
    else if (open === 0) this.endStep(row, false);
  }

  /** Nothing more to wait for in this step: on to the next, or failure. */
  private endStep(row: number, isFailed: boolean): void {
    const { work } = this;
    this.abandon(row);
    work.setFailure(row, false);
    if (isFailed) this.listener.onCallsDone(row, false);
    else {
      work.nextStep(row);
      this.advance(row);
    }
  }

  /** Whether this request makes the call at all; one draw for all repetitions of a step. */
  private drawsCall(row: number, host: Host, { share, sharePosition }: PlannedCall): boolean {
    if (share >= 1) return true;
    if (share <= 0) return false;
    const { draws } = this.commons;
    if (host.shareStream < 0) host.shareStream = draws.stream(host.label('share'));
    return draws.unit(host.shareStream, this.work.uidOf(row), sharePosition) < share;
  }

  private begin(row: number, host: Host, position: number): void {
    const { commons, requests, work } = this;
    const call = host.plan.calls[position]!;
    const uid = childUid(work.uidOf(row), position);
    const connection = this.loopbacks.begin(call.target);
    const request = requests.allocate(RequestKind.fromWork, row, connection);
    requests.setPosition(request, position);
    requests.setSibling(request, work.linkOf(row));
    work.setLink(row, request);
    work.addOpenCalls(row, 1);
    if (call.timeoutNs > 0) {
      const atNs = commons.kernel.nowNs + call.timeoutNs;
      requests.setEvent(request, commons.kernel.schedule(atNs, EventKind.callTimesOut, 0, request));
    }
    this.commons.requestObserver?.callBegins(host.id, work.uidOf(row), uid);
    this.observer.record(RecordKind.callStarted, host.id, uid, host.serviceId, position);
    const head = commons.heads.headOf(call.headShape);
    host.outbound!.engine.onRequest(request, connection, uid, head, true);
  }

  /** Resets a call that the engine still works on. */
  private giveUp(request: number): void {
    const { commons, requests } = this;
    const connection = requests.connectionOf(request);
    const proxy = commons.proxyOfDownstream(connection);
    if (requests.eventOf(request) >= 0) commons.kernel.cancel(requests.eventOf(request));
    requests.free(request);
    proxy.engine.onRequestReset(request, ResetReason.connectionTermination);
    this.loopbacks.end(connection);
  }

  private unlink(row: number, request: number): void {
    const { requests, work } = this;
    const after = requests.siblingOf(request);
    let at = work.linkOf(row);
    if (at === request) {
      work.setLink(row, after);
      return;
    }
    while (requests.siblingOf(at) !== request) at = requests.siblingOf(at);
    requests.setSibling(at, after);
  }

  private recordEnd(row: number, position: number, status: number): void {
    const host = this.hosts[this.work.hostOf(row)]!;
    const uid = childUid(this.work.uidOf(row), position);
    this.observer.record(RecordKind.callDone, host.id, uid, host.serviceId, status);
  }
}
