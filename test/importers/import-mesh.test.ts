import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { renderDiagnostics } from '../../src/core/diagnostics.ts';
import { destinationRule, importText, istio, ROUTE } from './mesh-helpers.ts';

function object(apiVersion: string, kind: string, rest = 'spec: {}'): string {
  return `---\napiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: x}\n${rest}\n`;
}

describe('kinds', () => {
  it.each([
    ['networking.istio.io/v1', 'Gateway'],
    ['networking.istio.io/v1beta1', 'Sidecar'],
    ['networking.istio.io/v1alpha3', 'EnvoyFilter'],
    ['security.istio.io/v1', 'RequestAuthentication'],
    ['telemetry.istio.io/v1', 'Telemetry'],
    ['gateway.networking.k8s.io/v1', 'HTTPRoute'],
    ['install.istio.io/v1alpha1', 'IstioOperator'],
    ['v1', 'Endpoints'],
    ['policy.linkerd.io/v1beta1', 'Server'],
    ['cilium.io/v2', 'CiliumNetworkPolicy'],
  ])('%s %s is refused by name', (apiVersion, kind) => {
    const { found } = importText(object(apiVersion, kind));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain('error MQ-IMPORT-003');
    expect(found[0]).toContain(kind);
    expect(found[0]).toContain('is not modelled yet');
  });

  it.each([
    ['v1', 'Secret'],
    ['v1', 'Namespace'],
    ['v1', 'ConfigMap'],
    ['batch/v1', 'CronJob'],
    ['monitoring.coreos.com/v1', 'ServiceMonitor'],
  ])('%s %s is skipped with a note', (apiVersion, kind) => {
    const { found } = importText(object(apiVersion, kind));
    expect(found).toEqual([
      `info MQ-IMPORT-006 ${kind} "x" does not concern the mesh's policy and is skipped`,
    ]);
  });

  it('MeshConfig in its ConfigMap is refused', () => {
    const { found } = importText(
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio}\ndata: {mesh: "x: y"}',
    );
    expect(found).toEqual(['error MQ-IMPORT-003 MeshConfig is not modelled yet']);
  });

  it.each([
    [
      'networking.istio.io/v2',
      'VirtualService',
      'MQ-IMPORT-002 unknown version "v2" of VirtualService, expected v1, v1beta1, v1alpha3',
    ],
    [
      'networking.istio.io/v1',
      'VirtualServce',
      'MQ-IMPORT-005 unknown kind "VirtualServce" in networking.istio.io; did you mean "VirtualService"?',
    ],
    [
      'apps/v1beta1',
      'Deployment',
      'MQ-IMPORT-002 unknown version "v1beta1" of Deployment, expected v1',
    ],
  ])('%s %s is an error', (apiVersion, kind, message) => {
    expect(importText(object(apiVersion, kind)).found).toEqual([`error ${message}`]);
  });

  it.each(['v1', 'v1beta1', 'v1alpha3'])('VirtualService of %s is read', (version) => {
    const text = object(
      `networking.istio.io/${version}`,
      'VirtualService',
      `spec: {hosts: [a], http: [{${ROUTE}}]}`,
    );
    expect(importText(text).resources.virtualServices).toHaveLength(1);
  });
});

describe('documents', () => {
  it('without kind or apiVersion are no resources', () => {
    expect(importText('a: 1').found[0]).toContain('error MQ-IMPORT-001');
    expect(importText('kind: VirtualService\nspec: {}').found[0]).toContain('has no "apiVersion"');
    expect(importText('- a').found[0]).toContain('must be a map');
  });

  it('need a name and a spec', () => {
    expect(importText('apiVersion: v1\nkind: Service\nspec: {}').found).toEqual([
      'error MQ-FIELD-003 Service has no metadata.name',
    ]);
    expect(importText('apiVersion: v1\nkind: Service\nmetadata: {name: x}').found).toEqual([
      'error MQ-FIELD-003 Service "x" has no spec',
    ]);
  });

  it('lists are expanded', () => {
    const item =
      '{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: 80}]}}';
    const { resources, found } = importText(
      `apiVersion: v1\nkind: List\nitems:\n- ${item}\n- ${item.replace('name: s', 'name: t')}`,
    );
    expect(found).toEqual([]);
    expect(resources.services.map((service) => service.meta.name)).toEqual(['s', 't']);
  });

  it('an empty file is worth a warning only', () => {
    expect(importText('# nothing here').found).toEqual(['warning MQ-DOC-009 the file is empty']);
  });

  it('later objects replace earlier ones, as if applied in order', () => {
    const { resources, found } = importText(
      destinationRule('{loadBalancer: {simple: RANDOM}}'),
      destinationRule('{loadBalancer: {simple: ROUND_ROBIN}}'),
    );
    expect(found).toEqual([
      'info MQ-IMPORT-007 DestinationRule default/x replaces the one in f0.yaml:4',
    ]);
    expect(resources.destinationRules.map((rule) => rule.policy?.loadBalancer?.value.name)).toEqual(
      ['ROUND_ROBIN'],
    );
  });

  it('0.6: objects are ordered by time of creation, then name, then namespace', () => {
    const { resources } = importText(
      istio('DestinationRule', '{host: a}', 'b') +
        istio('DestinationRule', '{host: a}', 'a', 'z') +
        istio('DestinationRule', '{host: a}', 'a') +
        istio('DestinationRule', '{host: a}', 'c').replace(
          '{name: c,',
          '{name: c, creationTimestamp: "1970-01-01T00:00:01Z",',
        ),
    );
    const order = resources.destinationRules.map(
      ({ meta }) => `${meta.name}.${meta.namespace} ${meta.createdMs}`,
    );
    expect(order).toEqual(['a.default 0', 'a.z 0', 'b.default 0', 'c.default 1000']);
  });

  it.each([
    ['1970-01-01T00:00:00Z', 0],
    ['2000-02-29T12:00:00Z', 951_825_600_000],
    ['2026-01-01T00:00:00Z', 1_767_225_600_000],
    ['2100-03-01T00:00:00Z', 4_107_542_400_000],
  ])('knows the calendar: %s', (text, milliseconds) => {
    const rule = istio('DestinationRule', '{host: a}').replace(
      '{name: x,',
      `{name: x, creationTimestamp: "${text}",`,
    );
    expect(importText(rule).resources.destinationRules[0]?.meta.createdMs).toBe(milliseconds);
  });

  it('0.5: annotations that istiod refuses', () => {
    const rule = istio('DestinationRule', '{host: a}').replace(
      '{name: x,',
      '{name: x, annotations: {istio.io/dry-run: "true"},',
    );
    expect(importText(rule).found).toEqual([
      'error MQ-IMPORT-009 annotation "istio.io/dry-run" is not allowed on a DestinationRule',
    ]);
  });
});

describe('texts of any kind', () => {
  it.each([
    ['binary', '\0\u0001PNG'],
    ['a bare word', 'hello'],
    ['numbers', '1\n---\n2'],
    ['nested junk', 'apiVersion: {a: [1]}\nkind: [x]\nmetadata: 5'],
    [
      'an object of lists',
      'apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: x}\nspec: [1, 2]',
    ],
    ['fields of wrong types', istio('VirtualService', '{hosts: 5, http: {a: b}, exportTo: x}')],
    [
      'null everywhere',
      istio('VirtualService', '{hosts: [null], http: [{match: [null], route: [null]}]}'),
    ],
    [
      'lists for maps',
      istio('DestinationRule', '{host: [a], trafficPolicy: [1], subsets: {a: b}}'),
    ],
    ['maps for texts', istio('ServiceEntry', '{hosts: [{a: b}], resolution: {}, ports: [[1]]}')],
    [
      'a broken Service',
      'apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {ports: [5, {port: x}], selector: 7}',
    ],
    [
      'a broken Deployment',
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {template: 5}',
    ],
    [
      'a prototype as a key',
      istio('DestinationRule', '{host: a, __proto__: {x: 1}, constructor: 5}'),
    ],
  ])('%s gives positioned errors, never an exception', (_what, text) => {
    const { diagnostics } = importText(text);
    expect(diagnostics.hasErrors).toBe(true);
    for (const item of diagnostics.sorted()) expect(item.line).toBeGreaterThan(0);
  });
});

/** Cuts a text in two places and swaps the ends: broken in ways nobody thinks of. */
function scrambled(text: string, cut: number, length: number): string {
  const at = cut % text.length;
  return text.slice(at) + text.slice(0, Math.max(0, at - (length % text.length)));
}

describe('broken files', () => {
  const whole =
    istio('VirtualService', `{hosts: [a], http: [{match: [{uri: {prefix: /}}], ${ROUTE}}]}`) +
    destinationRule('{outlierDetection: {}, portLevelSettings: [{port: {number: 80}, tls: {}}]}');

  test.prop([fc.nat(), fc.nat()], { numRuns: 150, seed: 7 })(
    'never make the importer throw',
    (cut, length) => {
      expect(() => importText(scrambled(whole, cut, length))).not.toThrow();
    },
  );

  test.prop([fc.string({ unit: 'binary', maxLength: 60 })], { numRuns: 150, seed: 7 })(
    'nor does any other text',
    (text) => {
      expect(() => importText(text)).not.toThrow();
    },
  );
});

describe('as people read it', () => {
  it('weights', () => {
    const text = [
      'apiVersion: networking.istio.io/v1',
      'kind: VirtualService',
      'metadata: { name: checkout }',
      'spec:',
      '  hosts: [checkout]',
      '  http:',
      '    - name: checkout',
      '      route:',
      '        - { destination: { host: checkout, subset: v1 }, weight: 50 }',
      '        - { destination: { host: checkout, subset: v2 }, weight: 45 }',
      '',
    ].join('\n');
    const { diagnostics } = importText(text);
    expect(renderDiagnostics(diagnostics.sorted(), new Map([['f0.yaml', text]]))).toBe(
      [
        'f0.yaml:10:66: error MQ-ROUTE-003: weights of route "checkout" add up to 95, expected 100',
        '     9 |         - { destination: { host: checkout, subset: v1 }, weight: 50 }',
        '    10 |         - { destination: { host: checkout, subset: v2 }, weight: 45 }',
        '       |                                                                  ^^',
        '  why: istiod takes weights as relative, so each share is another one than the file says',
        '  fix: set the weights so that their sum is 100',
        '  see: docs/errors.md#mq-route-003',
      ].join('\n'),
    );
  });

  it('a field that is not modelled', () => {
    const text =
      'apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: a}\nspec:\n  host: a\n  trafficPolicy:\n    tunnel: {}\n';
    const { diagnostics } = importText(text);
    expect(renderDiagnostics(diagnostics.sorted(), new Map([['f0.yaml', text]]))).toBe(
      [
        'f0.yaml:7:5: error MQ-IMPORT-004: TrafficPolicy field "tunnel" is not modelled yet',
        '    6 |   trafficPolicy:',
        '    7 |     tunnel: {}',
        '      |     ^^^^^^',
        '  why: tunnelling is not modelled',
        '  fix: remove it, or keep the object out of the scenario',
        '  see: docs/errors.md#mq-import-004',
      ].join('\n'),
    );
  });
});
