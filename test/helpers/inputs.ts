/** Test values from the counter-based generator, so they are the same everywhere. */
import type { GradCheckInput } from '../../runtime/gradcheck/gradCheck.ts';
import { RandomStream } from '../../runtime/random.ts';

const TEST_STREAM = 99;

export interface DrawOptions {
  seed?: number;
  low?: number;
  high?: number;
  /** Values closer to 0 than this are moved away from it, keeping their sign, to avoid a kink at 0. */
  gap?: number;
}

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Uniform in [low, high), rounded to f32. */
export function uniformInput(
  shape: readonly number[],
  { seed = 7, low = -1, high = 1, gap = 0 }: DrawOptions = {},
): GradCheckInput {
  const random = new RandomStream(seed, TEST_STREAM);
  const values = Float32Array.from({ length: count(shape) }, () => {
    const value = random.uniform(low, high);
    return Math.abs(value) < gap ? value + (value < 0 ? -gap : gap) : value;
  });
  return { values, shape };
}

/** One input per shape, each with different numbers. */
export function uniformInputs(shapes: readonly (readonly number[])[], options: DrawOptions = {}): GradCheckInput[] {
  return shapes.map((shape, i) => uniformInput(shape, { ...options, seed: (options.seed ?? 7) * 100 + i }));
}

/** Distinct values in random order, at least 2 / size apart: no ties of a maximum, even after a step. */
export function distinctInput(shape: readonly number[], seed = 7): GradCheckInput {
  const size = count(shape);
  const random = new RandomStream(seed, TEST_STREAM, 1);
  const values = Float32Array.from({ length: size }, (_, i) => (2 * i + 1) / size - 1);
  for (let i = size - 1; i > 0; i--) {
    const other = Math.floor(random.uniform(0, 1) * (i + 1));
    [values[i], values[other]] = [values[other], values[i]];
  }
  return { values, shape };
}
