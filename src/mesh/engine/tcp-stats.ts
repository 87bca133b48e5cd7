/**
 * Counters of listeners that pass bytes, under Envoy's names.
 *
 * Source: Envoy docs, tcp_proxy filter, statistics.
 */
export class TcpStats {
  readonly prefix: string;
  cxTotal = 0;
  noRoute = 0;
  rxBytes = 0;
  txBytes = 0;
  idleTimeout = 0;
  maxDuration = 0;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  visit(visit: (name: string, kind: 'counter' | 'gauge', value: number) => void): void {
    const count = (name: string, value: number) =>
      visit(`tcp.${this.prefix}.${name}`, 'counter', value);
    count('downstream_cx_total', this.cxTotal);
    count('downstream_cx_no_route', this.noRoute);
    count('downstream_cx_rx_bytes_total', this.rxBytes);
    count('downstream_cx_tx_bytes_total', this.txBytes);
    count('idle_timeout', this.idleTimeout);
    count('max_downstream_connection_duration', this.maxDuration);
  }
}
