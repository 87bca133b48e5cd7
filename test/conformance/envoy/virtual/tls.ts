/**
 * TLS of the virtual stage: handshakes as outcomes, judged by the engine's own rules.
 *
 * No bytes are encrypted. Certificates are known by their files; secrets in files are read anew at
 * each handshake, as a proxy that follows the file has them. What the other side of a handshake sees
 * of a failure is what Python's `ssl` shows over Envoy's sockets.
 */
import { parse } from 'yaml';
import type { Certificate } from '../../../../src/core/certificate.ts';
import {
  FAILURE_OF_PROBLEM,
  verifyErrorText,
  verifyFailedText,
  wrongNameText,
} from '../../../../src/core/certificate.ts';
import type {
  HandshakeFailure,
  PeerFacts,
  SecretSource,
  TlsPlan,
  TlsRules,
  TlsVersion,
} from '../../../../src/core/engine.ts';
import { ConnectFailure } from '../../../../src/core/engine.ts';
import {
  type PeerCertificate,
  type PeerProblem,
  PeerRules,
} from '../../../../src/mesh/security/peer-validation.ts';
import type { ClientTls, UpstreamTls } from '../case-file.ts';
import { AUTHORITIES, LEAVES } from '../certificates.ts';

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3_650;

/** A handshake as the proxy sees it, when it dials. */
export type UpstreamHandshake =
  | {
      readonly kind: 'up';
      readonly peer: Pick<PeerFacts, 'sans' | 'isResumed' | 'validated' | 'isUntrusted'>;
    }
  | { readonly kind: 'failed'; readonly reason: ConnectFailure; readonly detail: string }
  /** The server goes away without a word, during the handshake or right after it. */
  | { readonly kind: 'hung-up' }
  | { readonly kind: 'refused-late'; readonly peer: Pick<PeerFacts, 'sans'> };

/** A handshake as a client's. `late`: TLS 1.3 tells clients only when they read. */
export type DownstreamHandshake =
  | { readonly kind: 'up'; readonly peer: Pick<PeerFacts, 'sans' | 'validated' | 'isUntrusted'> }
  | { readonly kind: 'failed'; readonly reason: HandshakeFailure; readonly isLate: boolean };

export class VirtualTls {
  /** Text by path, of files that may hold secrets. */
  private readonly files: ReadonlyMap<string, string>;
  private readonly wallMs: () => number;
  private readonly originMs: number;
  private readonly judges = new Map<TlsRules, PeerRules>();
  /** Servers, by plan and port, that gave out a session. */
  private readonly sessions = new Map<TlsPlan, Set<number>>();

  constructor(files: ReadonlyMap<string, string>, wallMs: () => number) {
    this.files = files;
    this.wallMs = wallMs;
    this.originMs = wallMs();
  }

  /** The proxy dials a server that speaks TLS. */
  dial(plan: TlsPlan, server: UpstreamTls, port: number): UpstreamHandshake {
    const { rules } = plan;
    if (rules === undefined) throw new Error('a bootstrap has no TLS of the mesh');
    const version = lower(rules.maxVersion, server.max_version === '1.2' ? '1.2' : '1.3');
    if (version < rules.minVersion || version < '1.2') return { kind: 'hung-up' };
    const certificate = this.certificate(server.cert);
    const judge = this.judgeOf(rules);
    const problem = this.problemOf(rules, certificate);
    const { sans } = certificate;
    if (problem !== null && !judge.accepts(problem)) {
      return { kind: 'failed', reason: failureOf(problem), detail: textOf(problem, sans) };
    }
    if (server.client_ca !== undefined && !this.isClientOf(server.client_ca, rules)) {
      return version === '1.3' ? { kind: 'refused-late', peer: { sans } } : { kind: 'hung-up' };
    }
    const isResumed = this.resumes(plan, port);
    const validated = rules.trusted !== null && problem === null;
    return { kind: 'up', peer: { sans, isResumed, validated, isUntrusted: problem !== null } };
  }

  /** A client that speaks TLS dials a listener that does. */
  accept(rules: TlsRules, client: ClientTls): DownstreamHandshake {
    const version = lower(rules.maxVersion, client.max_version === '1.2' ? '1.2' : '1.3');
    const isLate = version === '1.3';
    if (version < rules.minVersion) return { kind: 'failed', reason: 'protocol', isLate: false };
    // Who is not asked for a certificate shows none.
    const isAsked = rules.requiresCertificate || rules.trusted !== null;
    const own = client.cert === undefined || !isAsked ? null : this.certificate(client.cert);
    const problem = this.problemOf(rules, own);
    if (problem !== null && !this.judgeOf(rules).accepts(problem)) {
      return { kind: 'failed', reason: REFUSALS[problem], isLate };
    }
    const validated = own !== null && rules.trusted !== null && problem === null;
    const isUntrusted = problem !== null;
    return { kind: 'up', peer: { sans: own?.sans ?? [], validated, isUntrusted } };
  }

  private problemOf(rules: TlsRules, peer: PeerCertificate | null): PeerProblem | null {
    return this.judgeOf(rules).problemOf(
      peer,
      (source) => this.authoritiesIn(source),
      this.wallMs(),
    );
  }

  private judgeOf(rules: TlsRules): PeerRules {
    let judge = this.judges.get(rules);
    if (judge === undefined) this.judges.set(rules, (judge = new PeerRules(rules)));
    return judge;
  }

  private isClientOf(authority: string, { certificates }: TlsRules): boolean {
    const [source] = certificates;
    if (source === undefined) return false;
    const name = nameOfFile(this.fileOf(source));
    const plan = LEAVES.find((leaf) => leaf.name === name);
    if (plan === undefined || plan.issuer !== authority) return false;
    const [leaf] = this.certificate(name).chain;
    const nowMs = this.wallMs();
    return leaf!.notBeforeMs <= nowMs && nowMs <= leaf!.notAfterMs;
  }

  /** Servers hand out a session at the first handshake; clients come back with it. */
  private resumes(plan: TlsPlan, port: number): boolean {
    let known = this.sessions.get(plan);
    if (known === undefined) this.sessions.set(plan, (known = new Set()));
    const isKnown = known.has(port);
    known.add(port);
    return isKnown;
  }

  private certificate(name: string): PeerCertificate {
    const plan = LEAVES.find((leaf) => leaf.name === name);
    if (plan === undefined) throw new Error(`no certificate is called ${name}`);
    const sans = plan.names.split(',').map((text) => {
      const colon = text.indexOf(':');
      const type = text.slice(0, colon) === 'URI' ? ('uri' as const) : ('dns' as const);
      return { type, value: text.slice(colon + 1) };
    });
    const leaf: Certificate = {
      subject: plan.name,
      issuer: plan.issuer,
      notBeforeMs: this.originMs + plan.fromDays * DAY_MS,
      notAfterMs: this.originMs + plan.toDays * DAY_MS,
    };
    const root: Certificate = {
      subject: plan.issuer,
      issuer: plan.issuer,
      notBeforeMs: this.originMs,
      notAfterMs: this.originMs + AUTHORITY_DAYS * DAY_MS,
    };
    return { chain: [leaf, root], sans, fingerprint: '', hasKeyUsage: false };
  }

  private authoritiesIn(source: SecretSource): readonly string[] {
    const name = nameOfFile(this.fileOf(source));
    return AUTHORITIES.filter((authority) => authority === name);
  }

  /** The certificate's file, through a file of secrets where there is one. */
  private fileOf({ file, secret }: SecretSource): string {
    if (secret === '') return file;
    const { resources = [] } = (parse(this.files.get(file) ?? '') ?? {}) as SecretFile;
    const found = resources.find(({ name }) => name === secret);
    const certificate = found?.tls_certificate?.certificate_chain?.filename;
    return certificate ?? found?.validation_context?.trusted_ca?.filename ?? '';
  }
}

/** The part of a discovery response that matters here. */
interface SecretFile {
  readonly resources?: readonly {
    readonly name?: string;
    readonly tls_certificate?: { readonly certificate_chain?: { readonly filename?: string } };
    readonly validation_context?: { readonly trusted_ca?: { readonly filename?: string } };
  }[];
}

function lower(a: TlsVersion, b: TlsVersion): TlsVersion {
  return a < b ? a : b;
}

function nameOfFile(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.\w+$/, '');
}

const REFUSALS: Readonly<Record<PeerProblem, HandshakeFailure>> = {
  expired: 'expired',
  'not-yet-valid': 'not-yet-valid',
  untrusted: 'untrusted',
  'no-certificate': 'no-certificate',
  'wrong-name': 'wrong-san',
  'wrong-pin': 'wrong-pin',
  'no-leaf': 'untrusted',
};

function failureOf(problem: PeerProblem): ConnectFailure {
  switch (problem) {
    case 'wrong-name':
      return ConnectFailure.certificateName;
    case 'wrong-pin':
      return ConnectFailure.certificatePin;
    case 'no-certificate':
      return ConnectFailure.tls;
    case 'no-leaf':
      return ConnectFailure.certificateUntrusted;
    default:
      return FAILURE_OF_PROBLEM[problem];
  }
}

function textOf(problem: PeerProblem, sans: PeerFacts['sans']): string {
  switch (problem) {
    case 'wrong-name':
      return wrongNameText(sans);
    case 'wrong-pin':
      return verifyFailedText('cert hash and spki');
    case 'no-certificate':
      return '';
    case 'no-leaf':
      return verifyFailedText('cert precheck');
    default:
      return verifyErrorText(problem);
  }
}
