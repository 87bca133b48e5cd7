import { describe, expect, it } from 'vitest';
import { coversLocality } from '../../src/importers/istio/locality-lb.ts';
import type { MeshConfig } from '../../src/mesh/config/config.ts';
import {
  anEndpoint,
  aService,
  cluster,
  destinationRule,
  fullName,
  importText,
  istio,
  resolve,
} from './mesh-helpers.ts';

const NAME = `outbound|80||${fullName('a')}`;
const OUTLIER = 'outlierDetection: {}';

/** `10.0.0.1 p0 w80`, in the order of the cluster. */
function members(config: MeshConfig, name = NAME): string[] {
  return cluster(config, name).endpoints.members.map(({ address, priority, localityWeight }) => {
    const weight = localityWeight === undefined ? '' : ` w${localityWeight}`;
    return `${address.replace(':80', '')} p${priority}${weight}`;
  });
}

function setting(text: string, more = ''): string {
  return destinationRule(`{loadBalancer: {localityLbSetting: ${text}}${more}}`);
}

describe('a setting that istiod refuses is an error', () => {
  it.each([
    [
      'distribute with failover',
      '{distribute: [{from: x, to: {x: 100}}], failover: [{from: x, to: z}]}',
    ],
    [
      'failover with a locality label',
      '{failover: [{from: x, to: z}], failoverPriority: [topology.kubernetes.io/zone]}',
    ],
    ['weights that are not 100', '{distribute: [{from: x, to: {a: 50, b: 49}}]}'],
    ['patterns that overlap', '{distribute: [{from: x, to: {"a/*": 50, a/b: 50}}]}'],
    ['sources that overlap', '{distribute: [{from: x, to: {a: 100}}, {from: x/y, to: {b: 100}}]}'],
    ['a * that is not the end', '{distribute: [{from: "*/a", to: {a: 100}}]}'],
    ['an empty segment', '{distribute: [{from: a//b, to: {a: 100}}]}'],
    ['failover to itself', '{failover: [{from: x, to: x}]}'],
    ['failover between zones', '{failover: [{from: x/a, to: z}]}'],
  ])('%s', (_what, text) => {
    expect(importText(setting(text, `, ${OUTLIER}`)).found.join('\n')).toContain(
      'error MQ-DEST-015',
    );
  });

  it('a weight of 0, which is out of range', () => {
    const { found } = importText(setting('{distribute: [{from: x, to: {a: 100, b: 0}}]}'));
    expect(found.join('\n')).toContain('error MQ-FIELD-005');
  });

  it('failover that cannot happen is a warning', () => {
    expect(importText(setting('{failover: [{from: x, to: z}]}')).found).toEqual([
      'warning MQ-DEST-016 failover does nothing without outlierDetection beside it',
    ]);
    const watched = setting('{failover: [{from: x, to: z}]}', `, ${OUTLIER}`);
    expect(importText(watched).found).toEqual([]);
  });
});

describe('a pattern covers', () => {
  it.each([
    ['eu', 'eu/a/1', true],
    ['eu/*', 'eu/a', true],
    ['*', 'us/a', true],
    ['eu/a', 'eu/a/1', true],
    ['eu/a', 'eu/b', false],
    ['eu/a*', 'eu/ab', true],
    ['eu/a/1', 'eu/a', false],
  ])('%s, of %s: %s', (pattern, locality, expected) => {
    expect(coversLocality(pattern, locality)).toBe(expected);
  });
});

describe('distribute', () => {
  const service = aService('a', {
    endpoints: [
      anEndpoint({ address: '10.0.0.1', locality: 'eu/a' }),
      anEndpoint({ address: '10.0.0.2', locality: 'eu/b' }),
      anEndpoint({ address: '10.0.0.3', locality: 'eu/c' }),
      anEndpoint({ address: '10.0.0.4', locality: 'eu/c' }),
      anEndpoint({ address: '10.0.0.5', locality: 'us/a' }),
    ],
  });
  const text = setting('{distribute: [{from: eu/a, to: {eu/a: 80, "eu/*": 20}}]}');

  it('is refused where patterns overlap, so a zone and the rest of its region cannot be named', () => {
    expect(importText(text).found.join('\n')).toContain('"eu/a" and "eu/*" overlap');
  });

  it('gives localities their weights and leaves the others out', () => {
    const rule = setting('{distribute: [{from: eu/a, to: {eu/a: 80, eu/c: 20}}]}');
    const { proxy, found } = resolve(rule, [service]);
    expect(found).toEqual([]);
    expect(members(proxy({ locality: 'eu/a' }))).toEqual([
      '10.0.0.1 p0 w80',
      '10.0.0.3 p0 w20',
      '10.0.0.4 p0 w20',
    ]);
    expect(members(proxy({ locality: 'eu/b' }))).toHaveLength(5);
  });

  it('shares the weight of a pattern by endpoints, rounded up', () => {
    const rule = setting('{distribute: [{from: "*", to: {eu: 50, us: 50}}]}');
    expect(members(resolve(rule, [service]).proxy({ locality: 'eu/a' }))).toEqual([
      '10.0.0.1 p0 w13',
      '10.0.0.2 p0 w13',
      '10.0.0.3 p0 w25',
      '10.0.0.4 p0 w25',
      '10.0.0.5 p0 w50',
    ]);
  });
});

describe('failover', () => {
  const service = aService('a', {
    endpoints: [
      anEndpoint({ address: '10.0.0.1', locality: 'asia/a' }),
      anEndpoint({ address: '10.0.0.2', locality: 'eu/b' }),
      anEndpoint({ address: '10.0.0.3', locality: 'eu/a' }),
      anEndpoint({ address: '10.0.0.4', locality: 'us/a' }),
    ],
  });
  const here = { locality: 'eu/a' };

  it('to a named region comes before all others', () => {
    const rule = setting('{failover: [{from: eu, to: us}]}', `, ${OUTLIER}`);
    expect(members(resolve(rule, [service]).proxy(here))).toEqual([
      '10.0.0.3 p0 w1',
      '10.0.0.2 p1 w1',
      '10.0.0.4 p2 w1',
      '10.0.0.1 p3 w1',
    ]);
  });

  it('needs outlier detection', () => {
    const rule = setting('{failover: [{from: eu, to: us}]}');
    expect(members(resolve(rule, [service]).proxy(here))).toEqual([
      '10.0.0.1 p0',
      '10.0.0.3 p0',
      '10.0.0.2 p0',
      '10.0.0.4 p0',
    ]);
  });

  it('is off when the setting says so', () => {
    const rule = setting('{enabled: false}', `, ${OUTLIER}`);
    expect(members(resolve(rule, [service]).proxy(here))).toContain('10.0.0.4 p0');
  });

  it('goes when a subset brings its own balancer: blocks replace each other whole', () => {
    const rule = istio(
      'DestinationRule',
      `{host: a, trafficPolicy: {loadBalancer: {localityLbSetting: {enabled: false}}, ${OUTLIER}},` +
        ' subsets: [{name: v1, trafficPolicy: {loadBalancer: {simple: RANDOM}}}]}',
    );
    const config = resolve(rule, [service]).proxy(here);
    expect(members(config)).toContain('10.0.0.4 p0');
    expect(members(config, `outbound|80|v1|${fullName('a')}`)).toContain('10.0.0.4 p2');
  });
});

describe('failoverPriority', () => {
  const service = aService('a', {
    endpoints: [
      anEndpoint({ address: '10.0.0.1', labels: { rack: 'r2', version: 'v1' } }),
      anEndpoint({ address: '10.0.0.2', labels: { rack: 'r1', version: 'v2' } }),
      anEndpoint({ address: '10.0.0.3', labels: { rack: 'r1', version: 'v1' } }),
    ],
  });

  it('orders by how many labels agree, from the first on', () => {
    const rule = setting('{failoverPriority: [rack, version=v1]}', `, ${OUTLIER}`);
    const { proxy } = resolve(rule, [service]);
    expect(members(proxy({ labels: { rack: 'r1' } })).map((text) => text.slice(0, 11))).toEqual([
      '10.0.0.3 p0',
      '10.0.0.2 p1',
      '10.0.0.1 p2',
    ]);
    expect(members(proxy({ labels: { rack: 'r2' } }))[0]).toContain('10.0.0.1 p0');
  });
});
