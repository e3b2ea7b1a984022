/** The supervised contrastive loss on NT-Xent's kernels: rows with the same label are positives of each other. */
import source from '../../../shaders/sup_con.wgsl';
import { float, op, tensor } from '../../arguments.ts';
import { differentiable } from '../../autograd/tape.ts';
import { ShapeError } from '../../errors.ts';
import { groups2d } from '../../launch.ts';
import { cast } from '../../ops/cast.ts';
import { add, div, maximum, mul, neg, scale, sub } from '../../ops/elementwise.ts';
import { inOrder } from '../../ops/layout.ts';
import { map } from '../../ops/map.ts';
import { mean, sum } from '../../ops/reduce.ts';
import { reshape } from '../../ops/shapeOps.ts';
import { formatShape } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { checkMatrix, checkTemperature, launchNtXent, type NtXentOptions, TEMPERATURE } from './contrastive.ts';
import { matmul } from './matmul.ts';
import { divideByNorms, l2Normalize, l2NormalizeBackward } from './normalize.ts';
import { rowNorms } from './rows.ts';
import { logSoftmax } from './softmax.ts';

/**
 * SupCon (Khosla et al. 2020, eq. 2), a scalar: mean over the rows i of the mean over P(i) of -s(i, p) + log(sum over j != i of
 * exp(s(i, j))), s the cosine over the temperature, P(i) the other rows with the label of row i. A row without positives
 * contributes 0. With labels that are equal only within pairs i, i + N / 2, it is NT-Xent.
 * @param features [N, D], not normalized   @param labels u32 [N]
 * @throws ShapeError when ranks, rows or the labels' type do not fit, or the temperature is not positive
 * Cost: 2 N^2 D flops forward, 4 N^2 D backward, and N D additions per row and its positives; memory N D.
 */
export const supCon = op(
  'supCon',
  { features: float, labels: tensor, options: TEMPERATURE },
  (features: Tensor, labels: Tensor, options: NtXentOptions): Tensor => {
    checkLabeled('supCon', features, labels, options);
    const { context } = features;
    const [rows, cols] = features.shape;
    const perTemperature = 1 / options.temperature;
    const f = inOrder(features);
    const norms = rowNorms('supCon', f);
    const z = divideByNorms(f, norms);
    const lse = context.empty([rows]);
    const unused = context.empty([rows]); // the losses of NT-Xent
    launchNtXent('nt_xent', z, options, { lse_out: lse, losses: unused });
    const [losses, pushLse] = [context.empty([rows]), context.empty([rows])];
    const pulls = context.empty([rows, cols]);
    context.launch({
      kernel: { file: 'sup_con.wgsl', source, entry: 'sup_con' },
      bindings: { z, labels, lse, losses, pulls, push_lse: pushLse },
      uniforms: { rows, cols, perTemperature },
      groups: groups2d(rows),
    });
    return differentiable('supCon', [features], mean(losses), [z, norms, pulls, pushLse], (dy) => {
      const pushes = context.empty([rows, cols]);
      launchNtXent('nt_xent_backward', z, options, { lse: pushLse, dy, dz: pushes }, { PULL: 0 });
      const dz = map(`a - b * c * T(${perTemperature / rows})`, [pushes, pulls, dy]);
      return [l2NormalizeBackward(z, norms, dz)];
    });
  },
);

/** supCon from plain ops, with the N x N matrix. For tests. */
export const supConUnfused = /* @__PURE__ */ op(
  'supConUnfused',
  { features: float, labels: tensor, options: TEMPERATURE },
  (features: Tensor, labels: Tensor, options: NtXentOptions): Tensor => {
    checkLabeled('supConUnfused', features, labels, options);
    const { context } = features;
    const rows = features.shape[0];
    const z = l2Normalize(features);
    const self = new Float32Array(rows * rows);
    for (let i = 0; i < rows; i++) self[i * rows + i] = 1;
    const isSelf = context.tensor(self, [rows, rows]);
    const similarities = scale(matmul(z, z, { transposeB: true }), 1 / options.temperature);
    const others = logSoftmax(add(similarities, scale(isSelf, -1e30))); // exp of it is 0
    const numbers = cast(labels, 'f32');
    const isSame = map('select(T(0.0), T(1.0), a == b)', [reshape(numbers, [rows, 1]), reshape(numbers, [1, rows])]);
    const isPositive = sub(isSame, isSelf);
    const count = sum(isPositive, [-1]);
    return neg(mean(div(sum(mul(others, isPositive), [-1]), maximum(count, context.tensor([1], [1])))));
  },
);

function checkLabeled(op: string, features: Tensor, labels: Tensor, options: NtXentOptions): void {
  checkMatrix(op, features);
  checkTemperature(op, options);
  if (labels.rank === 1 && labels.shape[0] === features.shape[0] && labels.dtype === 'u32') return;
  throw new ShapeError(`${op}: expected features [N, D] and u32 labels [N].`, {
    details: [`features ${formatShape(features.shape)}`, `labels ${formatShape(labels.shape)} ${labels.dtype}`],
  });
}
