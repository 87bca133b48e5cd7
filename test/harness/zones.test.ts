/** Zones: where machines stand, which links and faults select by them, and what proxies make of it. */
import { describe, expect, it } from 'vitest';
import { planMachines } from '../../src/harness/addresses.ts';
import { runText } from './run-text.ts';
import { readText, scenarioOf } from './scenario-texts.ts';

const ZONED = `meshquake: 1
duration: 20s
zones: [eu/a, eu/b, us/a]
services:
  store: { instances: 6, serviceTime: 1ms }
  near: { instances: 2, zones: [eu/b], versions: { v1: {}, v2: { zones: [us/a, eu/a] } } }
  front: { instances: 3, calls: [store] }
clients:
  in-a: { to: front, source: { zone: eu/a }, open: { constant: 50rps } }
  anywhere: { to: store, open: { constant: 50rps } }
`;

describe('machines', () => {
  it('are spread over the zones in turn, unless a service or version is placed', () => {
    const zones = new Map(planMachines(scenarioOf(ZONED)).map(({ name, zone }) => [name, zone]));
    expect([0, 1, 2, 3, 4, 5].map((i) => zones.get(`store-${i}`))).toEqual([
      'eu/a',
      'eu/b',
      'us/a',
      'eu/a',
      'eu/b',
      'us/a',
    ]);
    expect(['near-v1-0', 'near-v1-1'].map((name) => zones.get(name))).toEqual(['eu/b', 'eu/b']);
    expect(['near-v2-0', 'near-v2-1'].map((name) => zones.get(name))).toEqual(['us/a', 'eu/a']);
    expect(zones.get('in-a-0')).toBe('eu/a');
    expect(zones.get('anywhere-0')).toBe('');
  });

  it('of a scenario without zones stand nowhere', () => {
    const text = ZONED.replace(/^zones.*\n/m, '')
      .replace('zones: [eu/b], ', '')
      .replace('zones: [us/a, eu/a]', '')
      .replace('source: { zone: eu/a }, ', '');
    const machines = planMachines(scenarioOf(text));
    expect(new Set(machines.map(({ zone }) => zone))).toEqual(new Set(['']));
  });
});

describe('names of zones are checked', () => {
  it.each([
    ['a zone that is no region/zone', ZONED.replace('eu/a, eu/b', 'eu-a, eu/b'), 'MQ-FIELD'],
    ['a zone twice', ZONED.replace('eu/a, eu/b', 'eu/b, eu/b'), '"eu/b" is used before'],
    ['of a service', ZONED.replace('zones: [eu/b]', 'zones: [eu/c]'), 'unknown zone "eu/c"'],
    ['of a version', ZONED.replace('[us/a, eu/a]', '[us/b]'), 'unknown zone "us/b"'],
    ['of a client', ZONED.replace('zone: eu/a', 'zone: eu'), 'unknown zone "eu"'],
    ['a region like a service', ZONED.replaceAll('us/a', 'near/a'), 'has the name of a region'],
    [
      'of a link',
      `${ZONED}network: { links: [{ from: eu/x, to: "*" }] }\n`,
      'unknown service, client or zone "eu/x"',
    ],
    [
      'of a target',
      `${ZONED}faults: [{ id: x, kind: proc.crash, target: { zone: asia }, window: { at: 1s } }]\n`,
      'unknown zone "asia"',
    ],
  ])('%s', (_what, text, problem) => {
    expect(readText(text).problems.join('\n')).toContain(problem);
  });
});

describe('links between zones', () => {
  it('have laws of their own: later ones win, a region means all of its zones', () => {
    const links = `network:
  default: { latency: 20ms }
  links:
    - { from: eu, to: eu, latency: 2ms }
    - { from: eu/a, to: eu/a, latency: 0ms }
`;
    const { whole } = runText(
      `${ZONED.replace('anywhere: { to: store', 'anywhere: { to: store')}${links}`,
    );
    // in-a (eu/a) reaches fronts in eu/a, eu/b and us/a; each then a store anywhere.
    const [edge] = whole.edges.filter(({ from }) => from === 'in-a');
    expect(edge?.latencyMs.max).toBeGreaterThan(80);
    expect(edge?.latencyMs.p50).toBeLessThan(50);
  });
});

describe('faults of a zone', () => {
  const fault = (text: string) =>
    `${ZONED}faults: [{ id: x, window: { at: 5s, duration: 5s }, ${text} }]\n`;

  it('strike its machines only', () => {
    const { whole } = runText(fault('kind: proc.crash, target: { zone: eu }, restartAfter: 2s'));
    const ready = Object.fromEntries(
      whole.services.map(({ name, version, ready: r }) => [`${name}@${version}`, r.min]),
    );
    expect(ready['store@']).toBe(2);
    expect(ready['front@']).toBe(1);
    expect(ready['near@v2']).toBe(1);
  });

  it('strike instances of a service in it', () => {
    const target = 'target: { service: store, zone: us/a }';
    const { whole } = runText(fault(`kind: proc.crash, ${target}, restartAfter: 2s`));
    expect(whole.services.map(({ name, ready }) => [name, ready.min])).toContainEqual(['store', 4]);
    expect(whole.services.map(({ name, ready }) => [name, ready.min])).toContainEqual(['front', 3]);
  });

  it('of links strike what crosses its border, and nothing inside', () => {
    const delays = 'kind: net.latency, base: 1s, jitter: 0%, dist: const, target: { zone: eu/a }';
    const inside = `${fault(delays)}`
      .replace('store: { instances: 6', 'store: { instances: 1')
      .replace('front: { instances: 3', 'front: { instances: 1');
    const window = runText(inside).between(5, 10);
    const worst = Object.fromEntries(window.clients.map((c) => [c.name, c.latencyMs.max]));
    expect(worst['in-a']).toBeLessThan(100); // client, front and store stand in eu/a
    expect(worst.anywhere).toBeGreaterThan(1000); // comes from outside
  });

  it('partition zones from each other', () => {
    const cut = 'kind: net.partition, groups: [eu/a, eu/b + us/a]';
    const { between } = runText(fault(cut));
    const before = between(0, 5).clients.find(({ name }) => name === 'in-a');
    const during = between(5, 15).clients.find(({ name }) => name === 'in-a');
    expect(before?.latencyMs.max).toBeLessThan(100);
    expect(during?.latencyMs.max).toBeGreaterThan(1000);
  });
});

describe('proxies know their zone', () => {
  const rule = `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: store, namespace: default }
spec: { host: store, trafficPolicy: { outlierDetection: { maxEjectionPercent: 100, baseEjectionTime: 1s } } }
`;
  const text = `meshquake: 1
duration: 20s
zones: [eu/a, eu/b]
mesh: [m]
services:
  store: { instances: 4, serviceTime: 1ms }
clients:
  a: { to: store, source: { zone: eu/a }, open: { constant: 200rps } }
faults: [{ id: x, kind: proc.crash, target: { service: store, zone: eu/a }, restartAfter: 4s, window: { at: 5s, duration: 5s } }]
`;

  it('and keep to it while it can serve, then go elsewhere', () => {
    const run = runText(text, { mesh: rule });
    expect(run.between(0, 5).clients[0]?.successRatio).toBe(1);
    // consecutive 5xx: five failures at each of two instances, then eu/b serves
    const during = run.between(5, 9).clients[0];
    expect(during?.failed).toBeGreaterThan(0);
    expect(during?.failed).toBeLessThan(60);
    expect(run.whole.ejections.map(({ endpoint }) => endpoint).sort()).toEqual(
      expect.arrayContaining(['store-0', 'store-2']),
    );
    expect(run.whole.ejections.map(({ endpoint }) => endpoint)).not.toContain('store-1');
  });
});
