/**
 * The virtual PKI: a root, perhaps an intermediate, an issuer, and a certificate for each workload.
 *
 * Certificates are renewed at a share of their lifetime, with jitter; while the issuer is out, the old
 * one stays in use and renewal is tried again, at growing distances. Nothing watches a certificate
 * expire: `connector.ts` asks during handshakes, with the clock of whoever judges.
 * Source: config-istio.md §15; incidents.md I-27, P-16.
 */
import type { Certificate, CertificateProblem } from '../../core/certificate.ts';
import { chainProblem } from '../../core/certificate.ts';
import type { StreamKey } from '../../core/draws.ts';
import { RecordKind, RenewalFailure } from '../../core/records.ts';
import type { Ns } from '../../core/time.ts';
import { MILLISECOND, SECOND } from '../../core/time.ts';
import type { Commons } from '../commons.ts';
import { EventKind } from '../event-kind.ts';
import type { Host } from '../host/host.ts';
import type { AuthoritySpec, IdentitySpec } from '../world-spec.ts';

/** Renewal after a failure: at once, then doubling from here. */
const FIRST_RETRY_NS: Ns = SECOND / 2;
const LONGEST_RETRY_NS: Ns = 150 * SECOND;
const ROOT = 'root';
const INTERMEDIATE = 'intermediate';

/** Which of a workload's draws it is. */
const Draw = { age: 0, renewal: 1 } as const;

/** What a workload has. */
interface Holder {
  readonly host: Host;
  readonly stream: StreamKey;
  /** Counts the certificates it had. */
  serial: number;
  chain: readonly Certificate[];
  /** The kernel event of its next renewal; -1 = none. */
  event: number;
  failures: number;
  /** Faults in force: why it cannot renew, and how many made its certificate expire. */
  readonly blocks: RenewalBlock[];
  expiries: number;
}

export type StrikeHandler = (count: number) => void;

/** Something that keeps a workload from renewing; told apart by identity. */
export interface RenewalBlock {
  readonly why: RenewalFailure;
  readonly onStrike: StrikeHandler;
}

export class Pki {
  private readonly commons: Commons;
  private readonly spec: IdentitySpec;
  private readonly epochMs: number;
  /** By host id; null = a host without an identity. */
  private readonly holders: (Holder | null)[];
  private readonly authorities: readonly Certificate[];
  private readonly trusted: readonly string[];

  constructor(commons: Commons, spec: IdentitySpec, epochMs: number) {
    this.commons = commons;
    this.spec = spec;
    this.epochMs = epochMs;
    this.holders = [];
    this.trusted = [ROOT];
    const root = this.authority(ROOT, spec.root, ROOT);
    const { intermediate } = spec;
    this.authorities =
      intermediate === null ? [root] : [this.authority(INTERMEDIATE, intermediate, ROOT), root];
  }

  /** Gives every workload the certificate it has at time 0. Once, before the run. */
  start(): void {
    for (const host of this.commons.hosts) {
      const isWorkload = (host.spec.identity ?? '') !== '';
      this.holders.push(isWorkload ? this.newHolder(host) : null);
    }
  }

  /**
   * What one side of a handshake finds wrong with the other's certificate.
   *
   * @returns null = nothing, or one of the two has no identity
   */
  problemOf(peer: Host, judge: Host): CertificateProblem | null {
    const holder = this.holders[peer.id] ?? null;
    if (holder === null || this.holders[judge.id] === null) return null;
    return chainProblem(holder.chain, this.trusted, this.wallMs(judge.clockOffsetNs));
  }

  /** The time for a renewal has come. */
  onRenewal(host: number): void {
    const holder = this.holders[host]!;
    holder.event = -1;
    this.renew(holder);
  }

  // What faults do; each has its reverse.

  blockRenewal(host: number, block: RenewalBlock): void {
    this.holders[host]?.blocks.push(block);
  }
  unblockRenewal(host: number, block: RenewalBlock): void {
    const blocks = this.holders[host]?.blocks ?? [];
    const at = blocks.indexOf(block);
    if (at >= 0) blocks.splice(at, 1);
  }

  /** @returns whether it had a certificate */
  expire(host: number): boolean {
    const holder = this.holders[host];
    if (!holder) return false;
    if (holder.expiries++ > 0) return true;
    this.disarm(holder);
    const notAfterMs = this.wallMs(0) - 1;
    holder.chain = [{ ...holder.chain[0]!, notAfterMs }, ...this.authorities];
    return true;
  }
  /** It asks for a new one at once. */
  unexpire(host: number): void {
    const holder = this.holders[host];
    if (holder && --holder.expiries === 0) this.renew(holder);
  }

  private newHolder(host: Host): Holder {
    const stream = this.commons.draws.stream(`identity/${host.name}`);
    const holder: Holder = {
      host,
      stream,
      serial: 0,
      chain: [],
      event: -1,
      failures: 0,
      blocks: [],
      expiries: 0,
    };
    const { leaf } = this.spec;
    const { draws } = this.commons;
    const share = draws.unit(stream, 0, Draw.age);
    const ageNs =
      leaf.age === null
        ? Math.floor(share * leaf.renewAt * leaf.lifetimeNs)
        : leaf.age.sample(draws, stream, 0, Draw.age);
    this.issue(holder, -ageNs);
    return holder;
  }

  private renew(holder: Holder): void {
    const failure = this.renewalFailure(holder);
    const { host } = holder;
    const { kernel, observer } = this.commons;
    if (failure === null) {
      this.issue(holder, kernel.nowNs);
      observer.record(RecordKind.certificateIssued, host.id, host.id, holder.serial, 0);
      return;
    }
    observer.record(RecordKind.renewalFailed, host.id, host.id, failure, holder.failures);
    for (const { onStrike } of holder.blocks) onStrike(1);
    let waitNs = FIRST_RETRY_NS;
    for (let i = 0; i < holder.failures && waitNs < LONGEST_RETRY_NS; i++) waitNs *= 2;
    holder.failures++;
    this.arm(holder, kernel.nowNs + Math.min(waitNs, LONGEST_RETRY_NS));
  }

  private renewalFailure(holder: Holder): RenewalFailure | null {
    if (!holder.host.isUp) return RenewalFailure.down;
    const [block] = holder.blocks;
    if (block !== undefined) return block.why;
    const problem = chainProblem(this.authorities, this.trusted, this.issuerMs());
    return problem === null ? null : RenewalFailure.authorityInvalid;
  }

  private issue(holder: Holder, issuedNs: Ns): void {
    const { leaf, issuerOffsetNs } = this.spec;
    const { draws } = this.commons;
    const issuedMs = this.epochMs + Math.floor((issuedNs + issuerOffsetNs) / MILLISECOND);
    const subject = holder.host.spec.identity!;
    holder.chain = [
      {
        subject,
        issuer: this.authorities[0]!.subject,
        notBeforeMs: issuedMs - Math.floor(leaf.backdateNs / MILLISECOND),
        notAfterMs: issuedMs + Math.floor(leaf.lifetimeNs / MILLISECOND),
      },
      ...this.authorities,
    ];
    holder.failures = 0;
    const jitter = leaf.jitter * (2 * draws.unit(holder.stream, holder.serial++, Draw.renewal) - 1);
    const share = Math.min(1, Math.max(0, leaf.renewAt + jitter));
    const atNs = issuedNs + Math.floor(share * leaf.lifetimeNs);
    this.arm(holder, Math.max(this.commons.kernel.nowNs, atNs));
  }

  private arm(holder: Holder, atNs: Ns): void {
    this.disarm(holder);
    holder.event = this.commons.kernel.schedule(atNs, EventKind.renewal, 0, holder.host.id);
  }

  private disarm(holder: Holder): void {
    if (holder.event >= 0) this.commons.kernel.cancel(holder.event);
    holder.event = -1;
  }

  private authority(subject: string, spec: AuthoritySpec, issuer: string): Certificate {
    const issuedMs = this.epochMs - Math.floor(spec.ageNs / MILLISECOND);
    const notAfterMs = issuedMs + Math.floor(spec.lifetimeNs / MILLISECOND);
    return { subject, issuer, notBeforeMs: issuedMs, notAfterMs };
  }

  private issuerMs(): number {
    return this.wallMs(this.spec.issuerOffsetNs);
  }

  private wallMs(offsetNs: Ns): number {
    return this.epochMs + Math.floor((this.commons.kernel.nowNs + offsetNs) / MILLISECOND);
  }
}
