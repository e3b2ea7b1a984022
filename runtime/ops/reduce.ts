/** Sums and means over axes. Long sums are split into slices, depending only on the shape, which are added in order. */

import source from '../../shaders/reduce.wgsl';
import { flag, float, numbers, op, optional, options } from '../arguments.ts';
import { differentiable } from '../autograd/tape.ts';
import { groups2d } from '../launch.ts';
import { denseOrder, denseStrides, normalizeAxes, type Shape, sameShape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { inOrder } from './layout.ts';
import { map } from './map.ts';

export interface ReduceOptions {
  /** Keeps reduced axes with a side of 1. */
  keepDims?: boolean;
}

/** Rows that one lane or workgroup adds: enough to be worth a launch, few enough to keep rounding errors small. */
const ROWS_PER_SLICE = { columns: 256, rows: 4096 } as const;

/** Sum over axes, by default all. @throws ShapeError for axes out of range */
export const sum = op(
  'sum',
  { x: float, axes: optional(numbers), options: options({ keepDims: optional(flag) }) },
  (x: Tensor, axes: Shape = x.shape.map((_, axis) => axis), { keepDims = false }: ReduceOptions = {}): Tensor => {
    return reduce('sum', x, axes, keepDims, 1);
  },
);

/** Mean over axes, by default all. @throws ShapeError for axes out of range */
export const mean = op(
  'mean',
  { x: float, axes: optional(numbers), options: options({ keepDims: optional(flag) }) },
  (x: Tensor, axes: Shape = x.shape.map((_, axis) => axis), { keepDims = false }: ReduceOptions = {}): Tensor => {
    const count = sizeOf(normalizeAxes('mean', axes, x.rank).map((axis) => x.shape[axis]));
    return reduce('mean', x, axes, keepDims, 1 / count);
  },
);

/** Sums a gradient to the shape of an input that was broadcast. No tape. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const missing = x.rank - shape.length;
  const axes = x.shape.flatMap((side, axis) =>
    axis < missing || (shape[axis - missing] === 1 && side !== 1) ? [axis] : [],
  );
  const total = reduceAxes(x, axes, 1);
  return reshaped(total, shape);
}

/** Reshapes a dense tensor and disposes the original, so that the result is the only owner of its memory. */
function reshaped(x: Tensor, shape: Shape): Tensor {
  const y = x.view({ shape, strides: denseStrides(shape), offset: 0 });
  x.dispose();
  return y;
}

function reduce(name: string, x: Tensor, givenAxes: Shape, keepDims: boolean, factor: number): Tensor {
  const axes = normalizeAxes(name, givenAxes, x.rank);
  const kept = x.shape.map((side, axis) => (axes.includes(axis) ? 1 : side));
  const shape = keepDims ? kept : x.shape.filter((_, axis) => !axes.includes(axis));
  const total = reduceAxes(x, axes, factor);
  const y = reshaped(total, shape);
  const by = `a * T(${factor})`;
  return differentiable(name, [x], y, [], (dy) => {
    // dy can be a view of a larger gradient, with strides and an offset of its own
    let next = 0;
    const strides = kept.map((_, axis) => (axes.includes(axis) && !keepDims ? 0 : dy.strides[next++]));
    const expanded = dy.view({ shape: kept, strides, offset: dy.offset });
    return [map(by, [expanded], { shape: x.shape, order: denseOrder(x.shape, x.strides) ?? undefined })];
  });
}

/** Dense [kept sides...] in row-major order: the sum over `axes` times `factor`. */
function reduceAxes(x: Tensor, axes: readonly number[], factor: number): Tensor {
  const keptAxes = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const keptShape = keptAxes.map((axis) => x.shape[axis]);
  const rows = sizeOf(axes.map((axis) => x.shape[axis]));
  const size = sizeOf(keptShape);
  // if the reduced axes are the fastest in memory, rows are contiguous; otherwise the kept axes are made the fastest
  const rowsFirst = [...axes, ...keptAxes];
  const rowsLast = [...keptAxes, ...axes];
  const order = denseOrder(x.shape, x.strides);
  const last = size === 1 || (order !== null && axes.some((axis) => axis === order[order.length - 1]) && rows > 1);
  const dense = last ? inOrder(x, rowsLast) : inOrderKeeping(x, axes, rowsFirst);
  const flat = last ? sumRows(dense, size, rows, factor) : sumColumns(dense, rows, size, factor);
  return reshaped(flat, keptShape);
}

/** With the reduced axes slowest, in any order among them, so that channels-last activations need no copy. */
function inOrderKeeping(x: Tensor, axes: readonly number[], fallback: readonly number[]): Tensor {
  const order = denseOrder(x.shape, x.strides);
  if (!order) return inOrder(x, fallback);
  const keptInOrder = order.filter((axis) => !axes.includes(axis));
  const isAscending = keptInOrder.every((axis, i) => i === 0 || keptInOrder[i - 1] < axis);
  const isSplit = order.slice(0, axes.length).every((axis) => axes.includes(axis));
  return isSplit && isAscending ? x : inOrder(x, fallback);
}

function sumColumns(x: Tensor, rows: number, cols: number, factor: number): Tensor {
  const slices = Math.ceil(rows / ROWS_PER_SLICE.columns);
  const y = x.context.empty([slices, cols]);
  x.context.launch({
    kernel: { file: 'reduce.wgsl', source, entry: 'reduce_columns' },
    bindings: { x, y },
    uniforms: { keep: 1, rows, cols, slices, rowsPerSlice: ROWS_PER_SLICE.columns, scale: slices === 1 ? factor : 1 },
    groups: groups2d(Math.ceil(cols / 64) * slices),
  });
  return slices === 1 ? y : sumColumns(y, slices, cols, factor);
}

function sumRows(x: Tensor, keep: number, rows: number, factor: number): Tensor {
  const slices = Math.ceil(rows / ROWS_PER_SLICE.rows);
  const y = x.context.empty([keep, slices]);
  x.context.launch({
    kernel: { file: 'reduce.wgsl', source, entry: 'reduce_rows' },
    bindings: { x, y },
    uniforms: { keep, rows, cols: 1, slices, rowsPerSlice: ROWS_PER_SLICE.rows, scale: slices === 1 ? factor : 1 },
    groups: groups2d(keep * slices),
  });
  return slices === 1 ? y : sumRows(y, keep, slices, factor);
}
