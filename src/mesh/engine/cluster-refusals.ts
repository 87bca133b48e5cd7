/**
 * Answers for requests that a cluster keeps out before any host is chosen.
 *
 * The router asks it for clusters with a gate.
 * Source: policy-engine.md §3.3; Envoy, router (maintenance mode, drop overload).
 */
import type { StreamKey } from '../../core/draws.ts';
import type { Slot } from '../../core/engine.ts';
import { Flag } from '../../core/records.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { MILLION } from '../cluster/cluster-gate.ts';
import type { EngineContext } from './context.ts';
import type { Responder } from './responder.ts';

const REFUSED_STATUS = 503;
const HUNDRED_PERCENT = 100;

export class ClusterRefusals {
  private readonly context: EngineContext;
  private readonly responder: Responder;
  private drawStream: StreamKey | null;

  constructor(context: EngineContext, responder: Responder) {
    this.context = context;
    this.responder = responder;
    this.drawStream = null;
  }

  /** @returns whether the request was answered */
  refuses(request: Slot, cluster: Cluster): boolean {
    const { maintenancePercent, dropMillionths } = cluster.gate!;
    if (this.draw(request, 0, HUNDRED_PERCENT) < maintenancePercent) {
      cluster.stats.rqMaintenanceMode++;
      this.answer(request, cluster, 'maintenance mode', 'x-envoy-overloaded', Flag.UO);
      return true;
    }
    if (dropMillionths === 0) return false;
    if (dropMillionths >= MILLION) {
      const header = 'x-envoy-unconditional-drop-overload';
      this.answer(request, cluster, 'unconditional drop overload', header, Flag.UDO);
      return true;
    }
    if (this.draw(request, 1, MILLION) >= dropMillionths) return false;
    this.answer(request, cluster, 'drop overload', 'x-envoy-drop-overload', Flag.DO);
    return true;
  }

  /** The router has its own load-shed point. @returns whether the request was answered */
  isShed(request: Slot): boolean {
    const { overload, requests } = this.context;
    const uid = requests.uidOf(request);
    if (overload?.sheds('http_downstream_filter_check', uid) !== true) return false;
    this.responder.listenerOf(request).stats.overloadLocalReply++;
    const body = 'envoy overloaded';
    this.responder.respondLocally(request, REFUSED_STATUS, body, Flag.none, 'overload');
    return true;
  }

  private answer(request: Slot, cluster: Cluster, body: string, header: string, flag: Flag): void {
    this.context.requests.planOf(request).charge(cluster, null, REFUSED_STATUS);
    const { router } = this.responder.listenerOf(request).config;
    const told = router?.suppressesEnvoyHeaders === true ? '' : header;
    const details = body.replaceAll(' ', '_');
    this.responder.respondWithHeader(request, REFUSED_STATUS, body, told, flag, details);
  }

  /** Keyed by the request, so that a gate shifts nothing else's draws. */
  private draw(request: Slot, index: number, n: number): number {
    const { ports, proxyName, requests } = this.context;
    this.drawStream ??= ports.draws.stream(`proxy/${proxyName}/refusals`);
    return ports.draws.below(this.drawStream, requests.uidOf(request), index, n);
  }
}
