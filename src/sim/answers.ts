/**
 * Answers that engines give to downstream: over a wire, to an application, or to a client.
 *
 * Called by ports, so it only schedules: an answer over a wire becomes a message under way, one to
 * an application or client a turn entry. Also catches the response flag of clients' requests, which
 * the engine reports in a record just before or after the answer.
 */
import type { ResponseFlags } from './client/response-flags.ts';
import type { Commons } from './commons.ts';
import { TurnKind } from './event-kind.ts';
import type { Closing } from './net/closing.ts';
import type { Exchanges } from './net/exchanges.ts';
import type { RequestTable } from './request-table.ts';
import { incompleteAnswer, isFinalAnswer, RESET_ANSWER, RequestKind } from './request-table.ts';

export class Answers {
  private readonly commons: Commons;
  private readonly requests: RequestTable;
  private readonly exchanges: Exchanges;
  private readonly closing: Closing;
  private readonly flags: ResponseFlags;

  constructor(commons: Commons, exchanges: Exchanges, closing: Closing, flags: ResponseFlags) {
    this.commons = commons;
    this.requests = commons.requests;
    this.exchanges = exchanges;
    this.closing = closing;
    this.flags = flags;
  }

  /** Port `respondHead`. */
  head(request: number, shape: number, isComplete: boolean): void {
    if (isComplete) this.finish(request, shape);
    else this.requests.setAnswer(request, incompleteAnswer(shape));
  }

  /** Ports `respondBody` and `respondTrailers`. */
  body(request: number, bytes: number, isComplete: boolean): void {
    const answer = this.requests.answerOf(request);
    if (isFinalAnswer(answer)) return;
    const shape = this.commons.heads.withBody(incompleteAnswer(answer), bytes);
    if (isComplete) this.finish(request, shape);
    else this.requests.setAnswer(request, incompleteAnswer(shape));
  }

  /** Port `resetRequest`. */
  reset(request: number): void {
    const { requests } = this;
    switch (requests.kindOf(request)) {
      case RequestKind.fromWire: {
        const wire = requests.originOf(request);
        requests.free(request);
        this.closing.resetByFar(wire);
        return;
      }
      case RequestKind.doomed:
        requests.free(request);
        return;
      default:
        this.deliver(request, RESET_ANSWER);
    }
  }

  private finish(request: number, shape: number): void {
    const { requests } = this;
    const kind = requests.kindOf(request);
    if (kind === RequestKind.fromWire) {
      const wire = requests.originOf(request);
      requests.free(request);
      this.exchanges.sendResponse(wire, shape);
      return;
    }
    if (kind !== RequestKind.doomed) this.deliver(request, shape);
  }

  private deliver(request: number, answer: number): void {
    const { requests } = this;
    requests.setAnswer(request, answer);
    if (requests.kindOf(request) === RequestKind.fromClient) {
      this.flags.match(requests.originOf(request));
    }
    this.commons.turns.push(TurnKind.answer, request);
  }
}
