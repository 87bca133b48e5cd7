import { describe, expect, it } from 'vitest';
import { Diagnostics } from '../../src/core/diagnostics.ts';
import { checkReferences } from '../../src/importers/check-references.ts';
import { anEndpoint, aService, fullName, importText, istio, resolve } from './mesh-helpers.ts';

const services = [aService('payments'), aService('orders', { on: [80, 8080] })];

function found(text: string): readonly string[] {
  return resolve(text, services).found;
}

const to = (destination: string, hosts = '[orders]') =>
  istio('VirtualService', `{hosts: ${hosts}, http: [{route: [{destination: ${destination}}]}]}`);

describe('destinations', () => {
  it('must be services; the nearest name is suggested', () => {
    expect(found(to('{host: payment}', '[payments]'))).toEqual([
      `error MQ-REF-001 destination "${fullName('payment')}" is no service; did you mean "payments"?`,
    ]);
  });

  it('with a dot are taken literally, which is explained', () => {
    const diagnostics = new Diagnostics();
    const { resources } = importText(to('{host: payments.default}', '[payments]'));
    checkReferences(resources, services, diagnostics);
    expect(diagnostics.sorted()).toMatchObject([
      {
        code: 'MQ-REF-001',
        fix: `a name with a dot is not expanded; write ${fullName('payments')}`,
      },
    ]);
  });

  it('must name a port of the service', () => {
    expect(found(to('{host: payments, port: {number: 8080}}', '[payments]'))).toEqual([
      `error MQ-REF-005 ${fullName('payments')} has no port 8080`,
    ]);
  });

  it('without a port get a warning where that leads nowhere', () => {
    expect(found(to('{host: payments}'))).toEqual([
      `warning MQ-REF-006 ${fullName('payments')} has no port 8080, where this route's requests arrive`,
    ]);
  });

  it('must name a subset that some DestinationRule defines', () => {
    const rule = istio('DestinationRule', '{host: payments, subsets: [{name: v1}]}');
    expect(found(rule + to('{host: payments, subset: v1}', '[payments]'))).toEqual([]);
    expect(found(rule + to('{host: payments, subset: v2}', '[payments]'))).toEqual([
      `error MQ-REF-002 no DestinationRule defines subset "v2" of ${fullName('payments')}; did you mean "v1"?`,
    ]);
    const wildcard = istio(
      'DestinationRule',
      '{host: "*.default.svc.cluster.local", subsets: [{name: v1}]}',
    );
    expect(found(wildcard + to('{host: payments, subset: v1}', '[payments]'))).toEqual([]);
  });
});

describe('hosts', () => {
  it('of VirtualServices and DestinationRules that nobody has are warned about', () => {
    expect(found(to('{host: payments}', '[paymnts]'))).toEqual([
      `warning MQ-REF-004 no service has the host "${fullName('paymnts')}"; did you mean "payments"?`,
    ]);
    expect(found(istio('DestinationRule', '{host: order}'))).toEqual([
      `warning MQ-REF-003 no service has the host "${fullName('order')}"; did you mean "orders"?`,
    ]);
  });
});

describe('subsets', () => {
  it('that select no endpoint are warned about, once endpoints are known', () => {
    const rule = istio(
      'DestinationRule',
      '{host: a, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}',
    );
    const endpoints = [anEndpoint({ address: '10.0.0.1', labels: { version: 'v1' } })];
    expect(resolve(rule, [aService('a', { endpoints })]).found).toEqual([
      `warning MQ-REF-007 subset "v2" selects no endpoint of ${fullName('a')}`,
    ]);
    expect(resolve(rule, [aService('a')]).found).toEqual([]);
  });
});

it('4.2: says what merging DestinationRules for one host leaves out', () => {
  const policy = 'trafficPolicy: {loadBalancer: {simple: RANDOM}}, subsets: [{name: v1}]';
  const text =
    istio('DestinationRule', `{host: payments, ${policy}}`, 'one') +
    istio('DestinationRule', `{host: payments, ${policy}}`, 'two');
  expect(found(text)).toEqual([
    'warning MQ-DEST-009 this trafficPolicy is not used: DestinationRule default/one has one for the same host',
    'warning MQ-DEST-009 subset "v1" is not used: DestinationRule default/one has one of that name',
  ]);
});

it('services of the files count as well as those of the scenario', () => {
  const text =
    'apiVersion: v1\nkind: Service\nmetadata: {name: filed}\nspec: {ports: [{name: http, port: 80}]}\n';
  expect(found(text + to('{host: filed}', '[payments]'))).toEqual([]);
});
