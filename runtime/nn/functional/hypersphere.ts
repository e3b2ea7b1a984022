/** The loss of a hypersphere classifier: one class is pulled to the zero vector, the other pushed away from it. */
import source from '../../../shaders/hypersphere.wgsl';
import { float, op, tensor } from '../../arguments.ts';
import { differentiable } from '../../autograd/tape.ts';
import { ShapeError } from '../../errors.ts';
import { groups2d } from '../../launch.ts';
import { inOrder } from '../../ops/layout.ts';
import { map } from '../../ops/map.ts';
import { mean } from '../../ops/reduce.ts';
import { formatShape } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { rowNorms } from './rows.ts';

/**
 * Hypersphere classification (Liznerski et al. 2022) around the zero vector, a scalar: the mean over the rows f of
 * h = sqrt(||f||^2 + 1) - 1 where the label is 0, and of -log(1 - e^-h + 1e-9) where it is not. A row of zeros has the loss
 * 20.7 as the latter, and no gradient.
 * @param features [N, D]   @param labels u32 [N]
 * @throws ShapeError when ranks, rows or the labels' type do not fit
 */
export const hypersphereLoss = op(
  'hypersphereLoss',
  { features: float, labels: tensor },
  (features: Tensor, labels: Tensor): Tensor => {
    if (features.rank !== 2 || labels.rank !== 1 || labels.shape[0] !== features.shape[0] || labels.dtype !== 'u32') {
      throw new ShapeError('hypersphereLoss: expected features [N, D] and u32 labels [N].', {
        details: [`features ${formatShape(features.shape)}`, `labels ${formatShape(labels.shape)} ${labels.dtype}`],
      });
    }
    const { context } = features;
    const rows = features.shape[0];
    const f = inOrder(features);
    const losses = context.empty([rows]);
    const factors = context.empty([rows, 1]);
    context.launch({
      kernel: { file: 'hypersphere.wgsl', source, entry: 'hypersphere' },
      bindings: { norms: rowNorms('hypersphereLoss', f), labels, losses, factors },
      uniforms: { rows },
      groups: groups2d(Math.ceil(rows / 64)),
    });
    return differentiable('hypersphereLoss', [features], mean(losses), [f, factors], (dy) => [
      map(`a * b * c * T(${1 / rows})`, [f, factors, dy]),
    ]);
  },
);
