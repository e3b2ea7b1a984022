/** Losses of one-class methods: features of normal rows are pulled to zero, those of outliers pushed away from it. */

import source from '../../../shaders/one_class.wgsl';
import quantileSource from '../../../shaders/quantile.wgsl';
import { float, number, object, op, tensor } from '../../arguments.ts';
import { differentiable } from '../../autograd/tape.ts';
import { ShapeError } from '../../errors.ts';
import { groups2d } from '../../launch.ts';
import { add, mul, relu, scale, square, sub } from '../../ops/elementwise.ts';
import { inOrder } from '../../ops/layout.ts';
import { map } from '../../ops/map.ts';
import { mean, sum } from '../../ops/reduce.ts';
import { reshape, slice } from '../../ops/shapeOps.ts';
import { formatShape } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { checkMatrix } from './contrastive.ts';
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
  (features: Tensor, labels: Tensor): Tensor => ofNorms('hypersphereLoss', 'hypersphere', features, labels),
);

/**
 * Deep SAD (Ruff et al. 2020) around the zero vector, a scalar: the mean over the rows f of q = ||f||^2 where the label is 0,
 * and of 1 / (q + 1e-9) where it is not. There, q is at least 1e-6, and a smaller one gets no gradient.
 * @param features [N, D]   @param labels u32 [N]
 * @throws ShapeError when ranks, rows or the labels' type do not fit
 */
export const deepSadLoss = op(
  'deepSadLoss',
  { features: float, labels: tensor },
  (features: Tensor, labels: Tensor): Tensor => ofNorms('deepSadLoss', 'deep_sad', features, labels),
);

function ofNorms(name: string, entry: string, features: Tensor, labels: Tensor): Tensor {
  if (features.rank !== 2 || labels.rank !== 1 || labels.shape[0] !== features.shape[0] || labels.dtype !== 'u32') {
    throw new ShapeError(`${name}: expected features [N, D] and u32 labels [N].`, {
      details: [`features ${formatShape(features.shape)}`, `labels ${formatShape(labels.shape)} ${labels.dtype}`],
    });
  }
  const { context } = features;
  const rows = features.shape[0];
  const f = inOrder(features);
  const losses = context.empty([rows]);
  const factors = context.empty([rows, 1]);
  context.launch({
    kernel: { file: 'one_class.wgsl', source, entry },
    bindings: { norms: rowNorms(name, f), labels, losses, factors },
    uniforms: { rows },
    groups: groups2d(Math.ceil(rows / 64)),
  });
  return differentiable(name, [features], mean(losses), [f, factors], (dy) => [
    map(`a * b * c * T(${1 / rows})`, [f, factors, dy]),
  ]);
}

export interface SoftBoundaryOptions {
  /** The share of the rows that may lie outside of the sphere, above 0 and up to 1. */
  nu: number;
  /** A scalar tensor that scales the radius: 0 before it follows the data, then 1. */
  radiusWeight: Tensor;
}

/**
 * Deep SVDD with a soft boundary (Ruff et al. 2018), a scalar: R^2 + mean(max(0, q - R^2)) / nu, with q = ||f||^2 per row. R is
 * radiusWeight times the 1 - nu quantile of the norms (linear between neighbors), and has no gradient.
 * @param features [N, D]
 * @throws ShapeError for another rank, or a nu that is not in (0, 1]
 */
export const softBoundaryLoss = op(
  'softBoundaryLoss',
  { features: float, options: object({ nu: number, radiusWeight: float }) },
  (features: Tensor, { nu, radiusWeight }: SoftBoundaryOptions): Tensor => {
    checkMatrix('softBoundaryLoss', features);
    if (!(nu > 0 && nu <= 1)) throw new ShapeError(`softBoundaryLoss: nu ${nu}, expected above 0 and at most 1.`);
    const { context } = features;
    const squares = sum(square(features), [-1]);
    const squaredRadius = context.noGrad(() =>
      square(mul(radiusWeight, quantile(rowNorms('softBoundaryLoss', inOrder(features)), 1 - nu))),
    );
    return add(squaredRadius, scale(mean(relu(sub(squares, squaredRadius))), 1 / nu));
  },
);

/** The q quantile of all values of x, linear between neighbors: a scalar. No tape. */
function quantile(x: Tensor, q: number): Tensor {
  const { context, size: count } = x;
  const place = q * (count - 1);
  const rank = Math.floor(place);
  const ends = context.empty([2]);
  context.launch({
    kernel: { file: 'quantile.wgsl', source: quantileSource, entry: 'quantile' },
    bindings: { x, ends },
    uniforms: { count, rank },
    groups: groups2d(Math.ceil(count / 64)),
  });
  const [low, high] = [reshape(slice(ends, 0, 0, 1), []), reshape(slice(ends, 0, 1, 2), [])];
  return map(`a + T(${place - rank}) * (b - a)`, [low, high]);
}
