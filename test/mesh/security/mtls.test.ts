import { describe, expect, it } from 'vitest';
import { verifyErrorText } from '../../../src/core/certificate.ts';
import { CloseReason, ConnectFailure, type PeerFacts } from '../../../src/core/engine.ts';
import { RecordKind } from '../../../src/core/records.ts';
import type { MtlsMode } from '../../../src/mesh/config/security.ts';
import { isExpected, refusalOf } from '../../../src/mesh/security/mtls.ts';
import { anEndpoint, DOWNSTREAM_PEER, OneProxy } from '../engine/one-proxy.ts';

function peerOf(id: string): PeerFacts {
  return { ...DOWNSTREAM_PEER, tls: true, validated: true, sans: [{ type: 'uri', value: id }] };
}

const OURS = peerOf('spiffe://td/ns/a/sa/b');
const THEIRS = peerOf('spiffe://other/ns/a/sa/b');

describe('who may connect', () => {
  it.each<[MtlsMode, PeerFacts, string | null]>([
    ['disable', DOWNSTREAM_PEER, null],
    ['permissive', DOWNSTREAM_PEER, null],
    ['permissive', OURS, null],
    ['permissive', THEIRS, 'untrusted'],
    ['strict', DOWNSTREAM_PEER, 'plain-text'],
    ['strict', OURS, null],
    ['strict', THEIRS, 'untrusted'],
    ['strict', { ...OURS, sans: [] }, 'untrusted'],
  ])('%s', (mode, peer, refusal) => {
    expect(refusalOf({ mode, trustDomains: ['td'] }, peer)).toBe(refusal);
  });

  it('any trust domain, when none is named', () => {
    expect(refusalOf({ mode: 'strict', trustDomains: [] }, THEIRS)).toBeNull();
  });

  it('an upstream must bear one of the expected names', () => {
    const plan = { serverName: '', isAutomatic: false };
    const [name] = OURS.sans.map(({ value }) => value);
    expect(isExpected({ ...plan, expectedSans: [] }, THEIRS)).toBe(true);
    expect(isExpected({ ...plan, expectedSans: ['x', name!] }, OURS)).toBe(true);
    expect(isExpected({ ...plan, expectedSans: [name!] }, THEIRS)).toBe(false);
  });
});

describe('a proxy with STRICT mTLS', () => {
  const proxy = () =>
    new OneProxy({ listener: { mtls: { mode: 'strict', trustDomains: ['td'] } } });

  it('closes a connection in plain text, and counts it nowhere else', () => {
    const { engine, ports } = proxy();
    engine.onDownstreamOpen(0, 3, DOWNSTREAM_PEER);
    expect(ports.calls.at(-1)).toContain('closeDownstream 0');
    engine.onDownstreamClosed(0, CloseReason.local);
    const stats = new Map<string, number>();
    engine.visitStats((name, _kind, value) => stats.set(name, value));
    expect(stats.get('listener.0.0.0.0_80.no_filter_chain_match')).toBe(1);
    expect(stats.get('http.in.downstream_cx_total')).toBe(0);
    expect(stats.get('http.in.downstream_cx_active')).toBe(0);
    expect(ports.records.map(({ kind }) => kind)).toContain(RecordKind.connectionRefused);
  });

  it('takes one of its own trust domain, and no other', () => {
    const one = proxy();
    one.engine.onDownstreamOpen(0, 3, OURS);
    one.engine.onDownstreamOpen(1, 3, THEIRS);
    expect(one.stat('http.in.downstream_cx_active')).toBe(1);
    expect(one.stat('listener.0.0.0.0_80.ssl.handshake')).toBe(1);
    expect(one.stat('listener.0.0.0.0_80.ssl.fail_verify_san')).toBe(1);
  });

  it('counts handshakes that its driver refused', () => {
    const one = proxy();
    one.engine.onDownstreamRefused(3, 'expired', '10.0.0.9:1');
    one.engine.onDownstreamRefused(3, 'no-certificate', '10.0.0.9:1');
    one.engine.onDownstreamRefused(3, 'protocol', '10.0.0.9:1');
    expect(one.stat('listener.0.0.0.0_80.ssl.fail_verify_error')).toBe(1);
    expect(one.stat('listener.0.0.0.0_80.ssl.fail_verify_no_cert')).toBe(1);
    expect(one.stat('listener.0.0.0.0_80.ssl.connection_error')).toBe(1);
  });
});

describe('a proxy that connects over TLS', () => {
  const tls = { serverName: 'sni', expectedSans: ['spiffe://td/ns/a/sa/b'], isAutomatic: false };
  const dialled = (proxy: OneProxy) => [...proxy.ports.dialling.entries()][0]!;

  it('counts the handshake', () => {
    const proxy = new OneProxy({ cluster: { tls } });
    proxy.start();
    const [connection, { plan }] = dialled(proxy);
    expect(plan.tls).toBe(tls);
    proxy.ports.dialling.clear();
    proxy.engine.onConnected(connection, OURS);
    proxy.answer(200);
    expect(proxy.clusterStat('ssl.handshake')).toBe(1);
  });

  it('does not talk to somebody else', () => {
    const proxy = new OneProxy({ cluster: { tls } });
    proxy.start();
    const [connection] = dialled(proxy);
    proxy.ports.dialling.clear();
    proxy.engine.onConnected(connection, THEIRS);
    proxy.settle();
    expect(proxy.outcome).toBe(
      '503 UF upstream_reset_before_response_started{remote_connection_failure|TLS_error:|268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:verify_cert_failed:_SAN_matcher,_certificate_SANs_are_[spiffe://other/ns/a/sa/b]:TLS_error_end}',
    );
    expect(proxy.clusterStat('ssl.fail_verify_san')).toBe(1);
    expect(proxy.clusterStat('ssl.connection_error')).toBe(0);
    expect(proxy.clusterStat('upstream_cx_connect_fail')).toBe(1);
    expect(proxy.clusterStat('upstream_cx_active')).toBe(0);
  });

  it('says why a certificate was refused', () => {
    const proxy = new OneProxy({ cluster: { tls } });
    proxy.start();
    const [connection] = dialled(proxy);
    const failure = ConnectFailure.certificateExpired;
    proxy.engine.onConnectFailed(connection, 'tls', failure, verifyErrorText('expired'));
    expect(proxy.outcome).toContain('503 UF');
    expect(proxy.outcome).toContain('certificate_has_expired:TLS_error_end}');
    expect(proxy.clusterStat('ssl.fail_verify_error')).toBe(1);
    expect(proxy.ports.records.find(({ kind }) => kind === RecordKind.connectFailed)?.c).toBe(
      failure,
    );
  });

  it('counts an upstream that speaks plain text as a connection error', () => {
    const proxy = new OneProxy({ cluster: { tls } });
    proxy.start();
    proxy.engine.onConnectFailed(dialled(proxy)[0], 'tls', ConnectFailure.tls, 'text');
    expect(proxy.clusterStat('ssl.connection_error')).toBe(1);
    expect(proxy.clusterStat('ssl.fail_verify_error')).toBe(0);
  });

  it('with automatic mTLS only where the endpoint offers it', () => {
    const endpoints = [anEndpoint(1, { offersTls: true }), anEndpoint(2)];
    const proxy = new OneProxy({ endpoints, cluster: { tls: { ...tls, isAutomatic: true } } });
    proxy.start();
    proxy.start();
    const plans = [...proxy.ports.dialling.values()].map(({ endpoint, plan }) => [
      endpoint.id,
      plan.tls === null,
    ]);
    expect(plans.sort()).toEqual([
      [1, false],
      [2, true],
    ]);
  });
});
