/** Ops that change the shape: views if possible, otherwise copies. */
import { arrayOf, number, numbers, op, optional, tensor } from '../arguments.ts';
import { differentiable, differentiableMany } from '../autograd/tape.ts';
import { ShapeError } from '../errors.ts';
import {
  broadcastShapes,
  checkShape,
  denseStrides,
  formatShape,
  isDenseIn,
  normalizeAxes,
  type Shape,
  sameShape,
  sizeOf,
} from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { inOrder } from './layout.ts';
import { sumTo } from './reduce.ts';

/** The same elements, in row-major order, with another shape; one side may be -1. A copy unless x is row-major. */
export const reshape = op('reshape', { x: tensor, shape: numbers }, (x: Tensor, shape: Shape): Tensor => {
  const given = shape.filter((side) => side !== -1);
  checkShape('reshape', given);
  const full = shape.map((side) => (side === -1 ? x.size / sizeOf(given) : side));
  if (sizeOf(full) !== x.size || full.some((side) => !Number.isInteger(side))) {
    throw new ShapeError(`reshape: ${x.size} elements do not fit ${formatShape(shape)}.`, {
      details: [`input ${formatShape(x.shape)}`],
    });
  }
  const dense = inOrder(x);
  const y = dense.view({ shape: full, strides: denseStrides(full), offset: dense.offset });
  return differentiable('reshape', [x], y, [], (dy) => {
    const back = inOrder(dy);
    return [back.view({ shape: x.shape, strides: denseStrides(x.shape), offset: back.offset })];
  });
});

/** A view with the axes in another order. */
export const permute = op('permute', { x: tensor, axes: numbers }, (x: Tensor, axes: Shape): Tensor => {
  const order = normalizeAxes('permute', axes, x.rank);
  if (order.length !== x.rank) {
    throw new ShapeError(`permute: ${axes.length} axes for a tensor of rank ${x.rank}.`, {
      details: [`input ${formatShape(x.shape)}`],
    });
  }
  const inverse = order.map((_, axis) => order.indexOf(axis));
  return differentiable('permute', [x], permuted(x, order), [], (dy) => [permuted(dy, inverse)]);
});

function permuted(x: Tensor, order: Shape): Tensor {
  return x.view({
    shape: order.map((axis) => x.shape[axis]),
    strides: order.map((axis) => x.strides[axis]),
    offset: x.offset,
  });
}

/** A view with two axes swapped, by default the last two. */
export const transpose = op(
  'transpose',
  { x: tensor, first: optional(number), second: optional(number) },
  (x: Tensor, first?: number, second?: number): Tensor => {
    const [a, b] = normalizeAxes('transpose', [first ?? -2, second ?? -1], x.rank);
    const order = x.shape.map((_, axis) => (axis === a ? b : axis === b ? a : axis));
    return permute(x, order);
  },
);

/** A view with sides of 1 repeated to `shape`. */
export const expand = op('expand', { x: tensor, shape: numbers }, (x: Tensor, shape: Shape): Tensor => {
  checkShape('expand', shape);
  if (!sameShape(broadcastShapes('expand', [x.shape, shape]), shape)) {
    throw new ShapeError(`expand: ${formatShape(x.shape)} does not expand to ${formatShape(shape)}.`, {
      remedy: 'only sides of 1 can be repeated',
    });
  }
  const missing = shape.length - x.rank;
  const strides = shape.map((_, axis) =>
    axis < missing || x.shape[axis - missing] === 1 ? 0 : x.strides[axis - missing],
  );
  return differentiable('expand', [x], x.view({ shape, strides, offset: x.offset }), [], (dy) => [sumTo(dy, x.shape)]);
});

/** Concatenates tensors of one type along an axis. All other sides must be equal. */
export const concat = op(
  'concat',
  { parts: arrayOf(tensor), axis: optional(number) },
  (parts: readonly Tensor[], axis?: number): Tensor => {
    if (parts.length === 0) throw new ShapeError('concat: no tensors, expected one or more.');
    const [along] = normalizeAxes('concat', [axis ?? 0], parts[0].rank);
    for (const part of parts) {
      if (part.rank !== parts[0].rank || part.shape.some((side, i) => i !== along && side !== parts[0].shape[i])) {
        throw new ShapeError(`concat: the sides beside axis ${along} differ.`, {
          details: parts.map((each) => formatShape(each.shape)),
        });
      }
    }
    if (parts.some(({ dtype }) => dtype !== parts[0].dtype)) {
      throw new ShapeError('concat: the types differ.', {
        details: parts.map(({ shape, dtype }) => `${formatShape(shape)} ${dtype}`),
        remedy: 'cast() them to one type',
      });
    }
    const sides = parts.map((part) => part.shape[along]);
    const y = joined(parts, along, sides);
    return differentiable('concat', parts, y, [], (dy) => pieces(dy, along, sides));
  },
);

/** Views of consecutive parts along an axis, of the given sides. */
export const split = op(
  'split',
  { x: tensor, sides: numbers, axis: optional(number) },
  (x: Tensor, sides: readonly number[], axis?: number): Tensor[] => {
    const [along] = normalizeAxes('split', [axis ?? 0], x.rank);
    checkShape('split', sides);
    if (sides.reduce((total, side) => total + side, 0) !== x.shape[along]) {
      throw new ShapeError(
        `split: sides ${formatShape(sides)} do not add up to axis ${along} of ${formatShape(x.shape)}.`,
      );
    }
    return differentiableMany('split', [x], pieces(x, along, sides), [], (dys) => {
      const whole = dys.map(
        (dy, i) => dy ?? x.context.zeros(x.shape.map((side, at) => (at === along ? sides[i] : side))),
      );
      return [joined(whole, along, sides)];
    });
  },
);

/** A view of the elements [start, end) along an axis. */
export const slice = op(
  'slice',
  { x: tensor, axis: number, start: number, end: number },
  (x: Tensor, axis: number, start: number, end: number): Tensor => {
    const [along] = normalizeAxes('slice', [axis], x.rank);
    const side = x.shape[along];
    const isInside = start >= 0 && start < end && end <= side;
    if (!isInside || !Number.isInteger(start) || !Number.isInteger(end)) {
      throw new ShapeError(`slice: [${start}, ${end}) is not inside axis ${along} of ${formatShape(x.shape)}.`, {
        remedy: `whole numbers, start < end, from 0 to ${side}`,
      });
    }
    const sides = [start, end - start, side - end];
    const at = start > 0 ? 1 : 0;
    return split(
      x,
      sides.filter((length) => length > 0),
      along,
    )[at];
  },
);

function pieces(x: Tensor, axis: number, sides: readonly number[]): Tensor[] {
  let start = 0;
  return sides.map((side) => {
    const shape = x.shape.map((whole, at) => (at === axis ? side : whole));
    const piece = x.view({ shape, strides: x.strides, offset: x.offset + start * x.strides[axis] });
    start += side;
    return piece;
  });
}

/** Copies the parts into one tensor. Buffer copies need the axis to be the slowest, so parts are permuted first if it is not. */
function joined(parts: readonly Tensor[], axis: number, sides: readonly number[]): Tensor {
  const { context } = parts[0];
  const shape = parts[0].shape.map((side, at) => (at === axis ? sides.reduce((total, each) => total + each, 0) : side));
  const order = [axis, ...shape.map((_, at) => at).filter((at) => at !== axis)];
  const y = context.empty(shape, { order, dtype: parts[0].dtype });
  pieces(y, axis, sides).forEach((place, i) => {
    context.copy(inOrder(parts[i], order), place);
  });
  return isDenseIn(shape, y.strides) ? y : inOrder(y);
}
