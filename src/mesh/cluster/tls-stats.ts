/**
 * Counters of TLS handshakes under Envoy's names, of a cluster or a listener: `….ssl.handshake`.
 *
 * Made when the first handshake happens. Source: policy-engine.md §10.2, 10.3.
 */
import { ConnectFailure, type HandshakeFailure } from '../../core/engine.ts';

export class TlsStats {
  handshake = 0;
  connectionError = 0;
  failVerifyError = 0;
  failVerifyNoCert = 0;
  failVerifySan = 0;
  /** Of a listener: connections in plain text that it does not take. */
  noFilterChainMatch = 0;

  /** We dialled, and no connection came of it. */
  countConnectFailure(failure: ConnectFailure): void {
    if (failure === ConnectFailure.certificateName) this.failVerifySan++;
    else if (isAboutChain(failure)) this.failVerifyError++;
    else if (failure === ConnectFailure.tls) this.connectionError++;
  }

  /** Somebody dialled us, and no connection came of it. */
  countRefusal(reason: HandshakeFailure): void {
    if (reason === 'protocol') this.connectionError++;
    else if (reason === 'no-certificate') this.failVerifyNoCert++;
    else if (reason === 'wrong-san') this.failVerifySan++;
    else this.failVerifyError++;
  }

  /** @param prefix `cluster.payments.` */
  visit(prefix: string, visit: (name: string, value: number) => void): void {
    visit(`${prefix}ssl.handshake`, this.handshake);
    visit(`${prefix}ssl.connection_error`, this.connectionError);
    visit(`${prefix}ssl.fail_verify_error`, this.failVerifyError);
    visit(`${prefix}ssl.fail_verify_no_cert`, this.failVerifyNoCert);
    visit(`${prefix}ssl.fail_verify_san`, this.failVerifySan);
  }
}

function isAboutChain(failure: ConnectFailure): boolean {
  return (
    failure === ConnectFailure.certificateExpired ||
    failure === ConnectFailure.certificateNotYetValid ||
    failure === ConnectFailure.certificateUntrusted
  );
}
