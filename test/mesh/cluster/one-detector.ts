/**
 * The outlier detection of one cluster under test, with a sink that notes what it is told.
 */
import type { EjectionType } from '../../../src/core/records.ts';
import { EjectionRefusal, EjectionType as Types } from '../../../src/core/records.ts';
import type { EjectionSink } from '../../../src/mesh/cluster/ejection.ts';
import type { Host } from '../../../src/mesh/cluster/host.ts';
import { OutlierDetector } from '../../../src/mesh/cluster/outlier-detection.ts';
import { envoyOutlier } from '../../../src/mesh/config/complete.ts';
import type { OutlierConfig } from '../../../src/mesh/config/config.ts';
import { equalHosts } from '../../helpers/hosts.ts';

/** Notes what a detector tells the engine, and answers its draws. */
class NotingSink implements EjectionSink {
  readonly events: string[] = [];
  enforce = 0;
  jitterMs = 0;
  draws = 0;

  ejected(host: Host, type: EjectionType): void {
    this.events.push(`out ${host.index} ${nameOf(type)}`);
  }

  ejectionRefused(host: Host, type: EjectionType, why: EjectionRefusal): void {
    const reason = why === EjectionRefusal.enforcing ? 'enforcing' : 'max percent';
    this.events.push(`kept ${host.index} ${nameOf(type)}: ${reason}`);
  }

  unejected(host: Host): void {
    this.events.push(`back ${host.index}`);
  }

  degradedChanged(host: Host): void {
    this.events.push(`${host.isDegradedByAnswers ? 'degraded' : 'restored'} ${host.index}`);
  }

  enforceDraw(): number {
    this.draws += 1;
    return this.enforce;
  }

  jitterDraw(_host: Host, n: number): number {
    this.draws += 1;
    return Math.min(this.jitterMs, n - 1);
  }
}

function nameOf(type: EjectionType): string {
  return Object.entries(Types).find(([, value]) => value === type)?.[0] ?? '?';
}

/** A cluster of hosts under outlier detection. */
export class TestCluster {
  readonly hosts: Host[];
  readonly detector: OutlierDetector;
  readonly sink = new NotingSink();

  constructor(hostCount: number, config: Partial<OutlierConfig> = {}) {
    this.hosts = equalHosts(hostCount);
    this.detector = new OutlierDetector(envoyOutlier({ maxEjectionPercent: 100, ...config }));
  }

  host(index: number): Host {
    const host = this.hosts[index];
    if (host === undefined) throw new Error(`no host ${index}`);
    return host;
  }

  answer(index: number, ...statuses: number[]): this {
    for (const status of statuses) this.detector.onResponse(this.host(index), status);
    return this;
  }

  drain(nowNs = 0): this {
    this.detector.drain(nowNs, this.hosts.length, this.sink);
    return this;
  }

  /** Five times 500, drained. */
  breakDown(index: number, nowNs = 0): this {
    return this.answer(index, 500, 500, 500, 500, 500).drain(nowNs);
  }

  sweep(nowNs: number): this {
    this.detector.sweep(nowNs, this.hosts, this.sink);
    return this;
  }

  stat(name: string): number | undefined {
    let found: number | undefined;
    this.detector.stats.visit((visited, _kind, value) => {
      if (visited === name) found = value;
    });
    return found;
  }
}
