/** Nearest training images: compares every image with every training image, in f64, one training image at a time. */
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

/** Offers the dot product or the squared distance of each pair of the first `count` rows of `images` and a training row. */
export function similarities(
  images: Matrix,
  count: number,
  training: Matrix,
  kind: 'dot' | 'squaredDistance',
  offer: (image: number, row: number, value: number) => void,
): void {
  const { width } = training;
  const [a, b] = [images.data, training.data];
  for (let row = 0, start = 0; start < b.length; row++, start += width) {
    for (let image = 0; image < count; image++) {
      const own = image * width;
      let sum = 0;
      if (kind === 'dot') for (let k = 0; k < width; k++) sum += a[own + k] * b[start + k];
      else
        for (let k = 0; k < width; k++) {
          const difference = a[own + k] - b[start + k];
          sum += difference * difference;
        }
      offer(image, row, sum);
    }
  }
}
