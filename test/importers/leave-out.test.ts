import { describe, expect, test } from 'vitest';
import { Diagnostics } from '../../src/core/diagnostics.ts';
import { importMesh } from '../../src/importers/index.ts';
import { leaveOut } from '../../src/importers/leave-out.ts';
import { istio } from './mesh-helpers.ts';

/** Leaves out all that is not modelled; what is then wrong. */
function without(text: string): { readonly text: string; readonly errors: readonly string[] } {
  const found = new Diagnostics();
  importMesh([{ path: 'f', text }], found);
  const places = found.sorted().filter((item) => /^MQ-IMPORT-00[34]$/.test(item.code));
  expect(places).not.toEqual([]);
  const rest = leaveOut(text, places);
  const again = new Diagnostics();
  importMesh([{ path: 'f', text: rest }], again);
  const errors = again.sorted().filter((item) => item.severity === 'error');
  return { text: rest, errors: errors.map((item) => `${item.code} ${item.message}`) };
}

describe('a part that is not modelled', () => {
  test('is a field of a block, and the comments around it stay', () => {
    const { text, errors } = without(`# about a
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: a }
spec:
  hosts: [a]
  http:
    # the only one
    - route: [{ destination: { host: a } }]
      corsPolicy: { allowMethods: [GET] }
      timeout: 1s # short
`);
    expect(errors).toEqual([]);
    expect(text).toContain('# about a');
    expect(text).toContain('# the only one');
    expect(text).toContain('timeout: 1s # short');
    expect(text).not.toContain('corsPolicy');
  });

  test('is a field in braces', () => {
    const rule = istio(
      'VirtualService',
      '{hosts: [a], http: [{corsPolicy: {}, route: [{destination: {host: a}}]}]}',
    );
    const { text, errors } = without(rule);
    expect(errors).toEqual([]);
    expect(text).toContain('destination');
    expect(text).not.toContain('corsPolicy');
  });

  test('is a whole document, and the others stay', () => {
    const { text, errors } = without(
      `${istio('Gateway', '{}')}${istio('DestinationRule', '{host: a}')}${istio('Sidecar', '{}')}`,
    );
    expect(errors).toEqual([]);
    expect(text).toContain('DestinationRule');
    expect(text).not.toMatch(/Gateway|Sidecar/);
  });

  test('is an item of a list of objects', () => {
    const { text, errors } = without(`apiVersion: v1
kind: List
items:
  - { apiVersion: networking.istio.io/v1, kind: Gateway, metadata: { name: g }, spec: {} }
  - { apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: { name: a }, spec: { host: a } }
`);
    expect(errors).toEqual([]);
    expect(text).toContain('DestinationRule');
    expect(text).not.toContain('Gateway');
  });

  test('may leave a hole that is then reported', () => {
    const { errors } = without(
      istio('VirtualService', '{hosts: [a], http: [{delegate: {name: b}}]}'),
    );
    expect(errors).toEqual([
      'MQ-ROUTE-005 route #0 says neither where to send requests nor what to answer',
    ]);
  });
});
