/**
 * The two losses of contrastive training as fused kernels: NT-Xent and the norm penalty. Each is accompanied by its
 * composition of plain ops, which it is tested against.
 */

import source from '../../../shaders/nt_xent.wgsl';
import { float, number, object, op } from '../../arguments.ts';
import { differentiable } from '../../autograd/tape.ts';
import { ShapeError } from '../../errors.ts';
import type { KernelSpec } from '../../kernel/spec.ts';
import { groups2d } from '../../launch.ts';
import { add, mul, neg, scale, sqrt, square } from '../../ops/elementwise.ts';
import { inOrder } from '../../ops/layout.ts';
import { mean, sum } from '../../ops/reduce.ts';
import { formatShape } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { matmul } from './matmul.ts';
import { divideByNorms, l2Normalize, l2NormalizeBackward, normBackward } from './normalize.ts';
import { rowNorms } from './rows.ts';
import { logSoftmax } from './softmax.ts';

export interface NtXentOptions {
  /** tau; 0.5 in SimCLR for CIFAR-10. */
  temperature: number;
}

export const TEMPERATURE = object({ temperature: number });

/**
 * Normalized-temperature cross-entropy of SimCLR (Chen et al. 2020, eq. 1), a scalar: mean over the rows of
 * -s(i, p(i)) + log(sum over j != i of exp(s(i, j))), s the cosine over the temperature, p(i) = i +- N / 2.
 * @param features [N, D], N even, not normalized: view 1 of all images, then view 2 in the same order
 * @throws ShapeError for another rank or an odd N, or a temperature that is not positive
 * Cost: 2 N^2 D flops forward, 4 N^2 D backward; memory N D, no N x N matrix.
 */
export const ntXent = op(
  'ntXent',
  { features: float, options: TEMPERATURE },
  (features: Tensor, options: NtXentOptions): Tensor => {
    checkPairs('ntXent', features, options);
    const { context } = features;
    const [rows, cols] = features.shape;
    const f = inOrder(features);
    const norms = rowNorms('ntXent', f);
    const z = divideByNorms(f, norms);
    const lse = context.empty([rows]);
    const losses = context.empty([rows]);
    launchNtXent('nt_xent', z, options, { lse_out: lse, losses });
    const loss = mean(losses);
    return differentiable('ntXent', [features], loss, [z, norms, lse], (dy) => {
      const dz = context.empty([rows, cols]);
      launchNtXent('nt_xent_backward', z, options, { lse, dy, dz });
      return [l2NormalizeBackward(z, norms, dz)];
    });
  },
);

/** Launches an entry of nt_xent.wgsl for unit rows z [N, D]. */
export function launchNtXent(
  entry: 'nt_xent' | 'nt_xent_backward',
  z: Tensor,
  { temperature }: NtXentOptions,
  bindings: Record<string, Tensor>,
  params: KernelSpec['params'] = {},
): void {
  const [rows, cols] = z.shape;
  const kernel = shapeOf(rows, cols);
  const products = entry === 'nt_xent' ? 1 : 2;
  z.context.launch({
    kernel: { ...kernel, entry, params: { ...kernel.params, ...params } },
    bindings: { z, ...bindings },
    uniforms: {
      rows,
      cols: cols % 4 === 0 ? cols / 4 : cols,
      perTemperature: 1 / temperature,
      scale: 1 / (rows * temperature),
    },
    groups: groups2d(Math.ceil(rows / rowsOf(rows))),
    work: { name: '', shape: formatShape([rows, cols]), flops: products * 2 * rows * rows * cols },
  });
}

/** Rows per workgroup: more rows reuse each load more often, fewer rows keep all cores busy on small inputs. */
const rowsOf = (rows: number): number => (rows >= 256 ? 16 : 4);

/** The kernel for features [rows, cols]. The division of the work does not affect the bits. */
function shapeOf(rows: number, cols: number): Omit<KernelSpec, 'entry'> {
  const isVector = cols % 4 === 0;
  const units = isVector ? cols / 4 : cols;
  const ROWS = rowsOf(rows);
  // the lanes that the columns do not need take further rows
  let OWN = ROWS;
  while (OWN > 4 && (64 * OWN) / ROWS >= 2 * units) OWN /= 2;
  const COL_LANES = (64 * OWN) / ROWS;
  return {
    file: 'nt_xent.wgsl',
    source,
    params: { Z: isVector ? 'vec4<f32>' : 'f32', ROWS, OWN, COL_LANES, STEPS: Math.ceil(units / COL_LANES) },
    slots: isVector ? {} : { product: '      s[r] = fma(a, b, s[r]);' },
  };
}

/** ntXent from plain ops, with the N x N matrix. For tests. */
export const ntXentUnfused = /* @__PURE__ */ op(
  'ntXentUnfused',
  { features: float, options: TEMPERATURE },
  (features: Tensor, options: NtXentOptions): Tensor => {
    checkPairs('ntXentUnfused', features, options);
    const { context } = features;
    const rows = features.shape[0];
    const z = l2Normalize(features);
    const similarities = scale(matmul(z, z, { transposeB: true }), 1 / options.temperature);
    const isSelf = new Float32Array(rows * rows);
    const isPartner = new Float32Array(rows * rows);
    for (let i = 0; i < rows; i++) {
      isSelf[i * rows + i] = -1e30; // exp of it is 0
      isPartner[i * rows + ((i + rows / 2) % rows)] = 1;
    }
    const others = logSoftmax(add(similarities, context.tensor(isSelf, [rows, rows])));
    return neg(mean(sum(mul(others, context.tensor(isPartner, [rows, rows])), [-1])));
  },
);

/**
 * Mean L2 norm of the rows (the outlier term of eq. 12; the norm, not its square): a scalar. Gradient f / (N ||f||), 0 at
 * the zero vector.
 * @param features [N, D]
 */
export const normPenalty = op('normPenalty', { features: float }, (features: Tensor): Tensor => {
  checkMatrix('normPenalty', features);
  const f = inOrder(features);
  const norms = rowNorms('normPenalty', f);
  const loss = mean(norms);
  const perRow = 1 / features.shape[0];
  return differentiable('normPenalty', [features], loss, [f, norms], (dy) => [
    normBackward(f, norms, scale(dy, perRow)),
  ]);
});

/** normPenalty from plain ops, without the guard at the zero vector. For tests. */
export const normPenaltyUnfused = /* @__PURE__ */ op(
  'normPenaltyUnfused',
  { features: float },
  (features: Tensor): Tensor => {
    checkMatrix('normPenaltyUnfused', features);
    return mean(sqrt(sum(square(features), [-1])));
  },
);

export function checkMatrix(op: string, features: Tensor): void {
  if (features.rank !== 2) {
    throw new ShapeError(`${op}: expected features [N, D].`, { details: [`features ${formatShape(features.shape)}`] });
  }
}

export function checkTemperature(op: string, { temperature }: NtXentOptions): void {
  if (!(temperature > 0)) throw new ShapeError(`${op}: temperature ${temperature}, expected a positive number.`);
}

function checkPairs(op: string, features: Tensor, options: NtXentOptions): void {
  checkMatrix(op, features);
  if (features.shape[0] % 2 === 1) {
    throw new ShapeError(`${op}: ${features.shape[0]} rows do not form pairs.`, {
      details: [`features ${formatShape(features.shape)}`],
      remedy: 'view 1 of all images, then view 2 of all images',
    });
  }
  checkTemperature(op, options);
}
