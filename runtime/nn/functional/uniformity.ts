/** Alignment and uniformity (Wang and Isola 2020): how close the two views of an image are, and how evenly images spread. */
import source from '../../../shaders/uniformity.wgsl';
import { float, object, oneOf, op } from '../../arguments.ts';
import { differentiable } from '../../autograd/tape.ts';
import { ShapeError } from '../../errors.ts';
import { groups2d } from '../../launch.ts';
import { add, exp, log, scale, square, sub } from '../../ops/elementwise.ts';
import { inOrder } from '../../ops/layout.ts';
import { map } from '../../ops/map.ts';
import { mean, sum } from '../../ops/reduce.ts';
import { reshape, split } from '../../ops/shapeOps.ts';
import { formatShape } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { checkMatrix } from './contrastive.ts';
import { l2Normalize } from './normalize.ts';
import { rowLogSumExp } from './rows.ts';

/** t of the Gaussian potential exp(-t d^2), as in the publication. */
const T = 2;

export interface DistanceOptions {
  /** `cosine`: between the rows' directions, the rows divided by their norms; `euclidean`: between the rows. */
  distance: 'cosine' | 'euclidean';
}

const DISTANCE = object({ distance: oneOf('cosine', 'euclidean') });

/**
 * Mean over the pairs of rows i, i + N / 2 of their squared distance: a scalar. No gradient where the two are equal.
 * @param features [N, D], N even: view 1 of all images, then view 2
 * @throws ShapeError for another rank or an odd N
 */
export const alignment = op(
  'alignment',
  { features: float, options: DISTANCE },
  (features: Tensor, { distance }: DistanceOptions): Tensor => {
    checkHalves('alignment', features, 1);
    const half = features.shape[0] / 2;
    const [u, v] = split(distance === 'cosine' ? l2Normalize(features) : features, [half, half], 0);
    return mean(sum(square(sub(u, v)), [-1]));
  },
);

/**
 * Mean over the two views of log of the mean over pairs i < j of exp(-2 d_ij^2), d the distance between rows of the same view:
 * a scalar. 0 when all rows of a view are equal. The largest exponent is taken out of the sum.
 * @param features [N, D], N even, at least 4: view 1 of all images, then view 2
 * @throws ShapeError for another rank, an odd N, or a single image
 * Cost: 1.5 N^2 D flops forward and 2.5 N^2 D backward; memory N D.
 */
export const uniformity = op(
  'uniformity',
  { features: float, options: DISTANCE },
  (features: Tensor, { distance }: DistanceOptions): Tensor => {
    checkHalves('uniformity', features, 2);
    return uniformityOf(distance === 'cosine' ? l2Normalize(features) : features);
  },
);

function uniformityOf(features: Tensor): Tensor {
  const { context } = features;
  const [rows, cols] = features.shape;
  const half = rows / 2;
  const f = inOrder(features);
  const lse = context.empty([rows]);
  const launch = (entry: string, bindings: Record<string, Tensor>) =>
    context.launch({
      kernel: { file: 'uniformity.wgsl', source, entry },
      bindings: { f, ...bindings },
      uniforms: { rows, cols, t: T },
      groups: groups2d(rows),
    });
  launch('uniformity', { lse });
  const totals = rowLogSumExp('uniformity', reshape(lse, [2, half]));
  const loss = map(`a - T(${Math.log(half * (half - 1))})`, [mean(totals)]); // ordered pairs; no gradient passes the constant
  return differentiable('uniformity', [features], loss, [f, totals], (dy) => {
    const df = context.empty([rows, cols]);
    launch('uniformity_backward', { totals, dy, df });
    return [df];
  });
}

/** uniformity from plain ops, with the matrix of distances and without taking out the largest exponent. For tests. */
export const uniformityUnfused = /* @__PURE__ */ op(
  'uniformityUnfused',
  { features: float, options: DISTANCE },
  (features: Tensor, { distance }: DistanceOptions): Tensor => {
    checkHalves('uniformityUnfused', features, 2);
    const [rows, cols] = features.shape;
    const half = rows / 2;
    const views = split(distance === 'cosine' ? l2Normalize(features) : features, [half, half], 0);
    const losses = views.map((f) => {
      const differences = sub(reshape(f, [half, 1, cols]), reshape(f, [1, half, cols]));
      const potentials = exp(scale(sum(square(differences), [-1]), -T));
      const others = sub(sum(potentials), features.context.tensor([half], [])); // of a row with itself it is 1
      return log(scale(others, 1 / (half * (half - 1))));
    });
    return scale(add(losses[0], losses[1]), 0.5);
  },
);

function checkHalves(op: string, features: Tensor, least: number): void {
  checkMatrix(op, features);
  const [rows] = features.shape;
  if (rows % 2 === 0 && rows >= 2 * least) return;
  throw new ShapeError(`${op}: expected two views of ${least} or more images, features [2 B, D].`, {
    details: [`features ${formatShape(features.shape)}`],
    remedy: 'view 1 of all images, then view 2 of all images',
  });
}
