import { describe, expect, it } from 'vitest';
import { destinationRule, importText, istio } from './mesh-helpers.ts';

function withSubsets(subsets: string): string {
  return istio('DestinationRule', `{host: a, subsets: [${subsets}]}`);
}

describe('a DestinationRule that istiod refuses is an error', () => {
  it.each([
    ['VD-1', istio('DestinationRule', '{}'), 'MQ-DEST-001'],
    ['VD-1', istio('DestinationRule', '{host: a_b}'), 'MQ-DEST-001'],
    ['VD-2', destinationRule('{}'), 'MQ-DEST-002'],
    ['VD-2', destinationRule('{portLevelSettings: []}'), 'MQ-DEST-002'],
    ['VD-2', withSubsets('{name: v1, trafficPolicy: {}}'), 'MQ-DEST-002'],
    ['VD-3', withSubsets('null'), 'MQ-DEST-003'],
    ['VD-3', withSubsets('{}'), 'MQ-DEST-003'],
    ['VD-3', withSubsets('{name: v1}, {name: v1}'), 'MQ-DEST-003'],
    ['VD-3', withSubsets('{name: a_b}'), 'MQ-DEST-003'],
    ['VD-3', withSubsets('{name: v1, labels: {a: "x y"}}'), 'MQ-FIELD-009'],
    ['VD-3', withSubsets('{name: v1, labels: {version: 1}}'), 'MQ-FIELD-001'],
    ['VD-4', destinationRule('{portLevelSettings: [null]}'), 'MQ-DEST-004'],
    ['VD-4', destinationRule('{portLevelSettings: [{port: {number: 80}}]}'), 'MQ-DEST-004'],
    [
      'VD-4',
      destinationRule('{portLevelSettings: [{loadBalancer: {simple: RANDOM}}]}'),
      'MQ-DEST-004',
    ],
    ['VD-6', destinationRule('{connectionPool: {}}'), 'MQ-DEST-005'],
    ['VD-6', destinationRule('{connectionPool: {tcp: {maxConnections: -1}}}'), 'MQ-FIELD-005'],
    ['VD-6', destinationRule('{connectionPool: {tcp: {connectTimeout: 0s}}}'), 'MQ-FIELD-007'],
    ['VD-6', destinationRule('{connectionPool: {http: {idleTimeout: 0s}}}'), 'MQ-FIELD-007'],
    ['VD-7', destinationRule('{outlierDetection: {interval: 1us}}'), 'MQ-FIELD-007'],
    ['VD-7', destinationRule('{outlierDetection: {maxEjectionPercent: 101}}'), 'MQ-DEST-006'],
    ['VD-7', destinationRule('{outlierDetection: {minHealthPercent: -1}}'), 'MQ-DEST-006'],
    [
      'VD-7',
      destinationRule('{outlierDetection: {consecutiveLocalOriginFailures: 3}}'),
      'MQ-DEST-006',
    ],
    ['VD-7', destinationRule('{outlierDetection: {consecutive5xxErrors: "3"}}'), 'MQ-FIELD-001'],
    ['5.7', destinationRule('{retryBudget: {percent: 101}}'), 'MQ-DEST-010'],
    ['5.1', destinationRule('{loadBalancer: {simple: random}}'), 'MQ-FIELD-004'],
  ])('%s: %s → %s', (_rule, text, code) => {
    expect(importText(text).found.join('\n')).toContain(`error ${code}`);
  });
});

describe('a DestinationRule that istiod accepts is no error', () => {
  it.each([
    ['a wildcard host', istio('DestinationRule', '{host: "*.example.com"}')],
    ['the host of everything', istio('DestinationRule', '{host: "*"}')],
    ['an upper case subset', withSubsets('{name: V1}')],
    ['every balancer by name', destinationRule('{loadBalancer: {simple: LEAST_CONN}}')],
    ['an idle timeout of 0', destinationRule('{connectionPool: {tcp: {idleTimeout: 0s}}}')],
    ['empty outlier detection', destinationRule('{outlierDetection: {}}')],
    ['TLS switched off', destinationRule('{tls: {mode: DISABLE}}')],
    [
      'HTTP/2 switched off',
      destinationRule(
        '{connectionPool: {http: {h2UpgradePolicy: DEFAULT, useClientProtocol: false}}}',
      ),
    ],
  ])('%s', (_what, text) => {
    expect(importText(text).diagnostics.hasErrors).toBe(false);
  });
});

describe('what is valid but not modelled yet is refused by name', () => {
  it.each([
    ['caCertificates', '{tls: {mode: ISTIO_MUTUAL, caCertificates: /ca.pem}}'],
    ['tunnel', '{tunnel: {targetHost: x, targetPort: 1}}'],
    ['proxyProtocol', '{proxyProtocol: {version: V1}}'],
    ['zoneAwareLbSetting', '{loadBalancer: {zoneAwareLbSetting: {enabled: true}}}'],
    ['h2UpgradePolicy', '{connectionPool: {http: {h2UpgradePolicy: UPGRADE}}}'],
    ['useClientProtocol', '{connectionPool: {http: {useClientProtocol: true}}}'],
    ['maxConcurrentStreams', '{connectionPool: {http: {maxConcurrentStreams: 5}}}'],
    [
      'outlierDetectionHttpErrorCodes',
      '{outlierDetection: {outlierDetectionHttpErrorCodes: [500]}}',
    ],
  ])('%s', (field, policy) => {
    const { found } = importText(destinationRule(policy));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain('error MQ-IMPORT-004');
    expect(found[0]).toContain(`field "${field}" is not modelled yet`);
  });

  it('a PASSTHROUGH balancer', () => {
    const { found } = importText(destinationRule('{loadBalancer: {simple: PASSTHROUGH}}'));
    expect(found).toEqual(['error MQ-IMPORT-004 loadBalancer PASSTHROUGH is not modelled yet']);
  });

  it('a workloadSelector', () => {
    const { found } = importText(
      istio('DestinationRule', '{host: a, workloadSelector: {matchLabels: {a: b}}}'),
    );
    expect(found).toEqual([
      'error MQ-IMPORT-004 DestinationRule field "workloadSelector" is not modelled yet',
    ]);
  });
});

describe('warnings and information', () => {
  it('VD-8: consecutiveErrors is ignored and says so', () => {
    const { found, resources } = importText(
      destinationRule('{outlierDetection: {consecutiveErrors: 7}}'),
    );
    expect(found).toEqual(['warning MQ-DEST-007 consecutiveErrors is ignored: it was replaced']);
    expect(resources.destinationRules[0]?.policy?.outlierDetection?.consecutive5xx).toBeUndefined();
  });

  it('a limit of 0 means no limit', () => {
    const { found } = importText(destinationRule('{connectionPool: {http: {maxRetries: 0}}}'));
    expect(found).toEqual(['info MQ-DEST-008 maxRetries: 0 means "not set", so there is no limit']);
  });

  it('keep-alive probes change nothing that is simulated', () => {
    const { found } = importText(
      destinationRule('{connectionPool: {tcp: {tcpKeepalive: {probes: 3}}}}'),
    );
    expect(found).toEqual([
      'info MQ-IMPORT-008 TCPSettings field "tcpKeepalive" has no effect on what is simulated',
    ]);
  });
});
