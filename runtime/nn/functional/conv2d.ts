/** 2-D convolution, with both gradients, as implicit matrix products: no unfolded copy of the image is stored. */
import { both, float, op, optional, options, type Pair, pair } from '../../arguments.ts';
import { differentiable } from '../../autograd/tape.ts';
import { ShapeError } from '../../errors.ts';
import { cast } from '../../ops/cast.ts';
import { inOrder } from '../../ops/layout.ts';
import { sum } from '../../ops/reduce.ts';
import { CHANNELS_LAST, formatShape, KERNEL_ORDER } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { type Convolution, convolve } from './convolve.ts';
import { convolveWeight } from './convolveWeight.ts';
import { piecesOf } from './window.ts';

export interface Conv2dOptions {
  /** [OC] */
  bias?: Tensor | null;
  /** One number for both axes, or [vertical, horizontal]. */
  stride?: Pair;
  padding?: Pair;
}

/** What conv2d takes as options, checked where they are given. */
export const CONV2D_OPTIONS = { bias: optional(float), stride: optional(pair), padding: optional(pair) };

interface Geometry {
  N: number;
  IC: number;
  H: number;
  W: number;
  OC: number;
  KH: number;
  KW: number;
  OH: number;
  OW: number;
  stride: readonly [number, number];
  padding: readonly [number, number];
}

/**
 * 2-D convolution (cross-correlation, as in PyTorch). Returns [N, OC, OH, OW], OH = floor((H + 2 padding - KH) / stride) + 1,
 * channels last in memory.
 * @param input [N, IC, H, W], f32 or f16, which the result is too   @param weight [OC, IC, KH, KW]
 * @throws ShapeError when the channels differ or the kernel is larger than the padded input.
 * @throws LimitError when a tensor is larger than one binding may be.
 * Cost: 2 N OC OH OW IC KH KW flops forward, the same for each gradient.
 */
export const conv2d = op(
  'conv2d',
  { input: float, weight: float, options: options(CONV2D_OPTIONS) },
  (input: Tensor, weight: Tensor, options: Conv2dOptions = {}): Tensor => {
    const g = geometryOf(input, weight, options);
    const x = inOrder(input, CHANNELS_LAST);
    const w = inOrder(weight, KERNEL_ORDER);
    const bias = options.bias ?? null;
    const y = forward(x, w, g, bias && inOrder(bias));
    return differentiable('conv2d', bias ? [input, weight, bias] : [input, weight], y, [x, w], (dOutput) => {
      const dy = inOrder(dOutput, CHANNELS_LAST);
      return [
        input.requiresGrad ? inputGradient(dy, w, g) : null,
        weight.requiresGrad ? weightGradient(dy, x, g) : null,
        ...(bias ? [bias.requiresGrad ? sum(dy, [0, 2, 3]) : null] : []),
      ];
    });
  },
);

function forward(x: Tensor, w: Tensor, g: Geometry, bias: Tensor | null): Tensor {
  // a window in several pieces leaves its sums in y in between, where they must not be rounded
  const isWhole = piecesOf(g.KH, g.KW).length === 1;
  const y = x.context.empty([g.N, g.OC, g.OH, g.OW], { order: CHANNELS_LAST, dtype: isWhole ? x.dtype : 'f32' });
  convolve(x.context, { ...convolutionOf(g), x, w, bias }, y);
  return x.dtype === 'f16' ? cast(y, 'f16') : y;
}

function inputGradient(dy: Tensor, weight: Tensor, g: Geometry): Tensor {
  const dx = dy.context.empty([g.N, g.IC, g.H, g.W], { order: CHANNELS_LAST });
  const w = inOrder(weight, [2, 3, 0, 1]); // [KH, KW, OC, IC]: the sum goes over output channels
  const call = {
    ...convolutionOf(g),
    ...{ inChannels: g.OC, height: g.OH, width: g.OW, outChannels: g.IC, outHeight: g.H, outWidth: g.W },
    isTransposed: true,
  };
  convolve(dy.context, { ...call, x: dy, w }, dx);
  return dx;
}

function weightGradient(dy: Tensor, x: Tensor, g: Geometry): Tensor {
  const dw = dy.context.empty([g.OC, g.IC, g.KH, g.KW], { order: KERNEL_ORDER });
  convolveWeight(dy.context, { ...convolutionOf(g), x }, dy, dw);
  return dw;
}

function convolutionOf(g: Geometry): Omit<Convolution, 'x' | 'w'> {
  return {
    images: g.N,
    inChannels: g.IC,
    height: g.H,
    width: g.W,
    outChannels: g.OC,
    outHeight: g.OH,
    outWidth: g.OW,
    kernel: [g.KH, g.KW],
    stride: g.stride,
    padding: g.padding,
    isTransposed: false,
  };
}

function geometryOf(input: Tensor, weight: Tensor, options: Conv2dOptions): Geometry {
  const details = [`input  ${formatShape(input.shape)}`, `weight ${formatShape(weight.shape)}`];
  if (input.rank !== 4 || weight.rank !== 4) {
    throw new ShapeError('conv2d: expected an input [N, C, H, W] and a weight [OC, IC, KH, KW].', { details });
  }
  const [N, IC, H, W] = input.shape;
  const [OC, weightChannels, KH, KW] = weight.shape;
  if (IC !== weightChannels) {
    throw new ShapeError(`conv2d: the input has ${IC} channels, the weight expects ${weightChannels}.`, {
      details,
      remedy: `a weight of ${formatShape([OC, IC, KH, KW])}.`,
    });
  }
  const stride = both(options.stride ?? 1);
  const padding = both(options.padding ?? 0);
  if (
    ![...stride].every((step) => Number.isInteger(step) && step >= 1) ||
    ![...padding].every((pad) => Number.isInteger(pad) && pad >= 0)
  ) {
    throw new ShapeError(
      `conv2d: stride ${formatShape(stride)} and padding ${formatShape(padding)}, expected whole numbers, strides from 1 and paddings from 0.`,
    );
  }
  if (KH > H + 2 * padding[0] || KW > W + 2 * padding[1]) {
    throw new ShapeError(
      `conv2d: the kernel ${KH} x ${KW} is larger than the padded input ${H + 2 * padding[0]} x ${W + 2 * padding[1]}.`,
      {
        details,
        remedy: 'more padding, or a smaller kernel',
      },
    );
  }
  if (options.bias && (options.bias.rank !== 1 || options.bias.size !== OC)) {
    throw new ShapeError(`conv2d: the bias is ${formatShape(options.bias.shape)}, expected [${OC}].`, { details });
  }
  const OH = Math.floor((H + 2 * padding[0] - KH) / stride[0]) + 1;
  const OW = Math.floor((W + 2 * padding[1] - KW) / stride[1]) + 1;
  return { N, IC, H, W, OC, KH, KW, OH, OW, stride, padding };
}
