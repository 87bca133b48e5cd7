/**
 * The overload manager; Envoy's own answers are the conformance cases `overload-*`.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Draws } from '../../../src/core/draws.ts';
import type { Ports } from '../../../src/core/engine.ts';
import type { OverloadConfig, OverloadTrigger } from '../../../src/mesh/config/overload.ts';
import { OverloadManager } from '../../../src/mesh/engine/overload.ts';

function manager(trigger: OverloadTrigger): OverloadManager {
  const triggers = [trigger];
  const config: OverloadConfig = {
    refreshIntervalMs: 100,
    monitors: [{ name: 'file', path: 'pressure' }],
    actions: [
      { name: 'stop_accepting_requests', triggers },
      { name: 'reduce_timeouts', triggers },
    ],
    shedPoints: [{ name: 'http_downstream_filter_check', triggers }],
    scaledTimers: [{ timer: 'HTTP_DOWNSTREAM_STREAM_IDLE', minMs: 200, minPercent: 0 }],
  };
  const ports = { draws: new Draws('overload'), armAfter: () => 0 } as unknown as Ports;
  return new OverloadManager(config, ports, 'p', () => {});
}

function shareOf(made: OverloadManager): number {
  let struck = 0;
  for (let uid = 0; uid < 2_000; uid++) {
    if (made.strikes('stop_accepting_requests', uid)) struck++;
  }
  return struck / 2_000;
}

describe('the overload manager', () => {
  it('acts from its threshold on, at the tick behind the report', () => {
    const made = manager({ kind: 'threshold', monitor: 0, value: 0.8 });
    made.report('file', 0.8);
    expect(made.strikes('stop_accepting_requests', 1)).toBe(false);
    made.onTick();
    expect(made.strikes('stop_accepting_requests', 1)).toBe(true);
    made.report('file', 0.79);
    made.onTick();
    expect(made.strikes('stop_accepting_requests', 1)).toBe(false);
  });

  it('strikes in proportion between two pressures', () => {
    const made = manager({ kind: 'scaled', monitor: 0, from: 0.4, to: 0.8 });
    made.report('file', 0.5);
    made.onTick();
    expect(shareOf(made)).toBeCloseTo(0.25, 1);
  });

  it('shortens time limits down to their least, never below and never up', () => {
    const made = manager({ kind: 'scaled', monitor: 0, from: 0, to: 1 });
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(5_000), (pressure, full) => {
        made.report('file', pressure);
        made.onTick();
        const left = made.scaledMs('HTTP_DOWNSTREAM_STREAM_IDLE', full);
        expect(left).toBeLessThanOrEqual(full);
        expect(left).toBeGreaterThanOrEqual(Math.min(full, 200));
      }),
    );
  });

  it('counts what a load-shed point refuses', () => {
    const made = manager({ kind: 'threshold', monitor: 0, value: 0.5 });
    made.report('file', 1);
    made.onTick();
    made.sheds('http_downstream_filter_check', 7);
    made.sheds('tcp_listener_accept', 7);
    const seen = new Map<string, number>();
    made.visitStats((name, _kind, value) => seen.set(name, value));
    const point = 'overload.envoy.load_shed_points.http_downstream_filter_check.shed_load_count';
    expect(seen.get(point)).toBe(1);
    expect(seen.get('overload.file.pressure')).toBe(100);
  });
});
