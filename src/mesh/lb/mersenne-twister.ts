/**
 * MT19937, as far as bounded load needs it: the first numbers of a seed.
 *
 * Not a source of randomness here, but of one fixed order of hosts for each hash, the same one that
 * a real proxy goes through. Hence no other generator will do.
 * Source: Matsumoto and Nishimura, Mersenne Twister (1998); policy-engine.md §7.8.
 */
const SIZE = 624;
const MIDDLE = 397;
const TWO_TO_32 = 0x100000000;

export class MersenneTwister {
  private readonly state = new Uint32Array(SIZE);
  private at = SIZE;

  /** @param seed integer in [0, 2^32) */
  constructor(seed: number) {
    const { state } = this;
    state[0] = seed;
    for (let i = 1; i < SIZE; i++) {
      const before = state[i - 1]!;
      state[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
    }
  }

  /** @returns integer in [0, 2^32) */
  next(): number {
    if (this.at === SIZE) this.twist();
    let word = this.state[this.at++]!;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  /**
   * @param n 1..2^32
   * @returns integer in [0, n), by equal parts of the range; what is left over is drawn again
   */
  below(n: number): number {
    const part = Math.floor(TWO_TO_32 / n);
    for (;;) {
      const drawn = Math.floor(this.next() / part);
      if (drawn < n) return drawn;
    }
  }

  private twist(): void {
    const { state } = this;
    for (let i = 0; i < SIZE; i++) {
      const joined = (state[i]! & 0x80000000) | (state[(i + 1) % SIZE]! & 0x7fffffff);
      const odd = (joined & 1) === 0 ? 0 : 0x9908b0df;
      state[i] = state[(i + MIDDLE) % SIZE]! ^ (joined >>> 1) ^ odd;
    }
    this.at = 0;
  }
}
