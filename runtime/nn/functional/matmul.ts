/** Matrix product and linear layer, as convolutions of an image one pixel high with a window of one tap. */
import { flag, float, op, optional, options } from '../../arguments.ts';
import { differentiable } from '../../autograd/tape.ts';
import { ShapeError } from '../../errors.ts';
import { inOrder } from '../../ops/layout.ts';
import { sum } from '../../ops/reduce.ts';
import { formatShape, isDenseIn } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { type Convolution, convolve } from './convolve.ts';
import { convolveWeight } from './convolveWeight.ts';

export interface MatmulOptions {
  /** The operand is given as its transpose. */
  transposeA?: boolean;
  transposeB?: boolean;
}

/**
 * Matrix product. Returns [M, N], row-major.
 * @param a [M, K], or [K, M] with transposeA   @param b [K, N], or [N, K] with transposeB
 * @throws ShapeError when a rank is not 2 or the inner sides differ
 * Cost: 2 M N K flops forward, the same for each gradient. Operands in an unsuitable memory order are copied first.
 */
export const matmul = op(
  'matmul',
  { a: float, b: float, options: options({ transposeA: optional(flag), transposeB: optional(flag) }) },
  (a: Tensor, b: Tensor, { transposeA = false, transposeB = false }: MatmulOptions = {}): Tensor => {
    if (a.rank !== 2 || b.rank !== 2) {
      throw new ShapeError(`matmul: operands of rank ${a.rank} and ${b.rank}, expected two matrices.`, {
        details: [`a ${formatShape(a.shape)}`, `b ${formatShape(b.shape)}`],
      });
    }
    const left = transposeA ? transposed(a) : a;
    const right = transposeB ? transposed(b) : b;
    if (left.shape[1] !== right.shape[0]) {
      throw new ShapeError(`matmul: the inner sides are ${left.shape[1]} and ${right.shape[0]}, expected equal ones.`, {
        details: [
          `a ${formatShape(a.shape)}${transposeA ? ', transposed' : ''}`,
          `b ${formatShape(b.shape)}${transposeB ? ', transposed' : ''}`,
        ],
        remedy: 'transposeA or transposeB, or operands whose inner sides agree',
      });
    }
    const y = product(left, right);
    return differentiable('matmul', [a, b], y, [], (dy) => {
      const da = a.requiresGrad ? product(dy, transposed(right)) : null;
      const db = b.requiresGrad ? product(transposed(left), dy) : null;
      return [da && transposeA ? transposed(da) : da, db && transposeB ? transposed(db) : db];
    });
  },
);

/**
 * y = x W^T + b. Returns [N, out].
 * @param x [N, in]   @param weight [out, in]   @param bias [out]
 * @throws ShapeError when the sides do not fit
 */
export const linear = op(
  'linear',
  { x: float, weight: float, bias: optional(float) },
  (x: Tensor, weight: Tensor, bias?: Tensor | null): Tensor => {
    if (
      x.rank !== 2 ||
      weight.rank !== 2 ||
      x.shape[1] !== weight.shape[1] ||
      (bias && bias.size !== weight.shape[0])
    ) {
      throw new ShapeError('linear: the sides do not fit; expected input [N, in], weight [out, in], bias [out].', {
        details: [
          `input ${formatShape(x.shape)}`,
          `weight ${formatShape(weight.shape)}`,
          ...(bias ? [`bias ${formatShape(bias.shape)}`] : []),
        ],
      });
    }
    const input = inOrder(x);
    const y = multiply(input, transposed(weight), bias && inOrder(bias));
    return differentiable('linear', bias ? [x, weight, bias] : [x, weight], y, [input], (dOutput) => {
      const dy = inOrder(dOutput);
      return [
        x.requiresGrad ? product(dy, weight) : null,
        weight.requiresGrad ? weightGradient(input, dy) : null,
        ...(bias ? [bias.requiresGrad ? sum(dy, [0]) : null] : []),
      ];
    });
  },
);

/** dy^T x as the weight gradient of a convolution, without transposing an operand; in the layer's memory order. */
function weightGradient(x: Tensor, dy: Tensor): Tensor {
  const dw = x.context.empty([dy.shape[1], x.shape[1]], { order: [1, 0] });
  convolveWeight(x.context, { ...convolutionOf(x, dy.shape[1]), x }, dy, dw);
  return dw;
}

const transposed = (x: Tensor): Tensor =>
  x.view({ shape: [x.shape[1], x.shape[0]], strides: [x.strides[1], x.strides[0]], offset: x.offset });

/** [M, K] x [K, N], each in any memory order. No tape. */
function product(left: Tensor, right: Tensor): Tensor {
  // y^T = right^T left^T costs the same and avoids copies if both operands are stored transposed
  const isTransposedCheaper = !isDenseIn(left.shape, left.strides) && !isDenseIn(right.shape, right.strides);
  if (
    isTransposedCheaper &&
    isDenseIn(left.shape, left.strides, [1, 0]) &&
    isDenseIn(right.shape, right.strides, [1, 0])
  ) {
    return transposed(multiply(transposed(right), transposed(left)));
  }
  return multiply(left, right);
}

function multiply(left: Tensor, right: Tensor, bias?: Tensor | null): Tensor {
  const { context } = left;
  const y = context.empty([left.shape[0], right.shape[1]]);
  convolve(context, { ...convolutionOf(left, right.shape[1]), x: inOrder(left), w: inOrder(right), bias }, y);
  return y;
}

/** A matrix [rows, inChannels] as an image one pixel high. */
function convolutionOf({ shape: [rows, inChannels] }: Tensor, outChannels: number): Omit<Convolution, 'x' | 'w'> {
  return {
    ...{ images: 1, inChannels, height: 1, width: rows, outChannels, outHeight: 1, outWidth: rows },
    ...{ kernel: [1, 1], stride: [1, 1], padding: [0, 0], isTransposed: false },
  };
}
