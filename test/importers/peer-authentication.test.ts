import { describe, expect, it } from 'vitest';
import type { MtlsMode } from '../../src/mesh/config/security.ts';
import {
  anEndpoint,
  aService,
  cluster,
  destinationRule,
  fullName,
  importText,
  resolve,
} from './mesh-helpers.ts';

function policy(spec: string, name = 'p', namespace = 'default', created = ''): string {
  const time = created === '' ? '' : `, creationTimestamp: "${created}"`;
  const meta = `metadata: {name: ${name}, namespace: ${namespace}${time}}`;
  return `---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\n${meta}\nspec: ${spec}\n`;
}

const mode = (word: string) => `{mtls: {mode: ${word}}}`;
const selected = (rest: string) => `{selector: {matchLabels: {app: a}}, ${rest}}`;

/** Of a workload `app: a` that serves ports 80 and 81. */
function modesOf(text: string, namespace = 'default'): (MtlsMode | undefined)[] {
  const service = aService('a', { namespace, on: [80, 81] });
  const config = resolve(text, [service]).proxy({
    namespace,
    labels: { app: 'a' },
    serves: [service.host],
  });
  const inbound = config.listeners.filter(({ direction }) => direction === 'inbound');
  return inbound.map((listener) => listener.mtls?.mode);
}

describe('a PeerAuthentication that istiod refuses is an error', () => {
  it.each([
    ['PA-1', '{portLevelMtls: {80: {mode: STRICT}}}', 'MQ-MTLS-001'],
    ['PA-1', '{selector: {}, portLevelMtls: {80: {mode: STRICT}}}', 'MQ-MTLS-001'],
    ['PA-1', selected('portLevelMtls: {}'), 'MQ-MTLS-001'],
    ['PA-1', selected('portLevelMtls: {0: {mode: STRICT}}'), 'MQ-MTLS-001'],
    ['PA-1', selected('portLevelMtls: {65536: {mode: STRICT}}'), 'MQ-MTLS-001'],
    ['PA-1', selected('portLevelMtls: {http: {mode: STRICT}}'), 'MQ-MTLS-001'],
    ['PA-2', mode('strict'), 'MQ-FIELD-004'],
    ['PA-2', '{selector: {matchLabels: {app: "a*"}}}', 'MQ-FIELD-009'],
    ['PA-2', '{selector: {matchLabels: {"": a}}}', 'MQ-FIELD-009'],
    ['schema', '{mtls: {modus: STRICT}}', 'MQ-FIELD-002'],
  ])('%s: %s → %s', (_rule, spec, code) => {
    expect(importText(policy(spec)).found.join('\n')).toContain(`error ${code}`);
  });
});

describe('a PeerAuthentication that istiod accepts is no error', () => {
  it.each([
    ['nothing said', '{}'],
    ['every mode', mode('UNSET')],
    ['a port', selected('portLevelMtls: {8080: {mode: DISABLE}}')],
    ['a selector without labels', '{selector: {matchLabels: {}}}'],
  ])('%s', (_what, spec) => {
    expect(importText(policy(spec)).diagnostics.hasErrors).toBe(false);
  });

  it('but some deserve a warning', () => {
    expect(importText(policy('{selector: {}}')).found.join()).toContain('warning MQ-AUTHZ-011');
    const root = policy(selected('mtls: {mode: STRICT}'), 'p', 'istio-system');
    expect(importText(root).found.join()).toContain('warning MQ-MTLS-002');
    expect(resolve(policy('{}', 'a') + policy('{}', 'b')).found.join()).toContain(
      'warning MQ-MTLS-003',
    );
  });
});

describe('the mode of a port', () => {
  const mesh = (word: string) => policy(mode(word), 'm', 'istio-system');

  it('is permissive where nobody says anything', () => {
    expect(modesOf('')).toEqual([undefined, undefined]);
    expect(modesOf(mesh('UNSET'))).toEqual([undefined, undefined]);
  });

  it('comes from the mesh, then the namespace, then the workload, then the port', () => {
    const namespace = policy(mode('DISABLE'), 'ns');
    const workload = policy(
      selected('mtls: {mode: STRICT}, portLevelMtls: {81: {mode: PERMISSIVE}}'),
    );
    expect(modesOf(mesh('STRICT'))).toEqual(['strict', 'strict']);
    expect(modesOf(mesh('STRICT') + namespace)).toEqual(['disable', 'disable']);
    expect(modesOf(mesh('STRICT') + namespace + workload)).toEqual(['strict', undefined]);
  });

  it('is inherited where it is unset', () => {
    const unset = policy(selected('portLevelMtls: {81: {mode: UNSET}}'));
    expect(modesOf(mesh('STRICT') + unset)).toEqual(['strict', 'strict']);
    expect(modesOf(mesh('STRICT') + policy(mode('UNSET'), 'ns'))).toEqual(['strict', 'strict']);
  });

  it('is the oldest policy’s, and a selector in the root namespace is nobody’s', () => {
    const young = policy(mode('STRICT'), 'a', 'default', '2026-01-02T00:00:00Z');
    const old = policy(mode('DISABLE'), 'b', 'default', '2026-01-01T00:00:00Z');
    expect(modesOf(young + old)[0]).toBe('disable');
    const root = policy(selected('mtls: {mode: STRICT}'), 'r', 'istio-system');
    expect(modesOf(root, 'istio-system')).toEqual([undefined, undefined]);
    expect(modesOf(root)).toEqual([undefined, undefined]);
  });

  it('of DISABLE means that TLS is not understood', () => {
    const service = aService('a');
    const config = resolve(policy(mode('DISABLE')), [service]).proxy({ serves: [service.host] });
    expect(config.listeners.at(-1)).toMatchObject({ isPlainTextOnly: true });
  });
});

describe('clients', () => {
  const name = `outbound|80||${fullName('a')}`;
  const withTls = anEndpoint({ address: '10.0.0.1', serviceAccount: 'sa', offersTls: true });
  const labelled = anEndpoint({
    address: '10.0.0.2',
    serviceAccount: 'sb',
    labels: { 'security.istio.io/tlsMode': 'istio' },
  });
  const plain = anEndpoint({ address: '10.0.0.3', serviceAccount: 'sa' });
  const reach = (text: string, endpoints = [withTls, plain]) =>
    cluster(resolve(text, [aService('a', { endpoints })]).proxy(), name);

  it('use mTLS by themselves with the endpoints that offer it', () => {
    const { tls, endpoints, origins } = reach('', [withTls, labelled, plain]);
    expect(tls).toEqual({
      serverName: `outbound_.80_._.${fullName('a')}`,
      expectedSans: [
        'spiffe://cluster.local/ns/default/sa/sa',
        'spiffe://cluster.local/ns/default/sa/sb',
      ],
      isAutomatic: true,
    });
    expect(endpoints.members.map((member) => member.offersTls === true)).toEqual([
      true,
      true,
      false,
    ]);
    expect(origins.get('tls')).toMatchObject({ kind: 'default' });
    expect(reach('', [plain]).tls).toBeNull();
  });

  it('look at the mode of mesh and namespace only', () => {
    expect(reach(policy(mode('DISABLE'))).tls).toBeNull();
    expect(reach(policy(selected('mtls: {mode: DISABLE}'))).tls).not.toBeNull();
    const mesh = policy(mode('DISABLE'), 'm', 'istio-system');
    expect(reach(mesh).tls).toBeNull();
    expect(reach(mesh + policy(mode('STRICT'))).tls).not.toBeNull();
  });

  it('obey a DestinationRule, wherever the certificates are the mesh’s', () => {
    expect(reach(destinationRule('{tls: {mode: DISABLE}}')).tls).toBeNull();
    const rule = destinationRule('{tls: {mode: ISTIO_MUTUAL, sni: s, subjectAltNames: [x]}}');
    expect(reach(rule).tls).toEqual({ serverName: 's', expectedSans: ['x'], isAutomatic: false });
    expect(reach(rule).origins.get('tls')).toMatchObject({ kind: 'explicit', line: 5 });
    const port =
      '{tls: {mode: DISABLE}, portLevelSettings: [{port: {number: 80}, loadBalancer: {}}]}';
    expect(reach(destinationRule(port)).tls?.isAutomatic).toBe(true);
    expect(importText(destinationRule('{tls: {mode: SIMPLE}}')).found.join()).toContain(
      'error MQ-IMPORT-004',
    );
    expect(
      importText(destinationRule('{tls: {mode: MUTUAL, privateKey: k}}')).found.join(),
    ).toContain('error MQ-IMPORT-004');
  });

  it('do not know an endpoint whose account is unknown', () => {
    const anonymous = anEndpoint({ address: '10.0.0.4', offersTls: true });
    expect(reach('', [withTls, anonymous]).tls?.expectedSans).toEqual([]);
  });
});
