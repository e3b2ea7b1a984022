/** 2-D convolution, with both gradients, as implicit matrix products: no unfolded copy of the image is stored. */
import { both, float, number, op, optional, options, type Pair, pair, type Sides, sides } from '../../arguments.ts';
import { differentiable } from '../../autograd/tape.ts';
import { ShapeError } from '../../errors.ts';
import { cast } from '../../ops/cast.ts';
import { inOrder } from '../../ops/layout.ts';
import { map } from '../../ops/map.ts';
import { sum } from '../../ops/reduce.ts';
import { reshape } from '../../ops/shapeOps.ts';
import { CHANNELS_LAST, formatShape, KERNEL_ORDER } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { type Convolution, convolve } from './convolve.ts';
import { convolveGrouped, type Grouped, groupedInputGradient, groupedWeightGradient } from './convolveGrouped.ts';
import { convolveWeight } from './convolveWeight.ts';
import { piecesOf } from './window.ts';

export interface Conv2dOptions {
  /** [OC] */
  bias?: Tensor | null;
  /** One number for both axes, or [vertical, horizontal]. */
  stride?: Pair;
  /** Zeros around the image: as stride, or [top, bottom, left, right]. */
  padding?: Sides;
  /** The channels are divided into this many groups, and each output channel sees the inputs of its own; default 1. */
  groups?: number;
}

/** What conv2d takes as options, checked where they are given. */
export const CONV2D_OPTIONS = {
  ...{ bias: optional(float), stride: optional(pair), padding: optional(sides), groups: optional(number) },
};

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
  groups: number;
  stride: readonly [number, number];
  /** Above and left of the image. */
  padding: readonly [number, number];
}

/**
 * 2-D convolution (cross-correlation, as in PyTorch). Returns [N, OC, OH, OW], OH = floor((H + 2 padding - KH) / stride) + 1,
 * channels last in memory. A depthwise convolution has as many groups as channels.
 * @param input [N, IC, H, W], f32 or f16, which the result is too   @param weight [OC, IC / groups, KH, KW]
 * @throws ShapeError when the channels differ or are no multiple of the groups, or the kernel is larger than the padded input.
 * @throws LimitError when a tensor is larger than one binding may be.
 * Cost: 2 N OC OH OW IC KH KW / groups flops forward, the same for each gradient.
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
  if (g.groups > 1) {
    const y = convolveGrouped(x, w, groupedOf(g));
    return bias ? map('a + b', [y, reshape(bias, [1, g.OC, 1, 1])]) : y;
  }
  // a window in several pieces leaves its sums in y in between, where they must not be rounded
  const isWhole = piecesOf(g.KH, g.KW).length === 1;
  const y = x.context.empty([g.N, g.OC, g.OH, g.OW], { order: CHANNELS_LAST, dtype: isWhole ? x.dtype : 'f32' });
  convolve(x.context, { ...convolutionOf(g), x, w, bias }, y);
  return x.dtype === 'f16' ? cast(y, 'f16') : y;
}

function inputGradient(dy: Tensor, weight: Tensor, g: Geometry): Tensor {
  if (g.groups > 1) return groupedInputGradient(dy, weight, groupedOf(g));
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
  if (g.groups > 1) return groupedWeightGradient(dy, x, groupedOf(g));
  const dw = dy.context.empty([g.OC, g.IC, g.KH, g.KW], { order: KERNEL_ORDER });
  convolveWeight(dy.context, { ...convolutionOf(g), x }, dy, dw);
  return dw;
}

const sizesOf = (g: Geometry) => ({
  ...{ images: g.N, inChannels: g.IC, height: g.H, width: g.W },
  ...{ outChannels: g.OC, outHeight: g.OH, outWidth: g.OW },
  ...{ kernel: [g.KH, g.KW] as const, stride: g.stride, padding: g.padding },
});

const convolutionOf = (g: Geometry): Omit<Convolution, 'x' | 'w'> => ({ ...sizesOf(g), isTransposed: false });

const groupedOf = (g: Geometry): Grouped => ({ ...sizesOf(g), groups: g.groups });

function geometryOf(input: Tensor, weight: Tensor, options: Conv2dOptions): Geometry {
  const details = [`input  ${formatShape(input.shape)}`, `weight ${formatShape(weight.shape)}`];
  if (input.rank !== 4 || weight.rank !== 4) {
    throw new ShapeError('conv2d: expected an input [N, C, H, W] and a weight [OC, IC, KH, KW].', { details });
  }
  const [N, IC, H, W] = input.shape;
  const [OC, weightChannels, KH, KW] = weight.shape;
  const { groups = 1 } = options;
  if (!Number.isInteger(groups) || groups < 1 || IC % groups !== 0 || OC % groups !== 0) {
    throw new ShapeError(`conv2d: ${groups} groups, expected a divisor of ${IC} and ${OC} channels.`, { details });
  }
  if (IC / groups !== weightChannels) {
    const ofGroups = groups === 1 ? '' : ` in each of ${groups} groups`;
    throw new ShapeError(
      `conv2d: the input has ${IC / groups} channels${ofGroups}, the weight expects ${weightChannels}.`,
      {
        details,
        remedy: `a weight of ${formatShape([OC, IC / groups, KH, KW])}.`,
      },
    );
  }
  const stride = both(options.stride ?? 1);
  const [top, bottom, left, right] = fourSides(options.padding ?? 0);
  const padding = [top, bottom, left, right];
  if (
    ![...stride].every((step) => Number.isInteger(step) && step >= 1) ||
    !padding.every((pad) => Number.isInteger(pad) && pad >= 0)
  ) {
    throw new ShapeError(
      `conv2d: stride ${formatShape(stride)} and padding ${formatShape(padding)} (top, bottom, left, right), expected whole numbers, strides from 1 and paddings from 0.`,
    );
  }
  const [paddedHeight, paddedWidth] = [H + top + bottom, W + left + right];
  if (KH > paddedHeight || KW > paddedWidth) {
    throw new ShapeError(
      `conv2d: the kernel ${KH} x ${KW} is larger than the padded input ${paddedHeight} x ${paddedWidth}.`,
      {
        details,
        remedy: 'more padding, or a smaller kernel',
      },
    );
  }
  if (options.bias && (options.bias.rank !== 1 || options.bias.size !== OC)) {
    throw new ShapeError(`conv2d: the bias is ${formatShape(options.bias.shape)}, expected [${OC}].`, { details });
  }
  const OH = Math.floor((paddedHeight - KH) / stride[0]) + 1;
  const OW = Math.floor((paddedWidth - KW) / stride[1]) + 1;
  return { N, IC, H, W, OC, KH, KW, OH, OW, groups, stride, padding: [top, left] };
}

/** Top, bottom, left, right. */
function fourSides(padding: Sides): readonly [number, number, number, number] {
  if (typeof padding !== 'number' && padding.length === 4) return padding;
  const [vertical, horizontal] = both(padding);
  return [vertical, vertical, horizontal, horizontal];
}
