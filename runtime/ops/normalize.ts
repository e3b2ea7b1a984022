/** L2 norms of rows, and rows divided by them. Below `TINY` a row counts as the zero vector, and gets no gradient. */
import { differentiable } from '../autograd.ts';
import { denseStrides } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { map } from './elementwise.ts';
import { sum } from './reduce.ts';
import { rowNorms } from './rows.ts';

const TINY = 'T(1e-12)';

/** L2 norm over the last axis, which goes. The gradient at the zero vector is 0. */
export function norm(x: Tensor): Tensor {
  const norms = rowNorms('norm', x);
  const shape = x.shape.slice(0, -1);
  const y = norms.view({ shape, strides: denseStrides(shape), offset: 0 });
  return differentiable('norm', [x], y, [norms], (dy) => {
    const column = dy.view({ shape: norms.shape, strides: [...dy.strides, 1], offset: dy.offset });
    return [normBackward(x, norms, column)];
  });
}

/** dy x / ||x||, the last axis of dy and norms having a side of 1 (or dy being a scalar). No tape. */
export function normBackward(x: Tensor, norms: Tensor, dy: Tensor): Tensor {
  return map(`select(T(0), a / max(b, ${TINY}) * c, b > ${TINY})`, [x, norms, dy]);
}

/** x / ||x|| over the last axis; the zero vector stays. */
export function l2Normalize(x: Tensor): Tensor {
  const norms = rowNorms('l2Normalize', x);
  const y = divideByNorms(x, norms);
  return differentiable('l2Normalize', [x], y, [norms], (dy) => [l2NormalizeBackward(y, norms, dy)]);
}

/** No tape. */
export function divideByNorms(x: Tensor, norms: Tensor): Tensor {
  return map(`select(T(0), a / max(b, ${TINY}), b > ${TINY})`, [x, norms]);
}

/** (dy - y (y . dy)) / ||x||: the part of dy across the direction. No tape. */
export function l2NormalizeBackward(y: Tensor, norms: Tensor, dy: Tensor): Tensor {
  const along = sum(map('a * b', [dy, y]), [-1], { keepDims: true });
  return map(`select(T(0), (a - b * c) / max(d, ${TINY}), d > ${TINY})`, [dy, y, along, norms]);
}
