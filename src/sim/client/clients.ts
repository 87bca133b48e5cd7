/**
 * Runs the clients: begins their requests when their load says so, and ends each exactly once.
 *
 * `world.ts` calls the `on…` methods for kernel events and turn entries. A request ends with the
 * engine's answer, a reset, the deadline, or at once when its caller's host is down. Latency counts
 * from the instant at which the request was meant to be sent.
 */
import { ResetReason } from '../../core/engine.ts';
import { RecordKind } from '../../core/records.ts';
import type { Ns } from '../../core/time.ts';
import { NEVER } from '../../core/time.ts';
import type { Commons } from '../commons.ts';
import { EventKind } from '../event-kind.ts';
import type { Loopbacks } from '../loopbacks.ts';
import { isGood, RequestKind, statusOf } from '../request-table.ts';
import type { Client } from './client.ts';
import { UserState } from './client.ts';
import type { ClientCallTable } from './client-call-table.ts';
import type { ResponseFlags } from './response-flags.ts';

/** `callStarted` of a client's own request. */
const NO_STEP = -1;

export class Clients {
  /** Indexed by id. */
  readonly list: Client[];
  /** Requests not yet ended, of all clients. */
  inFlight: number;
  private readonly commons: Commons;
  private readonly calls: ClientCallTable;
  private readonly loopbacks: Loopbacks;
  private readonly flags: ResponseFlags;
  /** Nobody begins a request at or after this instant. */
  private untilNs: Ns;

  constructor(
    commons: Commons,
    calls: ClientCallTable,
    loopbacks: Loopbacks,
    flags: ResponseFlags,
  ) {
    this.list = [];
    this.inFlight = 0;
    this.commons = commons;
    this.calls = calls;
    this.loopbacks = loopbacks;
    this.flags = flags;
    this.untilNs = 0;
  }

  /** Arms every client for requests in [now, untilNs). */
  start(untilNs: Ns): void {
    this.untilNs = untilNs;
    for (const client of this.list) {
      if (client.open !== null) this.armArrival(client);
      this.adjustUsers(client);
    }
  }

  /** Multiplies a client's load from now on; `factor` is the product of all in force. */
  setFactor(client: Client, factor: number): void {
    const nowNs = this.commons.kernel.nowNs;
    if (client.open !== null) {
      client.open.setFactor(nowNs, factor);
      if (client.extraEvent >= 0) this.commons.kernel.cancel(client.extraEvent);
      client.extraEvent = -1;
      this.armExtra(client);
    }
    if (client.closed !== null) {
      client.closed.setFactor(factor);
      this.adjustUsers(client);
    }
  }

  onArrival(id: number): void {
    const client = this.list[id]!;
    const open = client.open!;
    const first = open.dueNumber;
    for (let index = 0; index < open.dueCount; index++) {
      const number = first + index;
      if (open.keeps(number)) this.begin(client, number, -1, open.uidOf(number));
    }
    const extra = open.extraInBurst;
    for (let index = 0; index < extra; index++) {
      this.begin(client, first + index, -1, open.extraUid(index));
    }
    open.advance();
    this.armArrival(client);
  }

  onExtraArrival(id: number): void {
    const client = this.list[id]!;
    const uid = client.open!.extraUid(0);
    this.begin(client, uid >>> 8, -1, uid);
    client.open!.advanceExtra();
    this.armExtra(client);
  }

  onUserReady(id: number, user: number): void {
    const client = this.list[id]!;
    const closed = client.closed!;
    const isActive = user < closed.targetAt(this.commons.kernel.nowNs) && closed.mayAsk(user);
    client.users[user] = isActive ? UserState.waiting : UserState.parked;
    if (isActive) this.begin(client, user, user, closed.nextUid(user));
  }

  onUsersChange(id: number): void {
    const client = this.list[id]!;
    client.changeEvent = -1;
    this.adjustUsers(client);
  }

  /** Turn entry: the engine has answered or reset a client's request. */
  onAnswer(request: number): void {
    const { requests, heads } = this.commons;
    const row = requests.originOf(request);
    const status = statusOf(requests.answerOf(request), heads);
    this.loopbacks.end(requests.connectionOf(request));
    requests.free(request);
    if (row >= 0) this.end(row, status);
  }

  onDeadline(row: number): void {
    this.calls.setDeadline(row, -1);
    this.abandon(this.calls.requestOf(row));
  }

  /** The client gives a request up, or its host goes down. */
  abandon(request: number): void {
    const { requests } = this.commons;
    const row = requests.originOf(request);
    const connection = requests.connectionOf(request);
    const proxy = this.commons.proxyOfDownstream(connection);
    requests.free(request);
    proxy.engine.onRequestReset(request, ResetReason.connectionTermination);
    this.flags.match(row);
    this.loopbacks.end(connection);
    this.end(row, 0);
  }

  /** @param turn which instance sends: they take turns */
  private begin(client: Client, turn: number, user: number, uid: number): void {
    const { commons, calls } = this;
    const instance = turn % client.instances.length;
    const host = commons.hosts[client.instances[instance]!]!;
    const row = calls.allocate(client.id, user, uid);
    calls.setStartNs(row, commons.kernel.nowNs);
    client.started++;
    this.inFlight++;
    commons.observer.clientStarted(client.id);
    commons.observer.record(RecordKind.callStarted, client.id, uid, client.id, NO_STEP);
    if (!host.isUp) {
      this.end(row, 0);
      return;
    }
    const connection = this.loopbacks.begin(client.targets[instance]!);
    const request = commons.requests.allocate(RequestKind.fromClient, row, connection);
    calls.setRequest(row, request);
    const { deadlineNs } = client.spec;
    if (deadlineNs > 0) {
      const atNs = commons.kernel.nowNs + deadlineNs;
      calls.setDeadline(row, commons.kernel.schedule(atNs, EventKind.deadline, 0, row));
    }
    const head = commons.heads.headOf(client.shapes[instance]!);
    host.outbound!.engine.onRequest(request, connection, uid, head, true);
  }

  private end(row: number, status: number): void {
    const { commons, calls } = this;
    const client = this.list[calls.clientOf(row)]!;
    const deadline = calls.deadlineOf(row);
    if (deadline >= 0) commons.kernel.cancel(deadline);
    const user = calls.userOf(row);
    const uid = calls.uidOf(row);
    const flag = calls.flagOf(row);
    const startNs = calls.startNsOf(row);
    calls.free(row);
    client.ended++;
    this.inFlight--;
    commons.observer.record(RecordKind.callDone, client.id, uid, client.id, status);
    const latencyNs = commons.kernel.nowNs - startNs;
    commons.observer.clientDone(client.id, status, isGood(status), latencyNs, flag, uid);
    if (user >= 0) this.letThink(client, user, client.closed!.thinkNs(uid));
  }

  private armArrival(client: Client): void {
    if (client.open!.nextNs >= this.untilNs) return;
    this.commons.kernel.schedule(client.open!.nextNs, EventKind.arrival, client.id, 0);
  }

  private armExtra(client: Client): void {
    const atNs = client.open!.nextExtraNs;
    client.extraEvent = -1;
    if (atNs >= this.untilNs) return;
    const { kernel } = this.commons;
    client.extraEvent = kernel.schedule(atNs, EventKind.extraArrival, client.id, 0);
  }

  private letThink(client: Client, user: number, forNs: Ns): void {
    const { kernel } = this.commons;
    const atNs = kernel.nowNs + forNs;
    client.users[user] = UserState.parked;
    if (atNs >= this.untilNs || !client.closed!.mayAsk(user)) return;
    client.users[user] = UserState.thinking;
    kernel.schedule(atNs, EventKind.userReady, client.id, user);
  }

  /** Lets the users begin that should be active and are not; arms the next change. */
  private adjustUsers(client: Client): void {
    const { closed } = client;
    if (closed === null) return;
    const { kernel } = this.commons;
    const target = closed.targetAt(kernel.nowNs);
    const known = client.users.length;
    const parked: number[] = [];
    for (let user = 0; user < target; user++) {
      if (user >= known) client.users.push(UserState.parked);
      if (client.users[user] === UserState.parked) parked.push(user);
    }
    parked.forEach((user, index) => {
      this.letThink(client, user, closed.startOffset(index, parked.length));
    });
    if (client.changeEvent >= 0) kernel.cancel(client.changeEvent);
    client.changeEvent = -1;
    const changeNs = closed.nextChange(kernel.nowNs);
    if (changeNs === NEVER || changeNs >= this.untilNs) return;
    client.changeEvent = kernel.schedule(changeNs, EventKind.usersChange, client.id, 0);
  }
}
