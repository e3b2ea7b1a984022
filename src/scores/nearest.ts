/** Nearest training images: compares every image with every training image, in f64, a few training images at a time. */
import type { Matrix } from './features.ts';

/** Keeps the k largest of the values offered for each image. */
export class Nearest {
  readonly #k: number;
  /** The k largest values of each image so far, descending. */
  readonly #largest: Float64Array;

  /** @param k at least 1, and at most the number of values offered for each image */
  constructor(images: number, k: number) {
    this.#k = k;
    this.#largest = new Float64Array(images * k).fill(-Infinity);
  }

  offer(image: number, value: number): void {
    const [first, last] = [image * this.#k, (image + 1) * this.#k - 1];
    if (!(value > this.#largest[last])) return;
    let at = last;
    for (; at > first && value > this.#largest[at - 1]; at--) this.#largest[at] = this.#largest[at - 1];
    this.#largest[at] = value;
  }

  /** The mean of each image's k values. Summed from the largest, so the order of the offers has no effect. */
  means(): Float64Array {
    const k = this.#k;
    return Float64Array.from({ length: this.#largest.length / k }, (_, image) => {
      let sum = 0;
      for (let i = image * k; i < (image + 1) * k; i++) sum += this.#largest[i];
      return sum / k;
    });
  }
}

/** A sum waits for its previous addition, so the sums of this many training images are computed at once. */
const AT_ONCE = 4;

/**
 * Offers the dot product or the squared distance of each pair of the first `count` rows of `images` and a training row. Each
 * is summed over the values in their order, whatever the other rows.
 */
export function similarities(
  images: Matrix,
  count: number,
  training: Matrix,
  kind: 'dot' | 'squaredDistance',
  offer: (image: number, row: number, value: number) => void,
): void {
  const { width } = training;
  const rows = training.data.length / width;
  const own = Float64Array.from(images.data.subarray(0, count * width));
  const some = new Float64Array(AT_ONCE * width);
  const sums = new Float64Array(AT_ONCE);
  const compare = kind === 'dot' ? dots : squaredDistances;
  for (let row = 0; row < rows; row += AT_ONCE) {
    const present = Math.min(AT_ONCE, rows - row);
    some.set(training.data.subarray(row * width, (row + present) * width));
    for (let image = 0; image < count; image++) {
      compare(own, image * width, some, width, sums);
      for (let i = 0; i < present; i++) offer(image, row + i, sums[i]);
    }
  }
}

/** The dot products of the row of `a` from `start` on with each row of `b` [AT_ONCE, width]. */
function dots(a: Float64Array, start: number, b: Float64Array, width: number, sums: Float64Array): void {
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  for (let k = 0; k < width; k++) {
    const value = a[start + k];
    sum0 += value * b[k];
    sum1 += value * b[width + k];
    sum2 += value * b[2 * width + k];
    sum3 += value * b[3 * width + k];
  }
  sums[0] = sum0;
  sums[1] = sum1;
  sums[2] = sum2;
  sums[3] = sum3;
}

/** As dots(), with squared distances. */
function squaredDistances(a: Float64Array, start: number, b: Float64Array, width: number, sums: Float64Array): void {
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  for (let k = 0; k < width; k++) {
    const value = a[start + k];
    const difference0 = value - b[k];
    const difference1 = value - b[width + k];
    const difference2 = value - b[2 * width + k];
    const difference3 = value - b[3 * width + k];
    sum0 += difference0 * difference0;
    sum1 += difference1 * difference1;
    sum2 += difference2 * difference2;
    sum3 += difference3 * difference3;
  }
  sums[0] = sum0;
  sums[1] = sum1;
  sums[2] = sum2;
  sums[3] = sum3;
}
