/** Memory order: copies where an op needs another one. No tape, as gradients are logical. */
import { isDenseIn, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { map } from './elementwise.ts';

/** `x` itself when it is dense in that memory order (default row-major), else a copy that is. */
export function inOrder(x: Tensor, order?: Shape): Tensor {
  return isDenseIn(x.shape, x.strides, order) ? x : copyOf(x, order);
}

/** A copy, dense in that memory order (default row-major). */
export function copyOf(x: Tensor, order: Shape = x.shape.map((_, axis) => axis)): Tensor {
  return map('a', [x], { order });
}
