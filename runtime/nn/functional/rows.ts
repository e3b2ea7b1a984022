/** Reductions of rows to one number each, for norms and softmax. No tape. */
import source from '../../../shaders/rows.wgsl';
import { ShapeError } from '../../errors.ts';
import { groups2d } from '../../launch.ts';
import { inOrder } from '../../ops/layout.ts';
import { formatShape } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';

/** L2 norms over the last axis, which is kept with a side of 1. */
export const rowNorms = (op: string, x: Tensor): Tensor => perRow(op, 'row_norm', x);

/** Maxima over the last axis, which is kept with a side of 1. */
export const rowMaxima = (op: string, x: Tensor): Tensor => perRow(op, 'row_max', x);

/** log(sum(exp(.))) over the last axis, which is kept with a side of 1. Subtracts the row's maximum first. */
export const rowLogSumExp = (op: string, x: Tensor): Tensor => perRow(op, 'log_sum_exp', x);

function perRow(op: string, entry: string, input: Tensor): Tensor {
  if (input.rank === 0) {
    throw new ShapeError(`${op}: a scalar has no last axis.`, { details: [`input ${formatShape(input.shape)}`] });
  }
  const x = inOrder(input);
  const cols = x.shape[x.rank - 1];
  const rows = x.size / cols;
  const y = x.context.empty([...x.shape.slice(0, -1), 1]);
  x.context.launch({
    kernel: { file: 'rows.wgsl', source, entry },
    bindings: { x, y },
    uniforms: { rows, cols },
    groups: groups2d(rows),
  });
  return y;
}
