/**
 * The buckets of descriptors of one local rate limit.
 *
 * A configured value of '' stands for any value; each value then has a bucket of its own, made when
 * it first comes, of which the one used longest ago makes room.
 * Source: policy-engine.md §9.2; Envoy, local rate limiter, dynamic descriptors.
 */
import type { LimitedDescriptor } from '../config/config.ts';
import type { Descriptor } from '../config/rate-limits.ts';
import { TokenBucket } from './token-bucket.ts';

/** A bucket that a request has to take from. */
export interface Limit {
  readonly bucket: TokenBucket;
  /** Counted, not enforced. */
  readonly isShadow: boolean;
}

interface Configured {
  readonly config: LimitedDescriptor;
  /** null = it has wildcards. */
  readonly limit: Limit | null;
}

export class DescriptorBuckets {
  private readonly configured: readonly Configured[];
  /** By configured descriptor and values, oldest use first. */
  private readonly dynamic = new Map<string, Limit>();
  private readonly mostDynamic: number;

  constructor(configs: readonly LimitedDescriptor[], mostDynamic: number, nowMs: number) {
    this.mostDynamic = mostDynamic;
    this.configured = configs.map((config) => {
      const isWild = config.entries.some(({ value }) => value === '');
      return { config, limit: isWild ? null : limitOf(config, nowMs) };
    });
  }

  /** Those of a request's descriptors, the slowest first. */
  of(descriptors: readonly Descriptor[], nowMs: number): Limit[] {
    const limits: Limit[] = [];
    for (const descriptor of descriptors) {
      this.configured.forEach(({ config, limit }, index) => {
        if (!matches(config.entries, descriptor)) return;
        limits.push(limit ?? this.dynamicLimit(index, config, descriptor, nowMs));
      });
    }
    return limits.sort((a, b) => a.bucket.tokensPerMs - b.bucket.tokensPerMs);
  }

  private dynamicLimit(
    index: number,
    config: LimitedDescriptor,
    descriptor: Descriptor,
    nowMs: number,
  ): Limit {
    const key = JSON.stringify([index, ...descriptor.map(({ value }) => value)]);
    const known = this.dynamic.get(key);
    const limit = known ?? limitOf(config, nowMs);
    this.dynamic.delete(key);
    this.dynamic.set(key, limit);
    if (this.dynamic.size > this.mostDynamic) {
      for (const oldest of this.dynamic.keys()) {
        this.dynamic.delete(oldest);
        break;
      }
    }
    return limit;
  }
}

function limitOf({ bucket, isShadow }: LimitedDescriptor, nowMs: number): Limit {
  return { bucket: new TokenBucket(bucket, nowMs), isShadow };
}

function matches(wanted: Descriptor, given: Descriptor): boolean {
  if (wanted.length !== given.length) return false;
  return wanted.every(({ key, value }, i) => {
    const entry = given[i]!;
    return entry.key === key && (value === '' || value === entry.value);
  });
}
