/** L2 norms of rows, and rows divided by them. A row with a norm of at most 1e-12 is a zero vector and gets no gradient. */
import { float, op } from '../../arguments.ts';
import { differentiable } from '../../autograd/tape.ts';
import { map } from '../../ops/map.ts';
import { sum } from '../../ops/reduce.ts';
import { denseStrides } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { rowNorms } from './rows.ts';

/** L2 norm over the last axis, which is removed. The gradient at the zero vector is 0. */
export const norm = op('norm', { x: float }, (x: Tensor): Tensor => {
  const norms = rowNorms('norm', x);
  const shape = x.shape.slice(0, -1);
  const y = norms.view({ shape, strides: denseStrides(shape), offset: 0 });
  return differentiable('norm', [x], y, [norms], (dy) => {
    const column = dy.view({ shape: norms.shape, strides: [...dy.strides, 1], offset: dy.offset });
    return [normBackward(x, norms, column)];
  });
});

/** dy x / ||x||. The last axis of dy and norms has a side of 1, or dy is a scalar. No tape. */
export function normBackward(x: Tensor, norms: Tensor, dy: Tensor): Tensor {
  return map('unless_tiny(a / b * c, b)', [x, norms, dy]);
}

/** x / ||x|| over the last axis. A zero vector stays zero. */
export const l2Normalize = op('l2Normalize', { x: float }, (x: Tensor): Tensor => {
  const norms = rowNorms('l2Normalize', x);
  const y = divideByNorms(x, norms);
  return differentiable('l2Normalize', [x], y, [norms], (dy) => [l2NormalizeBackward(y, norms, dy)]);
});

/** No tape. */
export function divideByNorms(x: Tensor, norms: Tensor): Tensor {
  return map('unless_tiny(a / b, b)', [x, norms]);
}

/** (dy - y (y . dy)) / ||x||: the component of dy perpendicular to y. No tape. */
export function l2NormalizeBackward(y: Tensor, norms: Tensor, dy: Tensor): Tensor {
  const along = sum(map('a * b', [dy, y]), [-1], { keepDims: true });
  return map('unless_tiny((a - b * c) / d, d)', [dy, y, along, norms]);
}
