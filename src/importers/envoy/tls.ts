/**
 * TLS contexts of clusters and filter chains → what their sides present and ask for.
 *
 * Source: Envoy v3 API, extensions/transport_sockets/tls/v3; policy-engine.md §10.
 */
import type { NameMatch, SecretSource, TlsPlan, TlsRules, TlsVersion } from '../../core/engine.ts';
import type { ValueMatch } from '../../mesh/config/config.ts';
import { type Fields, refuseExtension, typedConfigOf } from './fields.ts';
import { readStringMatch } from './matchers.ts';

const PREFIX = 'envoy.extensions.transport_sockets.';
const UPSTREAM = `${PREFIX}tls.v3.UpstreamTlsContext`;
const DOWNSTREAM = `${PREFIX}tls.v3.DownstreamTlsContext`;
const RAW = `${PREFIX}raw_buffer.v3.RawBuffer`;
const SPIFFE = `${PREFIX}tls.v3.SPIFFECertValidatorConfig`;

const VERSIONS = ['TLS_AUTO', 'TLSv1_0', 'TLSv1_1', 'TLSv1_2', 'TLSv1_3'] as const;
const VERSION_OF = { TLSv1_0: '1.0', TLSv1_1: '1.1', TLSv1_2: '1.2', TLSv1_3: '1.3' } as const;

const NAME_TYPES = ['SAN_TYPE_UNSPECIFIED', 'EMAIL', 'DNS', 'URI', 'IP_ADDRESS'] as const;
const TYPE_OF = {
  SAN_TYPE_UNSPECIFIED: 'any',
  EMAIL: 'email',
  DNS: 'dns',
  URI: 'uri',
  IP_ADDRESS: 'ip',
} as const;

/** `transport_socket` of a cluster; null = plain text. */
export function readUpstreamTls(owner: Fields): TlsPlan | null {
  const context = contextOf(owner, UPSTREAM);
  if (context === null) return null;
  context.ignore('allow_renegotiation', 'max_session_keys', 'enforce_rsa_key_usage');
  const serverName = context.text('sni') ?? '';
  const isNameChecked = context.flag('auto_sni_san_validation');
  // Clients offer TLS 1.2 at most, unless they are told otherwise.
  const rules = readCommon(context, '1.2', false);
  context.refuse('auto_host_sni');
  context.close();
  const own: NameMatch[] =
    isNameChecked && serverName !== ''
      ? [{ type: 'dns', value: { kind: 'exact', value: serverName } }]
      : [];
  const names = own.length === 0 ? rules.names : own;
  return { serverName, expectedSans: [], isAutomatic: false, rules: { ...rules, names } };
}

/** `transport_socket` of a filter chain; null = plain text. */
export function readDownstreamTls(owner: Fields): TlsRules | null {
  const context = contextOf(owner, DOWNSTREAM);
  if (context === null) return null;
  const isRequired = context.flag('require_client_certificate');
  const rules = readCommon(context, '1.3', isRequired);
  context.ignore(
    'session_ticket_keys',
    'session_ticket_keys_sds_secret_config',
    'session_timeout',
    'disable_stateless_session_resumption',
    'disable_stateful_session_resumption',
    'ocsp_staple_policy',
    'full_scan_certs_on_sni_mismatch',
    'prefer_client_ciphers',
  );
  if (context.flag('require_sni')) context.refuse('require_sni');
  context.close();
  return rules;
}

function contextOf(owner: Fields, type: string): Fields | null {
  const socket = owner.message('transport_socket', 'TransportSocket');
  if (socket === undefined) return null;
  socket.ignore('name');
  const typed = typedConfigOf(socket);
  socket.close();
  if (typed === undefined || typed.type === RAW) return null;
  if (typed.type === type) return typed.fields;
  refuseExtension(typed, 'the transport socket');
  return null;
}

function readCommon(context: Fields, most: TlsVersion, requiresCertificate: boolean): TlsRules {
  const common = context.message('common_tls_context', 'CommonTlsContext');
  const params = common?.message('tls_params', 'TlsParameters');
  const least = versionOf(params, 'tls_minimum_protocol_version');
  const highest = versionOf(params, 'tls_maximum_protocol_version');
  params?.ignore('cipher_suites', 'ecdh_curves', 'signature_algorithms', 'compliance_policies');
  params?.close();
  const certificates = common === undefined ? [] : readCertificates(common);
  const asked = common === undefined ? {} : readValidation(common);
  common?.ignore('alpn_protocols', 'key_log');
  common?.close();
  return {
    certificates,
    trusted: null,
    names: [],
    allowsExpired: false,
    acceptsUntrusted: false,
    pins: [],
    requiresCertificate,
    minVersion: least ?? '1.2',
    maxVersion: highest ?? most,
    ...asked,
  };
}

function versionOf(params: Fields | undefined, name: string): TlsVersion | undefined {
  const word = params?.oneOf(name, VERSIONS);
  return word === undefined || word === 'TLS_AUTO' ? undefined : VERSION_OF[word];
}

function readCertificates(common: Fields): SecretSource[] {
  const inline = common.messages('tls_certificates', 'TlsCertificate').flatMap((certificate) => {
    const source = readFileOf(certificate, 'certificate_chain');
    readFileOf(certificate, 'private_key');
    certificate.ignore('watched_directory', 'password', 'ocsp_staple');
    certificate.close();
    return source ?? [];
  });
  const secrets = common
    .messages('tls_certificate_sds_secret_configs', 'SdsSecretConfig')
    .flatMap((secret) => readSecret(secret) ?? []);
  return [...inline, ...secrets];
}

type Asked = Partial<TlsRules>;

function readValidation(common: Fields): Asked {
  const secret = common.message('validation_context_sds_secret_config', 'SdsSecretConfig');
  if (secret !== undefined) return trustedBy(readSecret(secret));
  const combined = common.message('combined_validation_context', 'CombinedValidationContext');
  if (combined !== undefined) {
    const base = combined.message('default_validation_context', 'CertificateValidationContext');
    const named = combined.message('validation_context_sds_secret_config', 'SdsSecretConfig');
    combined.close();
    const own = base === undefined ? {} : readContext(base);
    return { ...own, ...(named === undefined ? {} : trustedBy(readSecret(named))) };
  }
  const plain = common.message('validation_context', 'CertificateValidationContext');
  return plain === undefined ? {} : readContext(plain);
}

function trustedBy(source: SecretSource | undefined): Asked {
  return source === undefined ? {} : { trusted: source };
}

function readContext(fields: Fields): Asked {
  const trusted = readFileOf(fields, 'trusted_ca');
  const typed = fields.messages('match_typed_subject_alt_names', 'SubjectAltNameMatcher');
  const names = [
    ...typed.flatMap(readTypedName),
    ...fields.messages('match_subject_alt_names', 'StringMatcher').flatMap((matcher) => {
      return nameOf('any', readStringMatch(matcher));
    }),
  ];
  const pins = [
    ...fields.texts('verify_certificate_hash').map((hash) => hash.replaceAll(':', '')),
    ...fields.texts('verify_certificate_spki'),
  ].map((pin) => pin.toLowerCase());
  const chains = ['VERIFY_TRUST_CHAIN', 'ACCEPT_UNTRUSTED'] as const;
  const acceptsUntrusted = fields.oneOf('trust_chain_verification', chains) === 'ACCEPT_UNTRUSTED';
  const domains = readTrustDomains(fields);
  fields.ignore('watched_directory', 'max_verify_depth', 'only_verify_leaf_cert_crl');
  const allowsExpired = fields.flag('allow_expired_certificate');
  fields.close();
  return {
    ...(trusted === undefined ? {} : { trusted }),
    ...(domains === undefined ? {} : { trustDomains: domains }),
    names,
    pins,
    allowsExpired,
    acceptsUntrusted,
  };
}

function readTypedName(fields: Fields): NameMatch[] {
  const type = fields.oneOf('san_type', NAME_TYPES) ?? 'SAN_TYPE_UNSPECIFIED';
  const matcher = fields.message('matcher', 'StringMatcher');
  fields.close();
  return matcher === undefined ? [] : nameOf(TYPE_OF[type], readStringMatch(matcher));
}

function nameOf(type: NameMatch['type'], value: ValueMatch): NameMatch[] {
  return value.kind === 'present' || value.kind === 'range' ? [] : [{ type, value }];
}

/** The SPIFFE validator, which takes the place of `trusted_ca`. */
function readTrustDomains(fields: Fields): NonNullable<TlsRules['trustDomains']> | undefined {
  const custom = fields.message('custom_validator_config', 'TypedExtensionConfig');
  if (custom === undefined) return undefined;
  custom.ignore('name');
  const typed = typedConfigOf(custom);
  custom.close();
  if (typed === undefined) return undefined;
  if (typed.type !== SPIFFE) {
    refuseExtension(typed, 'the certificate validator');
    return undefined;
  }
  const domains = typed.fields.messages('trust_domains', 'TrustDomain').flatMap((domain) => {
    const name = domain.text('name') ?? '';
    const bundle = readFileOf(domain, 'trust_bundle');
    domain.close();
    return bundle === undefined ? [] : [{ name, bundle }];
  });
  typed.fields.close();
  return domains;
}

/** A `DataSource` that names a file; anything else is refused. */
function readFileOf(owner: Fields, name: string): SecretSource | undefined {
  const source = owner.message(name, 'DataSource');
  const file = source?.text('filename');
  source?.ignore('watched_directory');
  source?.close();
  return file === undefined ? undefined : { file, secret: '' };
}

/** A secret in a file; one from a server is refused. */
function readSecret(fields: Fields): SecretSource | undefined {
  const secret = fields.text('name') ?? '';
  const config = fields.message('sds_config', 'ConfigSource');
  config?.ignore('resource_api_version', 'initial_fetch_timeout');
  const source = config?.message('path_config_source', 'PathConfigSource');
  const file = source?.text('path') ?? config?.text('path');
  source?.ignore('watched_directory');
  source?.close();
  config?.close();
  fields.close();
  if (file !== undefined) return { file, secret };
  const fix = { fix: 'use path_config_source' };
  fields.node.error('MQ-ENVOY-002', 'secrets from a server are not modelled', fix);
  return undefined;
}
