/**
 * Drawing primitives of the generated data sets: directions, colors, smooth noise. Uses only + - * / and sqrt, which are
 * exact in every engine, unlike Math.sin and the like, so a seed yields the same bytes everywhere.
 */
import type { RandomStream } from '../../../runtime/index.ts';

export type Point = readonly [x: number, y: number];
/** Red, green, blue, each 0 to 255, not rounded. */
export type Color = readonly [red: number, green: number, blue: number];

const TAU = 6.283185307179586;

/** (cos, sin) of any angle in turns: Taylor polynomials on a quarter turn, then scaled to length 1. */
export function direction(turns: number): Point {
  const quarters = Math.round(turns * 4);
  const angle = (turns - quarters / 4) * TAU; // -pi/4 to pi/4, where the polynomials are accurate to 4e-6
  const square = angle * angle;
  const sin = angle * (1 - (square / 6) * (1 - (square / 20) * (1 - square / 42)));
  const cos = 1 - (square / 2) * (1 - (square / 12) * (1 - (square / 30) * (1 - square / 56)));
  const length = Math.sqrt(sin * sin + cos * cos);
  const [x, y] = [cos / length, sin / length];
  return ([[x, y], [-y, x], [-x, -y], [y, -x]] as const)[((quarters % 4) + 4) % 4]; // biome-ignore format: four turns
}

/** The length of a vector. Avoids `** 2`, which is Math.pow and need not be exact. */
export const length = (x: number, y: number): number => Math.sqrt(x * x + y * y);

export const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

export const mix = (a: number, b: number, share: number): number => a + (b - a) * share;

export const mixColors = (a: Color, b: Color, share: number): Color => [
  mix(a[0], b[0], share),
  mix(a[1], b[1], share),
  mix(a[2], b[2], share),
];

/** Smoothstep: 0 below low, 1 above high, 3 t^2 - 2 t^3 between. */
export function smoothStep(low: number, high: number, value: number): number {
  const t = clamp((value - low) / (high - low), 0, 1);
  return t * t * (3 - 2 * t);
}

/** Smooth noise: random values in [-1, 1) on a repeating 16x16 lattice, with smooth interpolation. */
export class NoiseField {
  private static readonly SIDE = 16;
  private readonly values: Float64Array;

  constructor(random: RandomStream) {
    this.values = Float64Array.from({ length: NoiseField.SIDE ** 2 }, () => random.uniform(-1, 1));
  }

  /** The value at a point, in lattice units. */
  at(x: number, y: number): number {
    const left = Math.floor(x);
    const top = Math.floor(y);
    const [u, v] = [smoothStep(0, 1, x - left), smoothStep(0, 1, y - top)];
    const upper = mix(this.value(left, top), this.value(left + 1, top), u);
    const lower = mix(this.value(left, top + 1), this.value(left + 1, top + 1), u);
    return mix(upper, lower, v);
  }

  private value(x: number, y: number): number {
    return this.values[(y & 15) * NoiseField.SIDE + (x & 15)];
  }
}
