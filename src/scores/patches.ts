/**
 * Patches: what a network sees at each place of an image (Roth et al. 2022, section 3.1). Activations of two depths, of which
 * the coarser ones are interpolated to the finer grid, side by side.
 */
import type { PatchGrid } from './features.ts';

/** Activations of images, [images, height, width, channels]. */
export interface Activations {
  readonly data: Float32Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** The patches of the first `count` images, on the grid of the first activations. */
export function gridOf(all: readonly Activations[], count: number): PatchGrid {
  const [{ height, width }] = all;
  const length = all.reduce((sum, { channels }) => sum + channels, 0);
  const data = new Float32Array(count * height * width * length);
  let first = 0;
  for (const each of all) {
    const rows = placesOf(height, each.height);
    const columns = placesOf(width, each.width);
    for (let image = 0; image < count; image++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const at = ((image * height + y) * width + x) * length + first;
          interpolate(each, image, rows[y], columns[x], data.subarray(at, at + each.channels));
        }
      }
    }
    first += each.channels;
  }
  return { height, width, patches: { data, width: length } };
}

/** A position between two pixels of a coarser grid: their indices, and the share of the second. */
interface Place {
  from: number;
  to: number;
  share: number;
}

/** The centers of `count` pixels on a grid of `pixels`, clamped to its outermost centers. */
const placesOf = (count: number, pixels: number): Place[] =>
  Array.from({ length: count }, (_, i) => {
    const at = Math.min(Math.max(((i + 0.5) * pixels) / count - 0.5, 0), pixels - 1);
    const from = Math.floor(at);
    return { from, to: Math.min(from + 1, pixels - 1), share: at - from };
  });

/** Bilinear, into `out`, [channels]. */
function interpolate(
  { data, height, width, channels }: Activations,
  image: number,
  row: Place,
  column: Place,
  out: Float32Array,
): void {
  const start = (y: number, x: number) => ((image * height + y) * width + x) * channels;
  const corners = [
    { at: start(row.from, column.from), weight: (1 - row.share) * (1 - column.share) },
    { at: start(row.from, column.to), weight: (1 - row.share) * column.share },
    { at: start(row.to, column.from), weight: row.share * (1 - column.share) },
    { at: start(row.to, column.to), weight: row.share * column.share },
  ];
  for (let k = 0; k < channels; k++) {
    let sum = 0;
    for (const { at, weight } of corners) sum += weight * data[at + k];
    out[k] = sum;
  }
}
