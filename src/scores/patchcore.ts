/**
 * PatchCore (Roth et al. 2022): the distance of an image's most unusual patch to the nearest one of a memory, reweighted by
 * how usual that one is (their eq. 7), and a map of the distances of all its patches.
 */
import { quantileSorted } from 'd3-array';
import { coresetOf, indexOfLargest, squareBelow } from './coreset.ts';
import type { FeatureTable, Matrix, PatchGrid } from './features.ts';
import type { FittedScore } from './score.ts';

/** Patches of the training images that are candidates for the memory, about; with more images than this, one of each. */
const CANDIDATES = 20_000;
/** The memory holds a tenth of the candidates, within these bounds. */
const SHARE = 0.1;
const LEAST_PATCHES = 200;
const MOST_PATCHES = 2_000;
/** b of eq. 7. */
const NEIGHBORS = 9;
/** The share of normal patches whose distance is within the map's scale, and how many of them are measured. */
const WITHIN_SCALE = 0.99;
const MEASURED = 2_000;

export const patchcore: FittedScore = {
  name: 'patchcore',
  summary: 'minus the distance of the most unusual patch to the nearest patch of the training images, reweighted',
  needs: ['map'],
  views: 'plain',
  keeps: ['patches', 'scale'],
  constants: { neighbors: `${NEIGHBORS}` },
  rowsOf: candidatesOf,
  fit(rows, labels) {
    const count = rows.data.length / rows.width;
    const step = Math.ceil(count / CANDIDATES);
    const chosen = Array.from({ length: Math.ceil(count / step) }, (_, i) => i * step);
    const candidates = rowsAt(rows, chosen);
    const most = Math.min(MOST_PATCHES, Math.max(LEAST_PATCHES, Math.ceil(SHARE * chosen.length)));
    const kept = coresetOf(candidates, most);
    const patches = rowsAt(candidates, kept);
    const images = chosen.map((row) => Math.floor((row * labels.length) / count));
    const scale = scaleOf(candidates, images, kept);
    return { patches, scale: { data: Float64Array.of(scale), width: 1 } };
  },
  open({ patches }) {
    return ({ count, map }) =>
      Float64Array.from({ length: count }, (_, image) => 0 - unusualness(map!, image, patches));
  },
};

/** Patches of each image in turn, an equal number of each, at places that differ from image to image. */
function candidatesOf({ map, count }: FeatureTable, first: number, images: number): Matrix {
  const { height, width, patches } = map!;
  const area = height * width;
  const stride = Math.min(area, Math.ceil((images * area) / CANDIDATES));
  const each = Math.floor(area / stride);
  const at = Array.from({ length: count * each }, (_, i) => {
    const image = Math.floor(i / each);
    return image * area + ((first + image) % stride) + (i % each) * stride;
  });
  return rowsAt(patches, at);
}

/** Nearest patches of a memory: their squared distances, and where they are. */
interface Nearest {
  squares: Float64Array;
  at: Int32Array;
}

/** For each patch of an image. Of equally near patches of the memory the first. */
function nearestOf({ height, width, patches }: PatchGrid, image: number, memory: Matrix): Nearest {
  const area = height * width;
  const squares = new Float64Array(area).fill(Infinity);
  const at = new Int32Array(area);
  for (let row = 0; row < memory.data.length / memory.width; row++) {
    for (let i = 0; i < area; i++) {
      const square = squareBelow(squares[i], patches, image * area + i, memory, row);
      if (square >= squares[i]) continue;
      squares[i] = square;
      at[i] = row;
    }
  }
  return { squares, at };
}

/**
 * Eq. 6 and 7: the distance s of the patch that is farthest from the memory, times 1 - exp(s) / sum of exp(d), over the
 * distances d between it and the patches of the memory around its nearest one. A memory of one patch has none around.
 */
function unusualness(grid: PatchGrid, image: number, memory: Matrix): number {
  const { squares, at } = nearestOf(grid, image, memory);
  const worst = indexOfLargest(squares);
  const largest = Math.sqrt(squares[worst]);
  const rows = memory.data.length / memory.width;
  if (rows === 1) return largest;
  const toNearest = Float64Array.from({ length: rows }, (_, row) =>
    squareBelow(Infinity, memory, row, memory, at[worst]),
  );
  const around = Array.from(toNearest.keys())
    .sort((a, b) => toNearest[a] - toNearest[b] || a - b)
    .slice(0, NEIGHBORS);
  const patch = image * grid.height * grid.width + worst;
  const distances = around.map((row) => Math.sqrt(squareBelow(Infinity, grid.patches, patch, memory, row)));
  const most = Math.max(...distances);
  const sum = distances.reduce((total, distance) => total + Math.exp(distance - most), 0);
  return largest * (1 - Math.exp(largest - most) / sum);
}

/** What nearly all normal patches are within: a quantile of the distances of candidates to the memory of other images. */
function scaleOf(candidates: Matrix, images: readonly number[], kept: readonly number[]): number {
  const step = Math.ceil(images.length / MEASURED);
  const isOneImage = images[0] === images[images.length - 1];
  const distances: number[] = [];
  for (let row = 0; row < images.length; row += step) {
    let nearest = Infinity;
    for (const other of kept) {
      const isOwn = isOneImage ? other === row : images[other] === images[row];
      if (!isOwn) nearest = Math.min(nearest, squareBelow(nearest, candidates, row, candidates, other));
    }
    if (nearest < Infinity) distances.push(Math.sqrt(nearest));
  }
  return (
    quantileSorted(
      distances.sort((a, b) => a - b),
      WITHIN_SCALE,
    ) ?? 0
  );
}

/** Copies. */
function rowsAt({ data, width }: Matrix, rows: readonly number[]): Matrix {
  const copy = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) copy.set(data.subarray(row * width, (row + 1) * width), i * width);
  return { data: copy, width };
}
