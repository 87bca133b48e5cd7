/**
 * Counters of a listener's HTTP side under Envoy's names: `http.<prefix>.…`.
 *
 * Listeners of one prefix share one object, as their counters do in Envoy.
 * Source: policy-engine.md §12.4; Envoy docs, http_conn_man/stats and router_filter.
 */

/** Position of each counter; `HTTP_COUNTER_NAMES` has the names in this order. */
export const HttpCounter = {
  cxTotal: 0,
  cxDestroy: 1,
  cxSslFail: 2,
  cxIdleTimeout: 3,
  rqTotal: 4,
  rqCompleted: 5,
  rq1xx: 6,
  rq2xx: 7,
  rq3xx: 8,
  rq4xx: 9,
  rq5xx: 10,
  rqTimeout: 11,
  rqHeaderTimeout: 12,
  rqIdleTimeout: 13,
  rqRxReset: 14,
  rqTxReset: 15,
  rqBeforeComplete: 16,
  routerTotal: 17,
  noRoute: 18,
  noCluster: 19,
  directResponse: 20,
  resetAfterStarted: 21,
} as const;
export type HttpCounter = (typeof HttpCounter)[keyof typeof HttpCounter];

export const HTTP_COUNTER_NAMES: readonly string[] = [
  'downstream_cx_total',
  'downstream_cx_destroy',
  'downstream_cx_ssl_fail',
  'downstream_cx_idle_timeout',
  'downstream_rq_total',
  'downstream_rq_completed',
  'downstream_rq_1xx',
  'downstream_rq_2xx',
  'downstream_rq_3xx',
  'downstream_rq_4xx',
  'downstream_rq_5xx',
  'downstream_rq_timeout',
  'downstream_rq_header_timeout',
  'downstream_rq_idle_timeout',
  'downstream_rq_rx_reset',
  'downstream_rq_tx_reset',
  'downstream_rq_response_before_rq_complete',
  'rq_total',
  'no_route',
  'no_cluster',
  'rq_direct_response',
  'rq_reset_after_downstream_response_started',
];

export class HttpStats {
  readonly prefix: string;
  rqActive: number;
  cxActive: number;
  private readonly counters: Float64Array;

  constructor(prefix: string) {
    this.prefix = prefix;
    this.rqActive = 0;
    this.cxActive = 0;
    this.counters = new Float64Array(HTTP_COUNTER_NAMES.length);
  }

  count(counter: HttpCounter): void {
    this.counters[counter] = this.counters[counter]! + 1;
  }

  /** A response was completed. */
  countStatus(status: number): void {
    this.count(HttpCounter.rqCompleted);
    if (status >= 200 && status < 300) this.count(HttpCounter.rq2xx);
    else if (status >= 500) this.count(HttpCounter.rq5xx);
    else if (status >= 400) this.count(HttpCounter.rq4xx);
    else if (status >= 300) this.count(HttpCounter.rq3xx);
    else this.count(HttpCounter.rq1xx);
  }

  visit(visit: (name: string, kind: 'counter' | 'gauge', value: number) => void): void {
    const prefix = `http.${this.prefix}.`;
    HTTP_COUNTER_NAMES.forEach((name, i) => {
      visit(prefix + name, 'counter', this.counters[i]!);
    });
    visit(`${prefix}downstream_rq_active`, 'gauge', this.rqActive);
    visit(`${prefix}downstream_cx_active`, 'gauge', this.cxActive);
  }
}
