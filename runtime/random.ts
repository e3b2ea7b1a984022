/**
 * Random numbers from a counter: threefry2x32 with 20 rounds, the same function as shaders/random.wgsl, bit for bit.
 * A number depends only on its key (seed, stream) and counter (index, draw), not on what was drawn before.
 * Source: Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (SC 2011); constants as in Random123.
 */
import { internal } from './errors.ts';

const TWO_TO_32 = 0x1_0000_0000;

const rotate = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits));

/**
 * Two random u32 words for the key (k0, k1) and the counter (c0, c1), all u32. Our key is (seed, stream), our counter
 * (index, draw).
 */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number): [number, number] {
  const k2 = 0x1bd11bda ^ k0 ^ k1;
  let a = (c0 + k0) | 0;
  let b = (c1 + k1) | 0;
  // Five blocks of four rounds; after block n the key words n and n + 1 (modulo 3) and n itself are added.
  for (let block = 1; block <= 5; block++) {
    const odd = (block & 1) === 1;
    a = (a + b) | 0;
    b = rotate(b, odd ? 13 : 17) ^ a;
    a = (a + b) | 0;
    b = rotate(b, odd ? 15 : 29) ^ a;
    a = (a + b) | 0;
    b = rotate(b, odd ? 26 : 16) ^ a;
    a = (a + b) | 0;
    b = rotate(b, odd ? 6 : 24) ^ a;
    const phase = block % 3;
    a = (a + (phase === 0 ? k0 : phase === 1 ? k1 : k2)) | 0;
    b = (b + (phase === 0 ? k1 : phase === 1 ? k2 : k0) + block) | 0;
  }
  return [a >>> 0, b >>> 0];
}

/** A u32 word as a number in [0, 1): its upper 24 bits times 2^-24, so that f32 and f64 hold the same value. */
export function uniform01(bits: number): number {
  return (bits >>> 8) * 2 ** -24;
}

/**
 * The numbers of one (seed, stream, index), in order. Word n is word n mod 2 of the counter (index, floor(n / 2)).
 * Equal keys give equal numbers in every engine; give each use its own stream, and each epoch, image or class its index.
 * @throws OeclError (internal) when a key is not an integer in [0, 2^32).
 */
export class RandomStream {
  readonly seed: number;
  readonly stream: number;
  readonly index: number;
  private words: [number, number] = [0, 0];
  private drawn = 0;

  constructor(seed: number, stream: number, index = 0) {
    for (const [name, value] of Object.entries({ seed, stream, index })) {
      if (!Number.isInteger(value) || value < 0 || value >= TWO_TO_32) {
        throw internal(`RandomStream: ${name} ${value}, expected an integer in [0, 2^32).`);
      }
    }
    this.seed = seed;
    this.stream = stream;
    this.index = index;
  }

  /** The next 32 random bits, an integer in [0, 2^32). */
  bits(): number {
    const half = this.drawn & 1;
    if (half === 0) this.words = threefry2x32(this.seed, this.stream, this.index, (this.drawn / 2) >>> 0);
    this.drawn++;
    return this.words[half];
  }

  /** The next uniform number in [0, 1), a multiple of 2^-24. */
  next(): number {
    return uniform01(this.bits());
  }

  /** The next uniform number in [low, high). */
  uniform(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /**
   * A uniform integer in [0, n), n in [1, 2^32]. Words beyond the last complete multiple of n are rejected, so that all
   * values are equally likely.
   */
  integer(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > TWO_TO_32) {
      throw internal(`RandomStream.integer: ${n}, expected an integer in [1, 2^32].`);
    }
    const end = TWO_TO_32 - (TWO_TO_32 % n);
    let word = this.bits();
    while (word >= end) word = this.bits();
    return word % n;
  }

  /** The integers 0 to n - 1 in random order (Fisher-Yates: every order is equally likely). */
  permutation(n: number): Uint32Array<ArrayBuffer> {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let last = n - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      const moved = order[last];
      order[last] = order[other];
      order[other] = moved;
    }
    return order;
  }
}
