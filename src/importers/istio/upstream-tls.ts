/**
 * `trafficPolicy.tls` of a DestinationRule: how sidecars connect to a service.
 *
 * Source: config-istio.md §5.9, §5.11; Istio, validateTLS.
 */
import { type FieldRules, notModelled, openMessage, readFields } from '../message.ts';
import type { UpstreamTls } from '../security-resources.ts';
import type { SourceNode } from '../source-node.ts';

const OWN_CERTIFICATES =
  'certificates of your own are not modelled; workloads have those of the mesh';
const RULES: FieldRules = {
  ...readFields('mode', 'subjectAltNames', 'sni'),
  ...notModelled(OWN_CERTIFICATES, 'clientCertificate', 'privateKey', 'caCertificates'),
  ...notModelled(OWN_CERTIFICATES, 'credentialName', 'insecureSkipVerify', 'caCrl'),
};
const MODES = ['DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'] as const;

export function readUpstreamTls(node: SourceNode): UpstreamTls | undefined {
  const message = openMessage(node, RULES, 'ClientTLSSettings');
  if (message === undefined) return undefined;
  const modeNode = message.get('mode');
  const mode = modeNode === undefined ? 'DISABLE' : modeNode.oneOf(MODES);
  if (mode === undefined) return undefined;
  const subjectAltNames = message.list('subjectAltNames').flatMap((item) => {
    const name = item.string();
    if (name === '') item.error('MQ-MTLS-004', 'an empty name matches no certificate');
    return name === undefined ? [] : [name];
  });
  if (mode === 'SIMPLE' || mode === 'MUTUAL') {
    modeNode?.error('MQ-IMPORT-004', `TLS mode ${mode} is not modelled yet`, {
      why: OWN_CERTIFICATES,
    });
  }
  return {
    at: node.position,
    mode: mode === 'DISABLE' ? 'disable' : 'istio-mutual',
    subjectAltNames,
    serverName: message.get('sni')?.string() ?? '',
  };
}
