/**
 * Counters of TLS handshakes under Envoy's names, of a cluster or a listener: `….ssl.handshake`.
 *
 * Made when the first handshake happens. Source: policy-engine.md §10.2, 10.3.
 */
import { ConnectFailure, type HandshakeFailure, type PeerFacts } from '../../core/engine.ts';

export class TlsStats {
  handshake = 0;
  connectionError = 0;
  failVerifyError = 0;
  failVerifyNoCert = 0;
  failVerifySan = 0;
  failVerifyCertHash = 0;
  sessionReused = 0;
  /** Clients without a certificate. */
  noCertificate = 0;
  /** Of a listener: connections in plain text that it does not take. */
  noFilterChainMatch = 0;

  /** A handshake succeeded. */
  countHandshake(peer: PeerFacts): void {
    this.handshake++;
    if (peer.isResumed === true) this.sessionReused++;
    if (peer.isUntrusted === true) this.failVerifyError++;
  }

  /** A client's handshake succeeded. */
  countClient(peer: PeerFacts): void {
    this.countHandshake(peer);
    if (peer.sans.length === 0) this.noCertificate++;
  }

  /** We dialled, and no connection came of it. */
  countConnectFailure(failure: ConnectFailure): void {
    if (failure === ConnectFailure.certificateName) this.failVerifySan++;
    else if (failure === ConnectFailure.certificatePin) this.failVerifyCertHash++;
    else if (isAboutChain(failure)) this.failVerifyError++;
    else if (failure === ConnectFailure.tls) this.connectionError++;
  }

  /** Somebody dialled us, and no connection came of it. */
  countRefusal(reason: HandshakeFailure): void {
    if (reason === 'closed') return;
    if (reason === 'protocol') this.connectionError++;
    else if (reason === 'no-certificate') this.failVerifyNoCert++;
    else if (reason === 'wrong-san') this.failVerifySan++;
    else if (reason === 'wrong-pin') this.failVerifyCertHash++;
    else this.failVerifyError++;
  }

  /** @param prefix `cluster.payments.` */
  visit(prefix: string, visit: (name: string, value: number) => void): void {
    visit(`${prefix}ssl.handshake`, this.handshake);
    visit(`${prefix}ssl.connection_error`, this.connectionError);
    visit(`${prefix}ssl.fail_verify_error`, this.failVerifyError);
    visit(`${prefix}ssl.fail_verify_no_cert`, this.failVerifyNoCert);
    visit(`${prefix}ssl.fail_verify_san`, this.failVerifySan);
    visit(`${prefix}ssl.fail_verify_cert_hash`, this.failVerifyCertHash);
    visit(`${prefix}ssl.session_reused`, this.sessionReused);
    visit(`${prefix}ssl.no_certificate`, this.noCertificate);
  }
}

function isAboutChain(failure: ConnectFailure): boolean {
  return (
    failure === ConnectFailure.certificateExpired ||
    failure === ConnectFailure.certificateNotYetValid ||
    failure === ConnectFailure.certificateUntrusted
  );
}
