/**
 * One endpoint as `/clusters` shows it.
 */
import type { HostGauges } from '../../core/engine.ts';
import type { Host } from '../cluster/host.ts';

/** A fresh object: the reader may keep it. */
export function hostGauges(host: Host): HostGauges {
  return {
    cxTotal: host.cxTotal,
    cxActive: host.cxActive,
    cxConnectFail: host.cxConnectFail,
    rqTotal: host.rqTotal,
    rqActive: host.rqActive,
    rqPendingActive: host.rqPendingActive,
    rqSuccess: host.rqSuccess,
    rqError: host.rqError,
    rqTimeout: host.rqTimeout,
    weight: host.endpoint.weight,
    healthFlags: healthFlags(host),
  };
}

/** Envoy's words; '' = healthy. */
function healthFlags(host: Host): string {
  const flags: string[] = [];
  if (host.failsChecks) flags.push('/failed_active_hc');
  if (host.isEjected) flags.push('/failed_outlier_check');
  if (host.isDegradedByAnswers) flags.push('/degraded_outlier_detection');
  if (host.isMarkedDegraded) flags.push('/degraded_active_hc');
  const { health } = host.endpoint;
  if (health === 'unhealthy') flags.push('/failed_eds_health');
  if (health === 'degraded') flags.push('/degraded_eds_health');
  if (health === 'draining') flags.push('/eds_status_draining');
  return flags.join('');
}
