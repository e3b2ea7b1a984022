/** Greedy k-center selection (Sener and Savarese 2018; Roth et al. 2022, algorithm 1): rows that leave no other row far away. */
import type { Matrix } from './features.ts';

/** Terms that are summed before a sum is compared with its limit. */
const BLOCK = 16;

/**
 * The squared distance between a row of each matrix, in f64, if it is below `limit`; otherwise a part of it that is not.
 * Most rows are farther away than the nearest so far, which shows after a part of their values.
 */
export function squareBelow(limit: number, a: Matrix, row: number, b: Matrix, other: number): number {
  const { width } = a;
  const [x, y] = [a.data, b.data];
  const [first, second] = [row * width, other * width];
  let sum = 0;
  for (let block = 0; block < width && sum < limit; block += BLOCK) {
    const end = Math.min(block + BLOCK, width);
    for (let k = block; k < end; k++) {
      const difference = x[first + k] - y[second + k];
      sum += difference * difference;
    }
  }
  return sum;
}

/**
 * Indices of at most `most` rows: first the one farthest from the mean, then, again and again, the one farthest from all
 * chosen ones; of equal ones the first. Stops early when every row equals a chosen one. O(rows * most).
 */
export function coresetOf(rows: Matrix, most: number): number[] {
  const count = rows.data.length / rows.width;
  const center = meanOf(rows);
  const squares = Float64Array.from({ length: count }, (_, row) => squareBelow(Infinity, rows, row, center, 0));
  const chosen = [indexOfLargest(squares)];
  squares.fill(Infinity);
  for (;;) {
    const last = chosen[chosen.length - 1];
    for (let row = 0; row < count; row++) {
      const square = squareBelow(squares[row], rows, row, rows, last);
      if (square < squares[row]) squares[row] = square;
    }
    const next = indexOfLargest(squares);
    if (chosen.length === most || squares[next] === 0) return chosen;
    chosen.push(next);
  }
}

function meanOf({ data, width }: Matrix): Matrix {
  const mean = new Float64Array(width);
  for (let i = 0; i < data.length; i++) mean[i % width] += data[i];
  return { data: mean.map((sum) => (sum * width) / data.length), width };
}

/** The first one, if there are several. */
export function indexOfLargest(values: ArrayLike<number>): number {
  let at = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[at]) at = i;
  return at;
}
