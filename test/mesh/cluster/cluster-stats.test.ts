import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConnectFailure, HANDSHAKE_FAILURES } from '../../../src/core/engine.ts';
import {
  type ClusterCounter,
  ClusterStats,
  CodeCounts,
} from '../../../src/mesh/cluster/cluster-stats.ts';
import { TlsStats } from '../../../src/mesh/cluster/tls-stats.ts';
import { DOWNSTREAM_PEER } from '../engine/one-proxy.ts';

type Visitable = { visit(visit: (name: string, value: number) => void): void };

function statsOf(of: Visitable): Record<string, number> {
  const found: Record<string, number> = {};
  of.visit((name, value) => {
    expect(name in found).toBe(false);
    found[name] = value;
  });
  return found;
}

function codesOf(...codes: readonly number[]): CodeCounts {
  const counts = new CodeCounts();
  for (const code of codes) counts.count(code);
  return counts;
}

function visited(counts: CodeCounts, prefix = '', others: CodeCounts | null = null) {
  const found: [string, number][] = [];
  counts.visit(prefix, (name, value) => found.push([name, value]), others);
  return Object.fromEntries(found);
}

describe('the counters of a cluster', () => {
  it('each have a name of their own', () => {
    const stats = new ClusterStats();
    const fields = Object.entries(stats)
      .filter(([, value]) => typeof value === 'number')
      .map(([field]) => field as ClusterCounter);
    const names = Object.keys(statsOf(stats));
    expect(names).toHaveLength(fields.length);
    fields.forEach((field, i) => {
      stats[field] = i + 1;
    });
    const values = Object.values(statsOf(stats)).sort((a, b) => a - b);
    expect(values).toEqual(fields.map((_, i) => i + 1));
  });

  it('bear Envoy’s names, which say what the fields say', () => {
    const stats = new ClusterStats();
    const spelled = (name: string) =>
      name
        .replace(/^upstream_/, '')
        .replace(/_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
    for (const name of Object.keys(statsOf(stats))) {
      const field = spelled(name);
      expect([field, field.replace(/Total$/, '')].some((one) => one in stats)).toBe(true);
    }
  });

  it('tell answers to requests from inside from all others, and those of canaries', () => {
    const stats = new ClusterStats();
    stats.countCode(200, false);
    expect(statsOf(stats)).toMatchObject({ upstream_rq_200: 1, 'external.upstream_rq_200': 1 });
    expect(statsOf(stats)).not.toHaveProperty(['internal.upstream_rq_200']);
    stats.countCode(200, true);
    stats.countCode(503, true);
    stats.countCanary(503);
    stats.retriedCodes.count(502);
    expect(statsOf(stats)).toMatchObject({
      upstream_rq_200: 2,
      upstream_rq_503: 1,
      upstream_rq_completed: 3,
      'external.upstream_rq_200': 1,
      'external.upstream_rq_completed': 1,
      'internal.upstream_rq_200': 1,
      'internal.upstream_rq_503': 1,
      'internal.upstream_rq_completed': 2,
      'canary.upstream_rq_5xx': 1,
      'canary.upstream_rq_completed': 1,
      'retry.upstream_rq_502': 1,
    });
    expect(statsOf(stats)).not.toHaveProperty(['external.upstream_rq_503']);
  });

  it('have those of TLS only where something was dialled so', () => {
    const stats = new ClusterStats();
    expect(statsOf(stats)).not.toHaveProperty(['ssl.handshake']);
    stats.needTls().countHandshake({ ...DOWNSTREAM_PEER, tls: true });
    stats.needTls().countHandshake({ ...DOWNSTREAM_PEER, tls: true });
    expect(statsOf(stats)['ssl.handshake']).toBe(2);
  });
});

describe('counts of status codes', () => {
  it('come one by one, by class, and all together', () => {
    expect(visited(codesOf(200, 503, 200, 204, 503, 503), 'p.')).toEqual({
      'p.upstream_rq_200': 2,
      'p.upstream_rq_503': 3,
      'p.upstream_rq_204': 1,
      'p.upstream_rq_2xx': 3,
      'p.upstream_rq_5xx': 3,
      'p.upstream_rq_completed': 6,
    });
    expect(visited(codesOf())).toEqual({});
  });

  it('of numbers that are no status tell only how many there were', () => {
    expect(visited(codesOf(99, 600, 0))).toEqual({ upstream_rq_completed: 3 });
    expect(visited(codesOf(100, 599))).toEqual({
      upstream_rq_100: 1,
      upstream_rq_599: 1,
      upstream_rq_1xx: 1,
      upstream_rq_5xx: 1,
      upstream_rq_completed: 2,
    });
  });

  it('leave out others', () => {
    expect(visited(codesOf(200, 200, 404, 503), '', codesOf(404, 200))).toEqual({
      upstream_rq_200: 1,
      upstream_rq_503: 1,
      upstream_rq_2xx: 1,
      upstream_rq_5xx: 1,
      upstream_rq_completed: 2,
    });
    expect(visited(codesOf(200), '', codesOf(200))).toEqual({});
  });

  it('are the same whenever they are read', () => {
    const codes = fc.array(fc.constantFrom(200, 201, 404, 503), { maxLength: 30 });
    fc.assert(
      fc.property(codes, (given) => {
        const counts = new CodeCounts();
        for (const code of given) {
          counts.count(code);
          visited(counts);
        }
        expect(visited(counts)).toEqual(visited(codesOf(...given)));
        expect(visited(counts)['upstream_rq_503'] ?? 0).toBe(
          given.filter((code) => code === 503).length,
        );
      }),
    );
  });
});

describe('the counters of handshakes', () => {
  const PEER = { ...DOWNSTREAM_PEER, tls: true };
  const changed = (change: (stats: TlsStats) => void): Record<string, number> => {
    const stats = new TlsStats();
    change(stats);
    const found: Record<string, number> = {};
    stats.visit('c.', (name, value) => {
      if (value !== 0) found[name] = value;
    });
    return found;
  };

  it('say what kind of handshake it was', () => {
    const sans = [{ type: 'dns', value: 'a' }] as const;
    expect(changed((stats) => stats.countHandshake(PEER))).toEqual({ 'c.ssl.handshake': 1 });
    expect(changed((stats) => stats.countHandshake({ ...PEER, isResumed: true }))).toEqual({
      'c.ssl.handshake': 1,
      'c.ssl.session_reused': 1,
    });
    expect(changed((stats) => stats.countHandshake({ ...PEER, isUntrusted: true }))).toEqual({
      'c.ssl.handshake': 1,
      'c.ssl.fail_verify_error': 1,
    });
    expect(changed((stats) => stats.countClient(PEER))).toEqual({
      'c.ssl.handshake': 1,
      'c.ssl.no_certificate': 1,
    });
    expect(changed((stats) => stats.countClient({ ...PEER, sans }))).toEqual({
      'c.ssl.handshake': 1,
    });
  });

  it('say why we got no connection', () => {
    const counted = Object.fromEntries(
      Object.entries(ConnectFailure).map(([name, failure]) => [
        name,
        Object.keys(changed((stats) => stats.countConnectFailure(failure))).join(),
      ]),
    );
    expect(counted).toEqual({
      refused: '',
      unreachable: '',
      closed: '',
      tls: 'c.ssl.connection_error',
      dns: '',
      certificateExpired: 'c.ssl.fail_verify_error',
      certificateNotYetValid: 'c.ssl.fail_verify_error',
      certificateUntrusted: 'c.ssl.fail_verify_error',
      certificateName: 'c.ssl.fail_verify_san',
      certificatePin: 'c.ssl.fail_verify_cert_hash',
    });
  });

  it('say why a client got none', () => {
    const counted = Object.fromEntries(
      HANDSHAKE_FAILURES.map((reason) => [
        reason,
        Object.keys(changed((stats) => stats.countRefusal(reason))).join(),
      ]),
    );
    expect(counted).toEqual({
      'no-certificate': 'c.ssl.fail_verify_no_cert',
      expired: 'c.ssl.fail_verify_error',
      'not-yet-valid': 'c.ssl.fail_verify_error',
      untrusted: 'c.ssl.fail_verify_error',
      'wrong-san': 'c.ssl.fail_verify_san',
      protocol: 'c.ssl.connection_error',
      'wrong-pin': 'c.ssl.fail_verify_cert_hash',
      closed: '',
    });
  });
});
