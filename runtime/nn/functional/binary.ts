/** Losses of a classifier with one logit per row: cross-entropy and focal loss. */
import source from '../../../shaders/binary.wgsl';
import { float, op, tensor } from '../../arguments.ts';
import { differentiable } from '../../autograd/tape.ts';
import { ShapeError } from '../../errors.ts';
import { groups2d } from '../../launch.ts';
import { inOrder } from '../../ops/layout.ts';
import { map } from '../../ops/map.ts';
import { mean } from '../../ops/reduce.ts';
import { formatShape } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';

/**
 * Mean over the rows of -log sigmoid(a) where the label is not 0, and -log sigmoid(-a) where it is: a scalar. Stable for
 * logits of any size.
 * @param logits [N] or [N, 1]   @param labels u32 [N]
 * @throws ShapeError when shapes or the labels' type do not fit
 */
export const binaryCrossEntropy = op(
  'binaryCrossEntropy',
  { logits: float, labels: tensor },
  (logits: Tensor, labels: Tensor): Tensor => ofLogits('binaryCrossEntropy', 'binary_cross_entropy', logits, labels),
);

/**
 * Focal loss (Lin et al. 2017) with gamma 2 and no class weight, a scalar: the mean over the rows of (1 - p)^2 times the
 * cross-entropy, p the probability of the true class, clamped to [1e-7, 1 - 1e-7].
 * @param logits [N] or [N, 1]   @param labels u32 [N]
 * @throws ShapeError when shapes or the labels' type do not fit
 */
export const focalLoss = op(
  'focalLoss',
  { logits: float, labels: tensor },
  (logits: Tensor, labels: Tensor): Tensor => ofLogits('focalLoss', 'focal', logits, labels),
);

function ofLogits(name: string, entry: string, logits: Tensor, labels: Tensor): Tensor {
  const [rows] = logits.shape;
  if (
    logits.rank === 0 ||
    logits.size !== rows ||
    labels.rank !== 1 ||
    labels.shape[0] !== rows ||
    labels.dtype !== 'u32'
  ) {
    throw new ShapeError(`${name}: expected logits [N] or [N, 1] and u32 labels [N].`, {
      details: [`logits ${formatShape(logits.shape)}`, `labels ${formatShape(labels.shape)} ${labels.dtype}`],
    });
  }
  const { context } = logits;
  const losses = context.empty([rows]);
  const factors = context.empty(logits.shape);
  context.launch({
    kernel: { file: 'binary.wgsl', source, entry },
    bindings: { logits: inOrder(logits), labels, losses, factors },
    uniforms: { rows },
    groups: groups2d(Math.ceil(rows / 64)),
  });
  return differentiable(name, [logits], mean(losses), [factors], (dy) => [
    map(`a * b * T(${1 / rows})`, [factors, dy]),
  ]);
}
