/**
 * What is exported reads again as what it was made from: for the bootstraps of all cases, for drawn
 * ones, and for every proxy of the bundled scenarios.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Diagnostics } from '../../../src/core/diagnostics.ts';
import { bootstrapText } from '../../../src/exporters/envoy/bootstrap.ts';
import { lostSettings } from '../../../src/exporters/envoy/differences.ts';
import { readBootstrap } from '../../../src/importers/envoy/bootstrap.ts';
import { NameIds } from '../../../src/importers/name-ids.ts';
import type { MeshConfig } from '../../../src/mesh/config/config.ts';
import { readCase } from '../../conformance/envoy/case-file.ts';
import { compose } from '../../conformance/envoy/differential/compose.ts';
import { frame, subjectsOf } from '../../conformance/envoy/differential/space.ts';

const CASES = join(import.meta.dirname, '../../conformance/envoy/cases');
const OPTIONS = { admin: null, accessLogs: new Map() };

/** Placeholders of a case become ports. */
function rendered(text: string): string {
  let port = 10_000;
  return text.replace(/\{\{(access_log|dir)\}\}/g, '/tmp/x').replace(/\{\{[\w.]+\}\}/g, () => {
    return String(++port);
  });
}

function read(text: string): MeshConfig | null {
  const diagnostics = new Diagnostics();
  const found = readBootstrap({ path: 'b.yaml', text }, new NameIds(), diagnostics);
  return found === undefined || diagnostics.hasErrors ? null : found.config;
}

describe('a bootstrap that is read, exported and read again', () => {
  const names = readdirSync(CASES).filter((name) => name.endsWith('.yaml'));
  it.each(names)('says the same: %s', (name) => {
    const found = readCase(name, readFileSync(join(CASES, name), 'utf8'));
    const config = read(rendered(found.bootstrap));
    if (config === null) {
      expect(found.expectsStartFailure).toBe(true);
      return;
    }
    const again = read(bootstrapText(config, OPTIONS));
    expect(again).not.toBeNull();
    // Keys are files that the configuration does not know.
    const lost = lostSettings(config, again!).filter(({ setting }) => !/\[\]\.tls$/.test(setting));
    expect(lost).toEqual([]);
  });

  it('says the same, whatever it says', () => {
    const property = fc.property(subjectsOf(), frame, (drawn, manager) => {
      const config = read(rendered(compose('x', manager, [drawn]).found.bootstrap));
      fc.pre(config !== null);
      const again = read(bootstrapText(config, OPTIONS));
      expect(again).not.toBeNull();
      expect(lostSettings(config, again!)).toEqual([]);
    });
    fc.assert(property, { numRuns: 150 });
  });
});

describe('what has no counterpart', () => {
  const [first] = readdirSync(CASES);
  const text = readCase('c', readFileSync(join(CASES, first!), 'utf8')).bootstrap;
  const config = read(rendered(text))!;

  it('is named with its place and a reason', () => {
    const tls = { serverName: 'x', expectedSans: [], isAutomatic: true };
    const [cluster, ...others] = config.clusters;
    const secured = { ...config, clusters: [{ ...cluster!, tls }, ...others] };
    const again = read(bootstrapText(secured, OPTIONS))!;
    const [lost, ...more] = lostSettings(secured, again);
    expect(more).toEqual([]);
    expect(lost).toMatchObject({ setting: 'clusters[].tls', places: [cluster!.name] });
    expect(lost?.because).toContain('plain text');
  });

  it('is noticed also where nobody thought of it', () => {
    const [listener] = config.listeners;
    const odd = { ...config, listeners: [{ ...listener!, somethingNew: 7 }] };
    const again = read(bootstrapText(odd, OPTIONS))!;
    const [lost] = lostSettings(odd, again);
    expect(lost?.setting).toBe('listeners[].somethingNew');
  });
});
