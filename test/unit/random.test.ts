/** The host generator: Random123's known answers, and the distributions of its draws. */
import { describe, expect, test } from 'vitest';
import { normal } from '../../runtime/nn/init.ts';
import { RandomStream, threefry2x32, uniform01 } from '../../runtime/random.ts';
import { kolmogorovSmirnov, normalCdf } from '../helpers/statistics.ts';

describe('threefry2x32', () => {
  // kat_vectors of Random123, "threefry2x32 20": counter, key, answer.
  test.each([
    ['zeros', [0, 0], [0, 0], [0x6b200159, 0x99ba4efe]],
    ['ones', [0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], [0x1cb996fc, 0xbb002be7]],
    ['digits of pi', [0x243f6a88, 0x85a308d3], [0x13198a2e, 0x03707344], [0xc4923a9c, 0x483df7a0]],
  ])('known answer: %s', (_, [c0, c1], [k0, k1], answer) => {
    expect(threefry2x32(k0, k1, c0, c1)).toEqual(answer);
  });
});

test('uniform01 keeps the upper 24 bits and never reaches 1', () => {
  expect(uniform01(0)).toBe(0);
  expect(uniform01(255)).toBe(0);
  expect(uniform01(256)).toBe(2 ** -24);
  expect(uniform01(0xffffffff)).toBe(1 - 2 ** -24);
});

describe('RandomStream', () => {
  test('its words are those of the counter (index, 0), (index, 1), ...', () => {
    const stream = new RandomStream(7, 3, 11);
    const words = Array.from({ length: 6 }, () => stream.bits());
    expect(words).toEqual([0, 1, 2].flatMap((draw) => threefry2x32(7, 3, 11, draw)));
  });

  test('another seed, stream or index gives different numbers', () => {
    const first = [new RandomStream(1, 1), new RandomStream(2, 1), new RandomStream(1, 2), new RandomStream(1, 1, 1)];
    expect(new Set(first.map((stream) => stream.bits())).size).toBe(4);
  });

  test('next has mean 1/2 and variance 1/12 over 20000 draws, within 5 standard errors', () => {
    const stream = new RandomStream(0, 1);
    const draws = Array.from({ length: 20_000 }, () => stream.next());
    const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
    const variance = draws.reduce((sum, x) => sum + (x - 0.5) ** 2, 0) / draws.length;
    expect(Math.abs(mean - 1 / 2)).toBeLessThan(5 * Math.sqrt(1 / 12 / draws.length));
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(5 * Math.sqrt(1 / 180 / draws.length));
  });

  test('uniform(low, high) stays within its bounds', () => {
    const stream = new RandomStream(0, 1);
    for (let i = 0; i < 1000; i++) {
      const x = stream.uniform(-0.5, 2);
      expect(x >= -0.5 && x < 2).toBe(true);
    }
  });

  test('normal() has the moments of N(0, 1) over 20000 draws, within 5 standard errors', () => {
    const stream = new RandomStream(3, 1);
    const draws = Array.from({ length: 20_000 }, () => normal(stream));
    const moment = (power: number) => draws.reduce((sum, x) => sum + x ** power, 0) / draws.length;
    // E x^p = 0, 1, 0, 3; the variances of x^p are 1, 2, 15, 96
    for (const [power, expected, variance] of [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
    ]) {
      expect(Math.abs(moment(power) - expected), `moment ${power}`).toBeLessThan(5 * Math.sqrt(variance / 20_000));
    }
    expect(kolmogorovSmirnov(draws, normalCdf) * Math.sqrt(20_000)).toBeLessThan(2.7); // once in a million
  });

  test('normal() is the polar method, to the last bits of a logarithm', () => {
    const [stream, uniform] = [new RandomStream(8, 5), new RandomStream(8, 5)];
    const expected = (): number => {
      const [x, y] = [uniform.uniform(-1, 1), uniform.uniform(-1, 1)];
      const s = x * x + y * y;
      return s > 0 && s < 1 ? x * Math.sqrt((-2 * Math.log(s)) / s) : expected();
    };
    for (let i = 0; i < 500; i++) expect(normal(stream)).toBeCloseTo(expected(), 13);
  });

  test('integer is unbiased, even if 2^32 is not a multiple of n', () => {
    // n = 3 * 2^30: a plain remainder would give values below 2^30 half of all draws; fair is one third.
    const stream = new RandomStream(5, 2);
    const draws = 6000;
    let low = 0;
    for (let i = 0; i < draws; i++) if (stream.integer(3 * 2 ** 30) < 2 ** 30) low++;
    expect(Math.abs(low / draws - 1 / 3)).toBeLessThan(5 * Math.sqrt(2 / 9 / draws));
  });

  test('integer(1) is always 0, and integer(2^32) covers every word', () => {
    expect(new RandomStream(0, 1).integer(1)).toBe(0);
    expect(new RandomStream(9, 1).integer(2 ** 32)).toBe(new RandomStream(9, 1).bits());
  });

  test.each([0, 1, 2, 257])('permutation of %i holds every integer once, the same for the same key', (n) => {
    const order = new RandomStream(3, 2, 4).permutation(n);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
    expect(new RandomStream(3, 2, 4).permutation(n)).toEqual(order);
  });

  test('permutation: all 24 orders of 4 are equally likely (chi-square, 23 degrees of freedom, p > 1e-4)', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 4800; i++) {
      const order = new RandomStream(0, 2, i).permutation(4).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0);
    expect(chiSquare).toBeLessThan(56.5);
  });

  test('a key that is not a u32 is refused', () => {
    expect(() => new RandomStream(-1, 0)).toThrow(/seed -1/);
    expect(() => new RandomStream(0, 2 ** 32)).toThrow(/stream 4294967296/);
    expect(() => new RandomStream(0, 0, 0.5)).toThrow(/index 0.5/);
    expect(() => new RandomStream(0, 0).integer(0)).toThrow(/integer: 0/);
  });
});
