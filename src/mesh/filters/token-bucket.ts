/**
 * A token bucket without a timer: its state is the moment at which it was, or would have been, empty.
 *
 * Source: policy-engine.md §9.2; Envoy, token bucket.
 */
import type { TokenBucketConfig } from '../config/config.ts';

/** Tokens that come back at a constant rate, up to a most. */
export class TokenBucket {
  readonly maxTokens: number;
  readonly tokensPerMs: number;
  /** When it was empty, ms, real; full at first. */
  private emptyMs: number;

  constructor(config: TokenBucketConfig, nowMs: number) {
    this.maxTokens = config.maxTokens;
    this.tokensPerMs = config.tokensPerFill / config.fillIntervalMs;
    this.emptyMs = nowMs - config.maxTokens / this.tokensPerMs;
  }

  /** @returns whether there was a whole token, which is gone then */
  take(nowMs: number): boolean {
    const tokens = this.tokensAt(nowMs);
    if (tokens < 1) return false;
    this.emptyMs = nowMs - (tokens - 1) / this.tokensPerMs;
    return true;
  }

  /** Real, 0 or more. */
  tokensAt(nowMs: number): number {
    return Math.min(this.maxTokens, (nowMs - this.emptyMs) * this.tokensPerMs);
  }

  /** Whole seconds until the next whole token; 0 when there is one. */
  secondsToToken(nowMs: number): number {
    const tokens = this.tokensAt(nowMs);
    return tokens >= 1 ? 0 : Math.ceil((1 - tokens) / this.tokensPerMs / 1_000);
  }
}
