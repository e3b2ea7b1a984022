/**
 * Shapes and strides: plain arithmetic, no device. A tensor's shape is logical (N, C, H, W as in PyTorch); its strides give
 * its layout in memory. A memory order lists the axes from slowest to fastest.
 */
import { LimitError, ShapeError } from './errors.ts';

export type Shape = readonly number[];

/** Memory order of images and activations: N, H, W, C, so that the channels of a pixel are contiguous. */
export const CHANNELS_LAST: Shape = [0, 2, 3, 1];

/** Memory order of convolution weights [OC, IC, KH, KW]: KH, KW, IC, OC. */
export const KERNEL_ORDER: Shape = [2, 3, 1, 0];

/** Product of the sides; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, side) => product * side, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((side, axis) => side === b[axis]);
}

/** `[2, 3, 4]`, as errors print it. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** Axes 0, 1, ... rank - 1: the row-major memory order. */
export function rowMajor(rank: number): number[] {
  return Array.from({ length: rank }, (_, axis) => axis);
}

/** Strides, in elements, of a dense tensor in memory order `order`. */
export function denseStrides(shape: Shape, order: Shape = rowMajor(shape.length)): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  let step = 1;
  for (let i = order.length - 1; i >= 0; i--) {
    strides[order[i]] = step;
    step *= shape[order[i]];
  }
  return strides;
}

/** True if the strides are those of a dense tensor in `order`. Strides of sides of 1 are ignored. */
export function isDenseIn(shape: Shape, strides: Shape, order: Shape = rowMajor(shape.length)): boolean {
  const dense = denseStrides(shape, order);
  return shape.every((side, axis) => side === 1 || strides[axis] === dense[axis]);
}

/** The memory order in which a tensor is dense, or null if there is none. */
export function denseOrder(shape: Shape, strides: Shape): number[] | null {
  if (isDenseIn(shape, strides)) return rowMajor(shape.length);
  if (shape.length === 4 && isDenseIn(shape, strides, CHANNELS_LAST)) return [...CHANNELS_LAST];
  const order = rowMajor(shape.length).sort((a, b) => strides[b] - strides[a] || shape[b] - shape[a] || a - b);
  return isDenseIn(shape, strides, order) ? order : null;
}

/** Number of elements from the first to the last that a view touches. */
export function extentOf(shape: Shape, strides: Shape): number {
  return shape.reduce((last, side, axis) => last + (side - 1) * strides[axis], 0) + 1;
}

/**
 * The shape of an elementwise result (NumPy's broadcasting: right-aligned, sides equal or 1).
 * @throws ShapeError naming `op` when two sides differ and neither is 1.
 */
export function broadcastShapes(op: string, shapes: readonly Shape[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  const result = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    for (let axis = 0; axis < shape.length; axis++) {
      const at = rank - shape.length + axis;
      const side = shape[axis];
      if (side !== 1 && result[at] !== 1 && result[at] !== side) {
        throw new ShapeError(`${op}: shapes ${shapes.map(formatShape).join(' and ')} do not broadcast together.`, {
          details: [`axis ${at}: ${result[at]} against ${side}; sides must be equal, or one of them 1`],
          remedy: 'reshape or expand one operand',
        });
      }
      if (side !== 1) result[at] = side;
    }
  }
  return result;
}

/** Axes as non-negative numbers; negative ones count from the last. @throws ShapeError if out of range or repeated */
export function normalizeAxes(op: string, axes: Shape, rank: number): number[] {
  const result = axes.map((axis) => (axis < 0 ? axis + rank : axis));
  if (
    result.some((axis) => axis < 0 || axis >= rank || !Number.isInteger(axis)) ||
    new Set(result).size < result.length
  ) {
    throw new ShapeError(`${op}: axes ${formatShape(axes)} are not distinct axes of a tensor of rank ${rank}.`, {
      remedy: `axes from ${-rank} to ${rank - 1}, each once`,
    });
  }
  return result;
}

/** The most axes that a kernel with arbitrary strides supports. */
const MAX_RANK = 6;

/** @throws LimitError for more axes than kernels with arbitrary strides support */
export function checkRank(op: string, { length }: Shape): void {
  if (length <= MAX_RANK) return;
  throw new LimitError(`${op}: a tensor of rank ${length}, at most ${MAX_RANK} axes are supported.`);
}

/** @throws ShapeError when a side is not a whole number of at least 1. */
export function checkShape(op: string, shape: Shape): void {
  if (shape.every((side) => Number.isInteger(side) && side >= 1)) return;
  const empty = shape.some((side) => side === 0);
  throw new ShapeError(
    `${op}: ${empty ? 'an empty tensor' : 'sides that are not whole numbers of at least 1'}, ${formatShape(shape)}.`,
    {
      remedy: empty ? 'leave the call out when there is nothing to compute' : 'whole sides of at least 1',
    },
  );
}
