/**
 * Starts the copies that a route asks for, and hands them the body of their original.
 *
 * Called by the router, only for routes that mirror. Policies of one share copy the same requests,
 * because all decisions about shares of a request go by one number of it.
 * Source: policy-engine.md §8.4; Envoy, shadow policies.
 */
import type { Head, HeaderList, Slot } from '../../core/engine.ts';
import { withoutPort } from '../../core/socket-address.ts';
import type { MirrorPolicy } from '../config/config.ts';
import { HeaderEditor } from '../route/header-mutations.ts';
import type { EngineContext } from './context.ts';
import { RequestBit as Bit } from './request-table.ts';
import { ShadowRequest } from './shadow-request.ts';

/** What came of a request's body before its first attempt. */
export interface EarlyBody {
  readonly chunks: readonly (Uint8Array | null)[];
  readonly chunkBytes: readonly number[];
  readonly trailers: Head | null;
}

/** What the proxy itself sends counts as from inside. */
const INTERNAL: HeaderList = [['x-envoy-internal', 'true']];
const NO_FACTS = { clusterName: '', peer: null };
const NO_BODY: EarlyBody = { chunks: [], chunkBytes: [], trailers: null };

export class ShadowRequests {
  private readonly context: EngineContext;

  constructor(context: EngineContext) {
    this.context = context;
  }

  /** What has come of the body; to be asked before the first attempt, which may let it go. */
  bodyOf(request: Slot): EarlyBody {
    const extra = this.context.requests.extraOf(request);
    if (extra === null) return NO_BODY;
    const { chunks, chunkBytes, trailers } = extra;
    return { chunks: [...chunks], chunkBytes: [...chunkBytes], trailers };
  }

  /** The first attempt is on its way. */
  start(request: Slot, policies: readonly MirrorPolicy[], body: EarlyBody): void {
    const { context } = this;
    const { requests, downstreams, directory } = context;
    const plan = requests.planOf(request);
    const uid = requests.uidOf(request);
    const draw = context.shareDraw(uid);
    const extra = requests.needExtra(request);
    const { chunks, chunkBytes, trailers } = body;
    const isEnded = requests.has(request, Bit.requestEnded);
    const isComplete = isEnded && chunks.length === 0 && trailers === null;
    for (let i = 0; i < policies.length; i++) {
      const policy = policies[i]!;
      const { fraction } = policy;
      if (fraction !== null && draw % fraction.denominator >= fraction.numerator) continue;
      const named =
        policy.clusterHeader === '' ? policy.cluster : plan.firstHead.get(policy.clusterHeader);
      const cluster = named === undefined ? null : directory.find(named);
      if (cluster === null) continue;
      const { localAddress } = downstreams.peerOf(requests.downstreamOf(request));
      const head = copiedHead(plan.firstHead, policy, withoutPort(localAddress));
      const { routeTimeoutMs, isGrpc } = plan;
      const copy = new ShadowRequest(context, cluster, head, uid, i, routeTimeoutMs, isGrpc);
      extra.shadows ??= [];
      extra.shadows.push(copy);
      copy.begin(null, isComplete);
      if (isComplete) continue;
      // What came while filters held the request goes on to the copy as well.
      for (let c = 0; c < chunks.length; c++) {
        const isLast = isEnded && trailers === null && c === chunks.length - 1;
        copy.sendBody(chunkBytes[c]!, chunks[c]!, isLast);
      }
      if (trailers !== null) copy.onRequestTrailers(trailers);
    }
  }
}

/** @param sender the proxy's own address, which it adds as every client of its own does */
function copiedHead(head: Head, policy: MirrorPolicy, sender: string): Head {
  const authority =
    policy.hostRewrite !== ''
      ? policy.hostRewrite
      : policy.keepsHost
        ? head.authority
        : shadowed(head.authority);
  const renamed = head.with({ authority, set: INTERNAL });
  const editor = HeaderEditor.of(policy.requestHeaders);
  const context = { request: renamed, response: null, responseCode: 0, routeName: '', ...NO_FACTS };
  const edited = editor === null ? renamed : renamed.with(editor.editsFor(renamed, context));
  const forwarded = edited.get('x-forwarded-for');
  const senders = forwarded === undefined ? sender : `${forwarded},${sender}`;
  return edited.with({ set: [['x-forwarded-for', senders]] });
}

/** `shop.test:80` → `shop.test-shadow:80` */
function shadowed(authority: string): string {
  const port = /:\d+$/.exec(authority)?.[0] ?? '';
  return `${authority.slice(0, authority.length - port.length)}-shadow${port}`;
}
