/** Comparisons of tensors for tests. */
import { expect } from 'vitest';
import type { Tolerance } from './tolerances.ts';

/** Fails with the index of the largest error, both values and the shape. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { relative, floor, name }: Tolerance,
  shape?: readonly number[],
): void {
  expect(actual.length, 'number of elements').toBe(expected.length);
  let largest = 0;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(expected[i]));
  let worst = { error: -1, at: 0 };
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i] - expected[i]);
    const error = difference === 0 ? 0 : difference / Math.max(Math.abs(expected[i]), floor * largest);
    if (!(error <= worst.error)) worst = { error, at: i };
    if (Number.isNaN(error)) break;
  }
  const { error, at } = worst;
  const message = `worst at ${at} of [${shape ?? expected.length}]: got ${actual[at]}, expected ${expected[at]}, relative error ${error}, ${name} allows ${relative}`;
  expect(error <= relative, message).toBe(true);
}

/** The same bits (NaN equals NaN, 0 differs from -0). */
export function expectSameBits(actual: Float32Array, expected: Float32Array): void {
  const [a, b] = [actual, expected].map((each) => new Uint32Array(each.buffer, each.byteOffset, each.length));
  const at = a.findIndex((bits, i) => bits !== b[i]);
  expect(at, `first difference at ${at} of ${a.length}: ${actual[at]} against ${expected[at]}`).toBe(-1);
  expect(a.length).toBe(b.length);
}
