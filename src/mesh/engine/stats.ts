/**
 * Counters of a listener's HTTP side under Envoy's names: `http.<prefix>.…`.
 *
 * Listeners of one prefix share one object, as their counters do in Envoy. Plain fields, the busiest
 * first: one line of memory per request.
 * Source: policy-engine.md §12.4; Envoy docs, http_conn_man/stats and router_filter.
 */
import { TlsStats } from '../cluster/tls-stats.ts';
import type { ListenerConfig } from '../config/config.ts';

export class HttpStats {
  rqActive = 0;
  rqTotal = 0;
  routerTotal = 0;
  rq2xx = 0;
  cxActive = 0;
  cxTotal = 0;
  cxDestroy = 0;
  cxSslFail = 0;
  cxIdleTimeout = 0;
  rq1xx = 0;
  rq3xx = 0;
  rq4xx = 0;
  rq5xx = 0;
  rqTimeout = 0;
  rqHeaderTimeout = 0;
  rqIdleTimeout = 0;
  rqRxReset = 0;
  rqTxReset = 0;
  rqBeforeComplete = 0;
  noRoute = 0;
  noCluster = 0;
  directResponse = 0;
  resetAfterStarted = 0;
  /** null = nobody has tried TLS. */
  private tls: TlsStats | null = null;
  /** Of the listener whose TLS counters these are: `listener.0.0.0.0_80.`. */
  private tlsPrefix = '';
  rqMaxDurationReached = 0;
  cxMaxDurationReached = 0;
  cxMaxRequestsReached = 0;
  rqOverloadClose = 0;
  /** Of codes beyond 599. */
  rqOtherClass = 0;
  cxUpgradesTotal = 0;
  cxProtocolError = 0;
  cxDestroyLocal = 0;
  cxDestroyRemote = 0;
  cxDestroyActiveRq = 0;
  cxDestroyRemoteActiveRq = 0;
  cxDestroyLocalActiveRq = 0;
  rqRedirectedPath = 0;
  rqFailedPath = 0;
  rqUpgradeRefused = 0;
  cxOverloadDisableKeepalive = 0;
  overloadLocalReply = 0;
  cxHttp1Total = 0;
  cxHttp1Active = 0;
  cxSslTotal = 0;
  cxDelayedCloseTimeout = 0;
  redirectBadLocation = 0;
  redirectUnsafeScheme = 0;
  redirectTooMany = 0;
  redirectNoRoute = 0;
  redirectPredicate = 0;
  readonly prefix: string;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  /** Counters of handshakes with clients. */
  needTls(listener: Pick<ListenerConfig, 'address' | 'port' | 'listenerStatPrefix'>): TlsStats {
    if (this.tls !== null) return this.tls;
    this.tls = new TlsStats();
    const { address, port, listenerStatPrefix } = listener;
    this.tlsPrefix = `listener.${listenerStatPrefix ?? `${address}_${port}`}.`;
    return this.tls;
  }

  /** A response was completed. */
  countStatus(status: number): void {
    if (status >= 200 && status < 300) this.rq2xx++;
    else if (status >= 600) this.rqOtherClass++;
    else if (status >= 500) this.rq5xx++;
    else if (status >= 400) this.rq4xx++;
    else if (status >= 300) this.rq3xx++;
    else this.rq1xx++;
  }

  visit(visit: (name: string, kind: 'counter' | 'gauge', value: number) => void): void {
    const prefix = `http.${this.prefix}.`;
    for (const [field, name] of HTTP_COUNTERS) visit(prefix + name, 'counter', this[field]);
    const classes = this.rq1xx + this.rq2xx + this.rq3xx + this.rq4xx + this.rq5xx;
    const completed = classes + this.rqOtherClass;
    visit(`${prefix}downstream_rq_completed`, 'counter', completed);
    // Only drivers of sockets tell when a client begins to speak, and theirs speak HTTP/1.
    if (this.cxHttp1Total > 0) {
      visit(`${prefix}downstream_rq_http1_total`, 'counter', this.rqTotal);
      visit(`${prefix}downstream_cx_http1_active`, 'gauge', this.cxHttp1Active);
    }
    visit(`${prefix}downstream_rq_active`, 'gauge', this.rqActive);
    visit(`${prefix}downstream_cx_active`, 'gauge', this.cxActive);
    if (this.tls === null) return;
    visit(`${this.tlsPrefix}no_filter_chain_match`, 'counter', this.tls.noFilterChainMatch);
    this.tls.visit(this.tlsPrefix, (name, value) => visit(name, 'counter', value));
  }
}

/** A counter's field. */
type HttpCounter = Exclude<
  keyof HttpStats,
  | 'prefix'
  | 'rqOtherClass'
  | 'rqActive'
  | 'cxActive'
  | 'cxHttp1Active'
  | 'countStatus'
  | 'needTls'
  | 'visit'
>;

const HTTP_COUNTERS: readonly (readonly [HttpCounter, string])[] = [
  ['cxTotal', 'downstream_cx_total'],
  ['cxDestroy', 'downstream_cx_destroy'],
  ['cxSslFail', 'downstream_cx_ssl_fail'],
  ['cxIdleTimeout', 'downstream_cx_idle_timeout'],
  ['rqTotal', 'downstream_rq_total'],
  ['rq1xx', 'downstream_rq_1xx'],
  ['rq2xx', 'downstream_rq_2xx'],
  ['rq3xx', 'downstream_rq_3xx'],
  ['rq4xx', 'downstream_rq_4xx'],
  ['rq5xx', 'downstream_rq_5xx'],
  ['rqTimeout', 'downstream_rq_timeout'],
  ['rqHeaderTimeout', 'downstream_rq_header_timeout'],
  ['rqIdleTimeout', 'downstream_rq_idle_timeout'],
  ['rqRxReset', 'downstream_rq_rx_reset'],
  ['rqTxReset', 'downstream_rq_tx_reset'],
  ['rqBeforeComplete', 'downstream_rq_response_before_rq_complete'],
  ['routerTotal', 'rq_total'],
  ['noRoute', 'no_route'],
  ['noCluster', 'no_cluster'],
  ['directResponse', 'rq_direct_response'],
  ['rqMaxDurationReached', 'downstream_rq_max_duration_reached'],
  ['cxMaxDurationReached', 'downstream_cx_max_duration_reached'],
  ['cxMaxRequestsReached', 'downstream_cx_max_requests_reached'],
  ['rqOverloadClose', 'downstream_rq_overload_close'],
  ['cxUpgradesTotal', 'downstream_cx_upgrades_total'],
  ['cxProtocolError', 'downstream_cx_protocol_error'],
  ['cxDestroyLocal', 'downstream_cx_destroy_local'],
  ['cxDestroyRemote', 'downstream_cx_destroy_remote'],
  ['cxDestroyActiveRq', 'downstream_cx_destroy_active_rq'],
  ['cxDestroyRemoteActiveRq', 'downstream_cx_destroy_remote_active_rq'],
  ['cxDestroyLocalActiveRq', 'downstream_cx_destroy_local_active_rq'],
  ['rqRedirectedPath', 'downstream_rq_redirected_with_normalized_path'],
  ['rqFailedPath', 'downstream_rq_failed_path_normalization'],
  ['rqUpgradeRefused', 'downstream_rq_ws_on_non_ws_route'],
  ['cxOverloadDisableKeepalive', 'downstream_cx_overload_disable_keepalive'],
  ['overloadLocalReply', 'rq_overload_local_reply'],
  ['cxHttp1Total', 'downstream_cx_http1_total'],
  ['cxSslTotal', 'downstream_cx_ssl_total'],
  ['cxDelayedCloseTimeout', 'downstream_cx_delayed_close_timeout'],
  ['redirectBadLocation', 'passthrough_internal_redirect_bad_location'],
  ['redirectUnsafeScheme', 'passthrough_internal_redirect_unsafe_scheme'],
  ['redirectTooMany', 'passthrough_internal_redirect_too_many_redirects'],
  ['redirectNoRoute', 'passthrough_internal_redirect_no_route'],
  ['redirectPredicate', 'passthrough_internal_redirect_predicate'],
  ['resetAfterStarted', 'rq_reset_after_downstream_response_started'],
];
