/** Softmax and log-softmax over the last axis, and cross-entropy with class labels. */

import source from '../../../shaders/cross_entropy.wgsl';
import { float, op, tensor } from '../../arguments.ts';
import { differentiable } from '../../autograd/tape.ts';
import { ShapeError } from '../../errors.ts';
import { groups2d } from '../../launch.ts';
import { inOrder } from '../../ops/layout.ts';
import { map } from '../../ops/map.ts';
import { mean, sum } from '../../ops/reduce.ts';
import { formatShape } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { rowLogSumExp, rowMaxima } from './rows.ts';

/** exp(x - peak) and its sum, where peak is the row's maximum, so that large x do not overflow. No tape. */
function exponentialsOf(op: string, x: Tensor): { peak: Tensor; exponentials: Tensor; total: Tensor } {
  const peak = rowMaxima(op, x);
  const exponentials = map('exp(a - b)', [x, peak]);
  return { peak, exponentials, total: sum(exponentials, [-1], { keepDims: true }) };
}

/** exp(x) / sum(exp(x)) over the last axis. */
export const softmax = op('softmax', { x: float }, (x: Tensor): Tensor => {
  const { exponentials, total } = exponentialsOf('softmax', x);
  const y = map('a / b', [exponentials, total]);
  return differentiable('softmax', [x], y, [y], (dy) => {
    const along = sum(map('a * b', [dy, y]), [-1], { keepDims: true });
    return [map('b * (a - c)', [dy, y, along])];
  });
});

/** x - log(sum(exp(x))) over the last axis. */
export const logSoftmax = op('logSoftmax', { x: float }, (x: Tensor): Tensor => {
  const { peak, total } = exponentialsOf('logSoftmax', x);
  const y = map('a - b - log(c)', [x, peak, total]);
  return differentiable('logSoftmax', [x], y, [y], (dy) => [
    map('a - exp(b) * c', [dy, y, sum(dy, [-1], { keepDims: true })]),
  ]);
});

/**
 * Mean over the rows of -log softmax(logits)[label]: a scalar.
 * @param logits [N, C]   @param labels u32 [N], each less than C; a larger one makes the loss NaN
 * @throws ShapeError if the ranks, the numbers of rows or the type of the labels are wrong
 */
export const crossEntropy = op(
  'crossEntropy',
  { logits: float, labels: tensor },
  (logits: Tensor, labels: Tensor): Tensor => {
    if (logits.rank !== 2 || labels.rank !== 1 || labels.shape[0] !== logits.shape[0] || labels.dtype !== 'u32') {
      throw new ShapeError('crossEntropy: expected logits [N, C] and u32 labels [N].', {
        details: [`logits ${formatShape(logits.shape)}`, `labels ${formatShape(labels.shape)} ${labels.dtype}`],
      });
    }
    const { context } = logits;
    const [rows, cols] = logits.shape;
    const x = inOrder(logits);
    const lse = rowLogSumExp('crossEntropy', x);
    const losses = context.empty([rows]);
    const launch = (entry: string, bindings: Record<string, Tensor>, count: number) =>
      context.launch({
        kernel: { file: 'cross_entropy.wgsl', source, entry },
        bindings: { logits: x, labels, lse, ...bindings },
        uniforms: { rows, cols },
        groups: groups2d(Math.ceil(count / 64)),
      });
    launch('cross_entropy', { losses }, rows);
    return differentiable('crossEntropy', [logits], mean(losses), [x, labels, lse], (dy) => {
      const dx = context.empty(logits.shape);
      launch('cross_entropy_backward', { dy, dx }, rows * cols);
      return [dx];
    });
  },
);
